/** The fleet in numbers and rows, for people and programs alike. Pure. */
import { checksOf, whyNot } from '../fleet/checks.ts';
import { leaderWords } from '../fleet/leader.ts';
import { nextText, waitText } from '../fleet/next-step.ts';
import type { Fleet, NodeView, PolicyNow } from '../fleet/read-fleet.ts';
import { troublesOf, type Trouble } from '../fleet/troubles.ts';
import { allInFlight } from '../../core/decision/policy/places.ts';
import { maxUnhealthyNodes } from '../../core/decision/policy/budget.ts';

export interface PolicyRow {
  readonly name: string;
  readonly mode: string;
  readonly strategy: string;
  readonly nodes: number;
  readonly unhealthy: number;
  /** More unhealthy nodes than this open the breaker. */
  readonly maxUnhealthy: number;
  readonly breaker: 'open' | 'closed';
  readonly inFlight: number;
  readonly maxConcurrent: number;
  readonly mayStart: number;
  /** What it would do now, and what stands in its way. */
  readonly next: string;
}

export interface NodeRow {
  readonly name: string;
  readonly policy: string | undefined;
  readonly troubles: readonly Trouble[];
  readonly next: string;
}

export interface IncidentRow {
  readonly name: string;
  readonly node: string;
  readonly cause: string;
  readonly trigger: string;
  readonly openedAt: string;
  readonly waitsFor: string;
}

/** Nodes on which nothing would be restarted, by why. */
export interface LackRow {
  readonly why: string;
  readonly nodes: readonly string[];
}

export interface FleetStatus {
  /** Why nothing is opened, decided or recovered now, or that this is not known; undefined: a controller leads. */
  readonly noLeader: string | undefined;
  readonly nodes: number;
  readonly healthy: number;
  readonly policies: readonly PolicyRow[];
  /** With an open incident first, then by how long they have been so. */
  readonly notHealthy: readonly NodeRow[];
  readonly incidents: readonly IncidentRow[];
  /** The commonest first. */
  readonly wouldNotRecover: readonly LackRow[];
  readonly unread: readonly string[];
}

function policyRow({ policy, status }: PolicyNow, { incidents }: Fleet): PolicyRow {
  const { metadata, spec } = policy;
  const ruled = status.matchedNodes ?? 0;
  const available = status.conditions?.find(({ type }) => type === 'BudgetAvailable');
  const isStale = policy.status.observedGeneration !== metadata.generation;
  const stale = isStale ? ' The controller has not taken up its newest change: does it run?' : '';
  return {
    name: metadata.name,
    mode: spec.paused ? `${spec.mode} (paused)` : spec.mode,
    strategy: spec.strategy,
    nodes: ruled,
    unhealthy: status.unhealthyNodes ?? 0,
    maxUnhealthy: maxUnhealthyNodes(spec.budget.maxUnhealthy, ruled),
    breaker: available?.reason === 'TooManyUnhealthy' ? 'open' : 'closed',
    inFlight: allInFlight(incidents).filter(({ spec: { plan } }) => plan.policy === metadata.name).length,
    maxConcurrent: spec.budget.maxConcurrent,
    mayStart: status.budgetLeft ?? 0,
    next: `${status.wouldDo ?? ''}${stale}`,
  };
}

function sinceOf({ troubles }: NodeRow): number {
  return Math.min(...troubles.map(({ since }) => since ?? Number.POSITIVE_INFINITY));
}

function byUrgency(a: NodeRow & { isOpen: boolean }, b: NodeRow & { isOpen: boolean }): number {
  if (a.isOpen !== b.isOpen) return a.isOpen ? -1 : 1;
  const [first, second] = [sinceOf(a), sinceOf(b)];
  return first === second ? a.name.localeCompare(b.name) : first - second;
}

function nodeRows({ nodes, now }: Fleet): readonly NodeRow[] {
  return nodes
    .map((view) => ({ view, troubles: troublesOf(view, now) }))
    .filter(({ troubles }) => troubles.length > 0)
    .map(({ view, troubles }) => ({
      name: view.node.metadata.name,
      policy: view.policy?.policy.metadata.name,
      troubles,
      next: nextText(view, troubles, now),
      isOpen: view.incidents.length > 0,
    }))
    .sort(byUrgency)
    .map(({ isOpen: _, ...row }) => row);
}

/** Words that name a node would make a row for each. */
function lackOf(view: NodeView, now: number): string | undefined {
  const lack = whyNot(checksOf({ ...view, now }));
  return lack?.name === 'agent' ? 'its agent does not report' : lack?.message;
}

function lackRows({ nodes, now }: Fleet): readonly LackRow[] {
  const lacks = Map.groupBy(nodes, (view) => lackOf(view, now));
  return [...lacks]
    .flatMap(([why, views]) =>
      why === undefined ? [] : [{ why, nodes: views.map(({ node }) => node.metadata.name).sort() }],
    )
    .sort((a, b) => b.nodes.length - a.nodes.length || a.why.localeCompare(b.why));
}

export function fleetStatus(fleet: Fleet): FleetStatus {
  const notHealthy = nodeRows(fleet);
  return {
    noLeader: leaderWords(fleet.leader, fleet.now),
    nodes: fleet.nodes.length,
    healthy: fleet.nodes.length - notHealthy.length,
    policies: fleet.policies.map((policy) => policyRow(policy, fleet)),
    notHealthy,
    incidents: fleet.incidents.map((incident) => ({
      name: incident.metadata.name,
      node: incident.spec.nodeName,
      cause: incident.status.diagnosis?.cause ?? '',
      trigger: incident.spec.trigger.type,
      openedAt: incident.metadata.creationTimestamp,
      waitsFor: waitText(incident),
    })),
    wouldNotRecover: lackRows(fleet),
    unread: fleet.unread,
  };
}
