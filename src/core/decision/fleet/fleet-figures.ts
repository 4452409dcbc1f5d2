/** The figures of a whole fleet. They are counted from what is there, not from what happened, so that no restart loses one. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { isCordonedBy, isOpen, isReady } from '../node-state.ts';
import { OUTCOMES, type Outcome, isOutcome } from '../record/outcomes.ts';
import { fromTime } from '../../time/timestamp.ts';
import { type FleetNode, type Trouble, TROUBLES } from './troubles.ts';
import { ALL_WAITS, type Wait, waitOf } from './waits.ts';

export interface FleetSnapshot {
  readonly nodes: readonly (FleetNode & {
    /** Milliseconds since 1970; undefined: it is Ready, or nobody says since when it is not. */
    readonly notReadySince: number | undefined;
  })[];
  readonly incidents: readonly KubeletIncident[];
  /** By the clock of the API server, milliseconds since 1970. */
  readonly now: number;
}

interface Waiting {
  readonly wait: Wait;
  readonly incidents: number;
  readonly oldestSeconds: number;
}

interface Stored {
  readonly cause: string;
  readonly outcome: string;
  readonly incidents: number;
}

export interface FleetFigures {
  readonly troubles: Readonly<Record<Trouble, number>>;
  /** By each outcome that leaves a node for a person, zeros included. */
  readonly unrecovered: ReadonlyMap<Outcome, number>;
  readonly waiting: readonly Waiting[];
  readonly stored: readonly Stored[];
}

/** Between the end of an incident and the condition of its Node: the condition follows the log by more than a minute. */
const LATE_CONDITION_MS = 10 * 60_000;

function mapped<K extends string, V>(keys: readonly K[], value: (key: K) => V): Readonly<Record<K, V>> {
  // The keys of a mapped list are the list.
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>;
}

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(record) as K[];
}

/** Outcomes of a fault that leave the node as it is, for a person. */
export const LEFT_ILL: readonly Outcome[] = keysOf(OUTCOMES).filter(
  (outcome) => !OUTCOMES[outcome].isGood && outcome !== 'NodeGone' && !outcome.startsWith('Drill'),
);

/** The last one of each node that is about a fault. */
function lastOfNodes(incidents: readonly KubeletIncident[]): ReadonlyMap<string, KubeletIncident> {
  const last = new Map<string, KubeletIncident>();
  for (const incident of incidents) {
    const { type } = incident.spec.trigger;
    if (type === 'Manual' || type === 'Drill') continue;
    const known = last.get(incident.spec.nodeName);
    if (known === undefined || known.metadata.creationTimestamp < incident.metadata.creationTimestamp)
      last.set(incident.spec.nodeName, incident);
  }
  return last;
}

/** Whether it has not been well since the incident ended. */
function isStillIll(one: FleetSnapshot['nodes'][number], { metadata, status }: KubeletIncident): boolean {
  if (isCordonedBy(one.node, metadata.name)) return true;
  const endedAt = fromTime(status.timings?.completedAt);
  const isSince = (at: number | undefined): boolean =>
    endedAt === undefined || at === undefined || at <= endedAt + LATE_CONDITION_MS;
  if (TROUBLES.PLEGUnhealthy.has(one) && isSince(fromTime(one.health?.status.pleg?.since))) return true;
  return !isReady(one.node) && isSince(one.notReadySince);
}

function unrecoveredOf({ nodes, incidents }: FleetSnapshot): FleetFigures['unrecovered'] {
  const counts = new Map<Outcome, number>(LEFT_ILL.map((outcome) => [outcome, 0]));
  const last = lastOfNodes(incidents);
  for (const one of nodes) {
    const incident = last.get(one.node.metadata.name);
    const outcome = incident?.status.outcome;
    if (incident === undefined || isOpen(incident) || incident.spec.nodeUID !== one.node.metadata.uid) continue;
    if (outcome === undefined || !isOutcome(outcome)) continue;
    const count = counts.get(outcome);
    if (count !== undefined && isStillIll(one, incident)) counts.set(outcome, count + 1);
  }
  return counts;
}

function waitingOf({ incidents, now }: FleetSnapshot): readonly Waiting[] {
  const open = incidents.filter(isOpen).map((incident) => ({
    wait: waitOf(incident.status),
    seconds: Math.max(0, now - (fromTime(incident.metadata.creationTimestamp) ?? now)) / 1000,
  }));
  return ALL_WAITS.map((wait) => {
    const ages = open.filter((one) => one.wait === wait).map(({ seconds }) => seconds);
    return { wait, incidents: ages.length, oldestSeconds: ages.reduce((a, b) => Math.max(a, b), 0) };
  });
}

function storedOf({ incidents }: FleetSnapshot): readonly Stored[] {
  const counts = new Map<string, Stored>();
  for (const { status } of incidents) {
    const { diagnosis, outcome = 'Open' } = status;
    const cause = diagnosis?.cause ?? 'none';
    const key = `${cause} ${outcome}`;
    counts.set(key, { cause, outcome, incidents: (counts.get(key)?.incidents ?? 0) + 1 });
  }
  return [...counts.values()];
}

export function fleetFigures(snapshot: FleetSnapshot): FleetFigures {
  const { nodes } = snapshot;
  return {
    troubles: mapped(keysOf(TROUBLES), (trouble) => nodes.filter((one) => TROUBLES[trouble].has(one)).length),
    unrecovered: unrecoveredOf(snapshot),
    waiting: waitingOf(snapshot),
    stored: storedOf(snapshot),
  };
}
