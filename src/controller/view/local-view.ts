/**
 * The mirrors, with our own newest writes laid over them: a decision must see the reservation that the last one wrote,
 * even before the watch has brought it back.
 */
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { IncidentStatus, KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import type { Node } from '../../api/kubernetes/node.ts';
import { POLICIES } from '../../api/resources.ts';
import type { BudgetView } from '../../core/decision/policy/budget-view.ts';
import { isSilent } from '../../core/decision/contact.ts';
import { type ReadyLost, readyLost } from '../../core/decision/ready-lost.ts';
import { isLaterVersion } from '../../core/decision/resource-version.ts';
import type { PolicyView } from '../../core/decision/policy/policy-status.ts';
import { holdsPlace, type ListedPlaces } from '../../core/decision/policy/places.ts';
import { durationMs } from '../../core/time/duration.ts';
import type { KubeObject, Listed, Mirror } from '../../ports/cluster.ts';
import { createIncidentIndex } from './incident-index.ts';
import { HEALTH_ROWS, INCIDENT_PAGE, INCIDENT_ROWS, isSameRule, NODE_ROWS } from './mirrored.ts';
import { createNodeIndex } from './node-index.ts';
import { unreadableOf } from './unreadable-incidents.ts';
import type { AgentContacts } from '../agent-contacts.ts';
import type { World } from '../world.ts';

export interface LocalView {
  readonly nodes: Mirror<Node>;
  readonly policies: Mirror<KubeletRecoveryPolicy>;
  readonly healths: Mirror<KubeletHealth>;
  readonly incidents: Mirror<KubeletIncident>;
  /** Those that are not over, our own newest writes included. */
  openIncidents(): readonly KubeletIncident[];
  /** All that name this node, open and past, our own newest writes included. */
  incidentsOf(nodeName: string): readonly KubeletIncident[];
  /** As it was last seen, our own newest write included; of one that is over, what the mirror holds. */
  incident(name: string): KubeletIncident | undefined;
  /** Remembers what a write of ours returned until the watch has caught up with it. */
  noteWritten(incident: KubeletIncident): void;
  /** Remembers a write whose outcome is not known: it counts as done until a fresh read says otherwise. */
  noteUncertain(incident: KubeletIncident, status: IncidentStatus): void;
  /** There is no such incident any more: what was read of it just before must not count in a budget. */
  forget(incident: string): void;
  /** What the budget of an incident looks at. */
  budgetFor(spec: KubeletIncident['spec']): BudgetView;
  policyView(policy: string): PolicyView;
  /** By a list of all open incidents that was read just now; what is not known of writes is laid over it. */
  placesIn(listed: Pick<Listed<KubeletIncident>, 'items' | 'malformed'>): ListedPlaces;
  /**
   * Since when the node has not been Ready, milliseconds since 1970, as far as this process has seen it.
   * undefined: it is Ready, or nobody says since when.
   */
  notReadySince(node: Node): number | undefined;
  /** How long ago the oldest of the copies was known to be right, in milliseconds; infinite: never. */
  ageMs(): number;
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

/** How far back a budget and a pattern look at incidents of other nodes, in milliseconds; a cooldown may look further. */
const RECENT_MS = 7 * 24 * 60 * 60_000;

export function createLocalView(world: World, contacts: AgentContacts, signal: AbortSignal): LocalView {
  const nodes = world.cluster.mirror(NODE_ROWS, {}, signal);
  const policies = world.cluster.mirror(POLICIES, {}, signal);
  const healths = world.cluster.mirror(HEALTH_ROWS, {}, signal);
  const incidents = world.cluster.mirror(INCIDENT_ROWS, { pageSize: INCIDENT_PAGE }, signal);
  const written = new Map<string, KubeletIncident>();
  const uncertain = new Map<string, Uncertain>();
  const lost = new Map<string, ReadyLost>();
  const index = createIncidentIndex();
  const nodeIndex = createNodeIndex();

  function look(name: string): void {
    index.set(name, written.get(name) ?? incidents.get(name));
  }

  function noteReady(name: string, node: Node | undefined): void {
    const next = node === undefined ? undefined : readyLost(node, lost.get(name));
    if (next === undefined) lost.delete(name);
    else lost.set(name, next);
  }

  nodes.onChange((current, previous) => {
    const name = nameOf(current, previous);
    noteReady(name, current);
    nodeIndex.setNode(name, current);
  });
  policies.onChange((current, previous) => {
    if (current !== undefined && previous !== undefined && isSameRule(current, previous)) return;
    nodeIndex.setPolicies(policies.list());
  });
  healths.onChange((current, previous) => {
    nodeIndex.setHealth(nameOf(current, previous), current);
    if (current !== undefined) contacts.look(current);
    else if (previous !== undefined) contacts.forget(previous.metadata.name);
  });
  incidents.onChange((current, previous) => {
    const name = nameOf(current, previous);
    const ours = written.get(name);
    const behind =
      current !== undefined &&
      ours !== undefined &&
      isLaterVersion(ours.metadata.resourceVersion, current.metadata.resourceVersion);
    if (!behind) written.delete(name);
    look(name);
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

  /** What may count for an incident: what is open, what was on its node, and what ended lately. */
  function thatCount({ nodeName, plan }: KubeletIncident['spec']): readonly KubeletIncident[] {
    const backMs = Math.max(RECENT_MS, durationMs(plan.budget.cooldown));
    return withUncertain(index.thatCount(nodeName, world.clock.now() - backMs));
  }

  function ageMs(): number {
    const times = [nodes, policies, healths, incidents].map((mirror) => mirror.freshAt() ?? Number.NEGATIVE_INFINITY);
    return world.clock.monotonic() - Math.min(...times);
  }

  function unhealthyNodes(policy: string): number {
    const said = nodeIndex.saidIll(policy).filter((name) => !isSilent(contacts.of(healths.get(name))));
    return nodeIndex.notReady(policy).length + said.length;
  }

  return {
    nodes,
    policies,
    healths,
    incidents,
    openIncidents: () => withUncertain(index.open()),
    incidentsOf: (nodeName) => withUncertain(index.ofNode(nodeName)),
    incident: (name) => index.get(name),
    noteWritten: (incident) => {
      const seen = incidents.get(incident.metadata.name);
      if (seen !== undefined && !isLaterVersion(incident.metadata.resourceVersion, seen.metadata.resourceVersion))
        return;
      written.set(incident.metadata.name, incident);
      look(incident.metadata.name);
    },
    noteUncertain: (incident, status) => {
      const { name, resourceVersion } = incident.metadata;
      uncertain.set(name, { incident: { ...incident, status }, on: resourceVersion, at: world.clock.monotonic() });
    },
    forget: (incident) => {
      written.delete(incident);
      uncertain.delete(incident);
      look(incident);
    },
    budgetFor: (spec) => {
      const unreadable = unreadableOf(incidents.malformed());
      return {
        incidents: thatCount(spec),
        clusterNodes: nodeIndex.all(),
        ruledNodes: nodeIndex.ruled(spec.plan.policy),
        unhealthyNodes: unhealthyNodes(spec.plan.policy),
        controlPlaneNodes: nodeIndex.controlPlane(),
        ageMs: ageMs(),
        maxInCluster: world.maxInCluster,
        unreadable: unreadable.mayBeOpen,
        unreadActs: unreadable.acts,
      };
    },
    policyView: (policy) => ({
      open: withUncertain(index.open()).filter(({ spec }) => spec.plan.policy === policy),
      ruledNodes: nodeIndex.ruled(policy),
      unhealthyNodes: unhealthyNodes(policy),
      overridden: nodeIndex.overridden(policy),
    }),
    placesIn: ({ items, malformed }) => ({
      incidents: withUncertain(items),
      controlPlaneNodes: nodeIndex.controlPlane(),
      maxInCluster: world.maxInCluster,
      unreadable: unreadableOf(malformed).mayBeOpen,
    }),
    notReadySince: (node) => readyLost(node, lost.get(node.metadata.name))?.since,
    ageMs,
    whenSynced: async () => {
      await Promise.all([nodes.whenSynced(), policies.whenSynced(), healths.whenSynced(), incidents.whenSynced()]);
    },
  };
}

function nameOf(current: KubeObject | undefined, previous: KubeObject | undefined): string {
  return current?.metadata.name ?? previous?.metadata.name ?? '';
}
