/** What the controller asks of this agent: its own KubeletHealth and its node's incidents, as live local copies. */
import { HealthSpec, type KubeletHealth } from '../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../api/v1alpha1/kinds/incident.ts';
import { HEALTHS, INCIDENTS } from '../api/resources.ts';
import { clockSkewMs, isOpen } from '../core/decision/node-state.ts';
import type { Mirror } from '../ports/cluster.ts';
import type { World } from './world.ts';

export interface Requests {
  /** undefined: the controller has not created it yet, or it was deleted. */
  health(): KubeletHealth | undefined;
  /** The newest known spec, also while the object or the API server is away; the schema's defaults before the first. */
  spec(): HealthSpec;
  /** How far this node's clock is ahead of the API server's, in milliseconds. */
  clockAheadMs(): number;
  readonly incidents: Mirror<KubeletIncident>;
  openIncidents(): readonly KubeletIncident[];
  /** When the copies were last known to be right, on the monotonic clock; undefined: never. */
  freshAt(): number | undefined;
  onHealth(handler: () => void): void;
  onIncident(handler: () => void): void;
}

export function createRequests(world: World, signal: AbortSignal): Requests {
  const { cluster, node } = world;
  const healths = cluster.mirror(HEALTHS, { fieldSelector: `metadata.name=${node}` }, signal);
  const incidents = cluster.mirror(INCIDENTS, { fieldSelector: `spec.nodeName=${node}` }, signal);
  let lastSpec = HealthSpec.parse({});

  function health(): KubeletHealth | undefined {
    const current = healths.get(node);
    if (current !== undefined) lastSpec = current.spec;
    return current;
  }

  return {
    health,
    spec(): HealthSpec {
      health();
      return lastSpec;
    },
    clockAheadMs(): number {
      const current = health();
      // The header of the newest answer says it best; before the first one, what our own last report shows.
      return cluster.clockAheadMs() ?? (current === undefined ? 0 : clockSkewMs(current));
    },
    incidents,
    openIncidents: () => incidents.list().filter((incident) => incident.spec.nodeName === node && isOpen(incident)),
    freshAt(): number | undefined {
      const both = [healths.freshAt(), incidents.freshAt()].filter((at) => at !== undefined);
      return both.length < 2 ? undefined : Math.min(...both);
    },
    onHealth: (handler) => {
      healths.onChange(handler);
    },
    onIncident: (handler) => {
      incidents.onChange(handler);
    },
  };
}
