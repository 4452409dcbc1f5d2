/** Whether the agent of a node is there, as a single look at the API server shows it. */
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import { agentSeenAt } from '../../core/decision/node-state.ts';

/** An agent at rest writes every 5 minutes, and the controller asks one that is late after 390 s; it answers within seconds. */
const SILENT_MS = 420_000;

/** For how long it has not written, in milliseconds; undefined: it writes. @param health of a node whose agent has reported. */
export function silentForMs(health: KubeletHealth, now: number): number | undefined {
  const seen = agentSeenAt(health);
  if (seen === undefined) return Number.POSITIVE_INFINITY;
  return now - seen > SILENT_MS ? now - seen : undefined;
}
