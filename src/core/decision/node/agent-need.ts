/** For what the word of a node's agent is needed, where no incident asks for it. */
import type { KubeletHealth, ProgramState } from '../../../api/v1alpha1/kinds/health.ts';
import { ANNOTATION_CORDONED_BY } from '../../../api/v1alpha1/words/names.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isRuntimeDeaf } from '../actions.ts';
import type { Need } from '../contact.ts';
import { isOpen, isReady, readyCondition } from '../node-state.ts';
import { waitsForLong } from '../record/long-wait.ts';
import type { NodeSnapshot } from './node-snapshot.ts';

type Asked = Pick<NodeSnapshot, 'now' | 'node' | 'health' | 'incidents' | 'match'>;

/** A kubelet that stops reporting while its agent answers is waited for less long; in this time after the Node has turned Unknown. */
const JUST_UNKNOWN_MS = 60_000;

const WELL: readonly (ProgramState | undefined)[] = ['Running', 'Unknown', undefined];

/** What it said last may open an incident. An agent that cannot tell how PLEG is writes when it can. */
function saysIll({ status: { pleg, runtime, kubelet } }: KubeletHealth): boolean {
  const isPlegIll = pleg?.state === 'Suspected' || pleg?.state === 'Unhealthy';
  const isRuntimeIll = runtime !== undefined && isRuntimeDeaf(runtime.probe.state);
  return isPlegIll || isRuntimeIll || ![kubelet, runtime].every((one) => WELL.includes(one?.program?.state));
}

function isJustUnknown({ node, now }: Asked): boolean {
  const ready = readyCondition(node);
  return ready?.status === 'Unknown' && Math.abs(now - (fromTime(ready.lastTransitionTime) ?? 0)) < JUST_UNKNOWN_MS;
}

/**
 * Nothing of a node at rest is asked between two heartbeats: whatever changes on it its agent writes at once, and what the agent
 * cannot see, or can no longer say, shows in the Node. So it is of one that is known to be ill while it waits for a place.
 */
export function needOf(snapshot: Asked): Need {
  const { node, health, incidents, match } = snapshot;
  const isCordonOurs = node.metadata.annotations[ANNOTATION_CORDONED_BY] !== undefined;
  const isAnyOpen = incidents.some(isOpen);
  if (match.policy !== undefined && !isAnyOpen && isJustUnknown(snapshot)) return 'steadily';
  const isWell = isReady(node) && (health === undefined || !saysIll(health));
  const isAtRest = isAnyOpen ? !isReady(node) && incidents.filter(isOpen).every(waitsForLong) : isWell;
  return isAtRest && !isCordonOurs ? 'ever' : 'lately';
}
