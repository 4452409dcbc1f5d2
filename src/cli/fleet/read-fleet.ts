/** What `status` and `preflight` look at: nodes with what their agents say, policies, and incidents that are open. */
import { NO_OWN_CAUSES } from '../../core/diagnosis/catalogue/own-causes.ts';
import type { Node } from '../../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES, OPEN_INCIDENTS, POLICIES } from '../../api/resources.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy, PolicyStatus } from '../../api/v1alpha1/kinds/policy.ts';
import { isOpen, isReady } from '../../core/decision/node-state.ts';
import { matchPolicy, type PolicyMatch } from '../../core/decision/policy/policy-match.ts';
import { decidePolicyStatus } from '../../core/decision/policy/policy-status.ts';
import type { Listed } from '../../ports/cluster.ts';
import type { Session } from '../session.ts';
import { namespaceOf, readLeader, type Leader } from './leader.ts';

/** One node. */
export interface NodeView {
  readonly node: Node;
  /** undefined: no agent has ever reported. */
  readonly health: KubeletHealth | undefined;
  /** undefined: none rules it. */
  readonly policy: PolicyNow | undefined;
  /** Open ones of the node. */
  readonly incidents: readonly KubeletIncident[];
}

/** A policy, and its status as it follows from what was read just now: the one that is stored may be old. */
export interface PolicyNow {
  readonly policy: KubeletRecoveryPolicy;
  readonly status: PolicyStatus;
}

export interface Fleet {
  /** Milliseconds since 1970, by the API server's clock. */
  readonly now: number;
  readonly nodes: readonly NodeView[];
  readonly policies: readonly PolicyNow[];
  /** Oldest first. */
  readonly incidents: readonly KubeletIncident[];
  readonly leader: Leader;
  /** Objects that are there and cannot be read, each with why. */
  readonly unread: readonly string[];
}

/** kubectl's own size of a page. */
const PAGE = 500;
/** A big fleet comes in many pages. */
const DEADLINE_MS = 60_000;

/** @throws `E_KUBE_DENIED` with the right that is missing. */
export async function readFleet(session: Session): Promise<Fleet> {
  const { cluster } = session;
  const call = { deadlineMs: DEADLINE_MS };
  const [nodes, healths, policies, incidents] = await Promise.all([
    cluster.list(NODES, { pageSize: PAGE }, call),
    cluster.list(HEALTHS, { pageSize: PAGE }, call),
    cluster.list(POLICIES, {}, call),
    cluster.list(INCIDENTS, { fieldSelector: OPEN_INCIDENTS }, call),
  ]);
  const unread = [
    ...unreadOf('node', nodes),
    ...unreadOf('kubelethealth', healths),
    ...unreadOf('kubeletrecoverypolicy', policies),
    ...unreadOf('kubeletincident', incidents),
  ];
  const seen = { nodes: nodes.items, healths: healths.items, policies: policies.items, incidents: incidents.items };
  const now = serverNow(session);
  const leader = await readLeader(session, namespaceOf(healths.items), now);
  return { ...fleetOf(seen, now), leader, unread };
}

/** Whole seconds of a `Date` header, and the way of an answer. */
const CLOCK_NOISE_MS = 5_000;

/** What others wrote is dated by the API server's clock, and the clock of a laptop may be anything. */
export function serverNow({ cluster, clock }: Pick<Session, 'cluster' | 'clock'>): number {
  const aheadMs = cluster.clockAheadMs() ?? 0;
  return Math.abs(aheadMs) < CLOCK_NOISE_MS ? clock.now() : clock.now() - aheadMs;
}

export function unreadOf(kind: string, { malformed }: Pick<Listed<unknown>, 'malformed'>): readonly string[] {
  return malformed.map(({ name, message }) => `${kind}/${name}: ${message}`);
}

/** What was read of each kind. */
export interface Seen {
  readonly nodes: readonly Node[];
  readonly healths: readonly KubeletHealth[];
  readonly policies: readonly KubeletRecoveryPolicy[];
  readonly incidents: readonly KubeletIncident[];
}

/** @param now milliseconds since 1970, by the API server's clock. */
export function fleetOf({ nodes, healths, policies, incidents }: Seen, now: number): Omit<Fleet, 'unread' | 'leader'> {
  const healthOf = new Map(healths.map((health) => [health.metadata.name, health]));
  const open = incidents
    .filter(isOpen)
    .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
  const matched = nodes.map((node) => ({ node, match: matchPolicy(node, policies) }));
  const isIll = (node: Node): boolean =>
    !isReady(node) || healthOf.get(node.metadata.name)?.status.pleg?.state === 'Unhealthy';
  const judged = policies.map((policy) => {
    const ruled = matched.filter(({ match }) => match.policy === policy);
    const view = {
      open: open.filter(({ spec }) => spec.plan.policy === policy.metadata.name),
      ruledNodes: ruled.length,
      unhealthyNodes: ruled.filter(({ node }) => isIll(node)).length,
      overridden: overriddenBy(policy, matched),
    };
    return { policy, status: decidePolicyStatus({ ownCauses: NO_OWN_CAUSES, now, policy, ...view }) };
  });
  const ofNode = Map.groupBy(open, ({ spec }) => spec.nodeName);
  const views = matched.map(({ node, match }) => ({
    node,
    health: healthOf.get(node.metadata.name),
    policy: judged.find(({ policy }) => policy === match.policy),
    incidents: (ofNode.get(node.metadata.name) ?? []).filter(({ spec }) => spec.nodeUID === node.metadata.uid),
  }));
  return { now, nodes: views, policies: judged, incidents: open };
}

/** By node: the name of the policy that rules in place of this one. */
function overriddenBy(
  policy: KubeletRecoveryPolicy,
  matched: readonly { readonly node: Node; readonly match: PolicyMatch }[],
): ReadonlyMap<string, string> {
  const lost = matched.filter(({ match }) => match.overridden.includes(policy));
  return new Map(lost.map(({ node, match }) => [node.metadata.name, match.policy?.metadata.name ?? '']));
}
