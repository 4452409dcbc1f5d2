/**
 * The mirrors, with our own newest writes laid over them: a decision must see the reservation that the last one wrote,
 * even before the watch has brought it back.
 */
import type { KubeletHealth } from '../api/v1alpha1/health.ts';
import type { KubeletIncident } from '../api/v1alpha1/incident.ts';
import type { KubeletRecoveryPolicy } from '../api/v1alpha1/policy.ts';
import type { Node } from '../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../api/resources.ts';
import type { BudgetView } from '../core/decision/policy/budget.ts';
import { isAgentFresh, isControlPlane, isReady } from '../core/decision/node-state.ts';
import { matchPolicy } from '../core/decision/policy/policy-match.ts';
import type { Mirror } from '../ports/cluster.ts';
import type { World } from './world.ts';

export interface LocalView {
  readonly nodes: Mirror<Node>;
  readonly policies: Mirror<KubeletRecoveryPolicy>;
  readonly healths: Mirror<KubeletHealth>;
  readonly incidents: Mirror<KubeletIncident>;
  /** All incidents, our own newest writes included. */
  allIncidents(): readonly KubeletIncident[];
  /** Remembers what a write of ours returned until the watch has caught up with it. */
  noteWritten(incident: KubeletIncident): void;
  /** There is no such incident any more: what was read of it just before must not count in a budget. */
  forget(incident: string): void;
  budgetOf(policy: string): BudgetView;
  whenSynced(): Promise<void>;
}

/** Resource versions grow within one resource; a longer number is a later one (KEP-5504 makes this official). */
function isLater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

export function createLocalView(world: World, signal: AbortSignal): LocalView {
  const nodes = world.cluster.mirror(NODES, {}, signal);
  const policies = world.cluster.mirror(POLICIES, {}, signal);
  const healths = world.cluster.mirror(HEALTHS, {}, signal);
  const incidents = world.cluster.mirror(INCIDENTS, {}, signal);
  const written = new Map<string, KubeletIncident>();
  incidents.onChange((current, previous) => {
    const name = current?.metadata.name ?? previous?.metadata.name ?? '';
    const ours = written.get(name);
    const behind =
      current !== undefined &&
      ours !== undefined &&
      isLater(ours.metadata.resourceVersion, current.metadata.resourceVersion);
    if (!behind) written.delete(name);
  });

  function allIncidents(): readonly KubeletIncident[] {
    const mirrored = incidents.list().map((incident) => written.get(incident.metadata.name) ?? incident);
    const unseen = [...written.values()].filter((incident) => incidents.get(incident.metadata.name) === undefined);
    return [...mirrored, ...unseen];
  }

  function ageMs(): number {
    const times = [nodes, policies, healths, incidents].map((mirror) => mirror.freshAt() ?? Number.NEGATIVE_INFINITY);
    return world.clock.monotonic() - Math.min(...times);
  }

  function isUnhealthy(node: Node): boolean {
    const health = healths.get(node.metadata.name);
    return !isReady(node) || (isAgentFresh(health, world.clock.now()) && health?.status.pleg?.state === 'Unhealthy');
  }

  return {
    nodes,
    policies,
    healths,
    incidents,
    allIncidents,
    noteWritten: (incident) => {
      const seen = incidents.get(incident.metadata.name);
      if (seen !== undefined && !isLater(incident.metadata.resourceVersion, seen.metadata.resourceVersion)) return;
      written.set(incident.metadata.name, incident);
    },
    forget: (incident) => {
      written.delete(incident);
    },
    budgetOf: (policy) => {
      const ruled = nodes.list().filter((node) => matchPolicy(node, policies.list()).policy?.metadata.name === policy);
      return {
        incidents: allIncidents(),
        ruledNodes: ruled.length,
        unhealthyNodes: ruled.filter(isUnhealthy).length,
        controlPlaneNodes: new Set(
          nodes
            .list()
            .filter(isControlPlane)
            .map((node) => node.metadata.name),
        ),
        ageMs: ageMs(),
      };
    },
    whenSynced: async () => {
      await Promise.all([nodes.whenSynced(), policies.whenSynced(), healths.whenSynced(), incidents.whenSynced()]);
    },
  };
}
