/**
 * The mirrors, with our own newest writes laid over them: a decision must see the reservation that the last one wrote,
 * even before the watch has brought it back.
 */
import type { KubeletHealth } from '../api/v1alpha1/health.ts';
import type { IncidentStatus, KubeletIncident } from '../api/v1alpha1/incident.ts';
import type { KubeletRecoveryPolicy } from '../api/v1alpha1/policy.ts';
import type { Node } from '../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../api/resources.ts';
import type { BudgetView } from '../core/decision/policy/budget-view.ts';
import { isSilent } from '../core/decision/contact.ts';
import { isControlPlane, isReady } from '../core/decision/node-state.ts';
import { isLaterVersion } from '../core/decision/resource-version.ts';
import { matchPolicy } from '../core/decision/policy/policy-match.ts';
import { holdsPlace, type ListedPlaces } from '../core/decision/policy/places.ts';
import type { Listed, Mirror } from '../ports/cluster.ts';
import { unreadableOf } from './unreadable-incidents.ts';
import type { AgentContacts } from './agent-contacts.ts';
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
  /** Remembers a write whose outcome is not known: it counts as done until a fresh read says otherwise. */
  noteUncertain(incident: KubeletIncident, status: IncidentStatus): void;
  /** There is no such incident any more: what was read of it just before must not count in a budget. */
  forget(incident: string): void;
  budgetOf(policy: string): BudgetView;
  /** By a list of all incidents that was read just now; what is not known of writes is laid over it. */
  placesIn(listed: Pick<Listed<KubeletIncident>, 'items' | 'malformed'>): ListedPlaces;
  whenSynced(): Promise<void>;
}

/** A write whose answer never came may still take effect for so long, in milliseconds: a request lives for 60 s at most. */
const UNCERTAIN_MS = 120_000;

interface Uncertain {
  readonly incident: KubeletIncident;
  /** The version on which the write was conditional. As long as it stands, the write may still arrive. */
  readonly on: string;
  readonly at: number;
}

export function createLocalView(world: World, contacts: AgentContacts, signal: AbortSignal): LocalView {
  const nodes = world.cluster.mirror(NODES, {}, signal);
  const policies = world.cluster.mirror(POLICIES, {}, signal);
  const healths = world.cluster.mirror(HEALTHS, {}, signal);
  const incidents = world.cluster.mirror(INCIDENTS, {}, signal);
  const written = new Map<string, KubeletIncident>();
  const uncertain = new Map<string, Uncertain>();
  healths.onChange((current, previous) => {
    if (current !== undefined) contacts.look(current);
    else if (previous !== undefined) contacts.forget(previous.metadata.name);
  });
  incidents.onChange((current, previous) => {
    const name = current?.metadata.name ?? previous?.metadata.name ?? '';
    const ours = written.get(name);
    const behind =
      current !== undefined &&
      ours !== undefined &&
      isLaterVersion(ours.metadata.resourceVersion, current.metadata.resourceVersion);
    if (!behind) written.delete(name);
  });

  function withUncertain(incidents: readonly KubeletIncident[]): readonly KubeletIncident[] {
    for (const [name, { at }] of uncertain) if (world.clock.monotonic() - at > UNCERTAIN_MS) uncertain.delete(name);
    if (uncertain.size === 0) return incidents;
    return incidents.map((incident) => {
      const { name, resourceVersion } = incident.metadata;
      const write = uncertain.get(name);
      if (write === undefined || isLaterVersion(resourceVersion, write.on)) return incident;
      // It may not have arrived: what would give a place back does not free it yet.
      return holdsPlace(incident) && !holdsPlace(write.incident) ? incident : write.incident;
    });
  }

  function allIncidents(): readonly KubeletIncident[] {
    const mirrored = incidents.list().map((incident) => written.get(incident.metadata.name) ?? incident);
    const unseen = [...written.values()].filter((incident) => incidents.get(incident.metadata.name) === undefined);
    return withUncertain([...mirrored, ...unseen]);
  }

  function controlPlaneNodes(): ReadonlySet<string> {
    const names = nodes.list().filter(isControlPlane);
    return new Set(names.map(({ metadata }) => metadata.name));
  }

  function ageMs(): number {
    const times = [nodes, policies, healths, incidents].map((mirror) => mirror.freshAt() ?? Number.NEGATIVE_INFINITY);
    return world.clock.monotonic() - Math.min(...times);
  }

  function isUnhealthy(node: Node): boolean {
    const health = healths.get(node.metadata.name);
    return !isReady(node) || (!isSilent(contacts.of(health)) && health?.status.pleg?.state === 'Unhealthy');
  }

  return {
    nodes,
    policies,
    healths,
    incidents,
    allIncidents,
    noteWritten: (incident) => {
      const seen = incidents.get(incident.metadata.name);
      if (seen !== undefined && !isLaterVersion(incident.metadata.resourceVersion, seen.metadata.resourceVersion))
        return;
      written.set(incident.metadata.name, incident);
    },
    noteUncertain: (incident, status) => {
      const { name, resourceVersion } = incident.metadata;
      uncertain.set(name, { incident: { ...incident, status }, on: resourceVersion, at: world.clock.monotonic() });
    },
    forget: (incident) => {
      written.delete(incident);
      uncertain.delete(incident);
    },
    budgetOf: (policy) => {
      const unreadable = unreadableOf(incidents.malformed());
      const ruled = nodes.list().filter((node) => matchPolicy(node, policies.list()).policy?.metadata.name === policy);
      return {
        incidents: allIncidents(),
        ruledNodes: ruled.length,
        unhealthyNodes: ruled.filter(isUnhealthy).length,
        controlPlaneNodes: controlPlaneNodes(),
        ageMs: ageMs(),
        maxInCluster: world.maxInCluster,
        unreadable: unreadable.mayBeOpen,
        unreadActs: unreadable.acts,
      };
    },
    placesIn: ({ items, malformed }) => ({
      incidents: withUncertain(items),
      controlPlaneNodes: controlPlaneNodes(),
      maxInCluster: world.maxInCluster,
      unreadable: unreadableOf(malformed).mayBeOpen,
    }),
    whenSynced: async () => {
      await Promise.all([nodes.whenSynced(), policies.whenSynced(), healths.whenSynced(), incidents.whenSynced()]);
    },
  };
}
