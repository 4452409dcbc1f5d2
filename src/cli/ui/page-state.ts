/** The fleet as the page shows it: a cell a node, and a card an incident. States are those of `status`. Pure. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { findStep } from '../../core/decision/record/conditions-and-steps.ts';
import { HOLD_STEP } from '../../core/decision/record/step-names.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { Fleet } from '../fleet/read-fleet.ts';
import type { Trouble } from '../fleet/troubles.ts';
import { plainText } from '../report/html.ts';
import { joinedLines } from '../terminal.ts';
import {
  fleetStatus,
  type FleetStatus,
  type IncidentRow,
  type NodeRow,
  type PolicyRow,
} from '../status/fleet-status.ts';
import type { Denials } from './rights.ts';
import type { Cell, CellState, EndedCard, IncidentCard, PolicyCard, Rest } from './wire.ts';

/** More than that are open in a storm alone, and nobody works on so many at once. */
const MAX_INCIDENTS = 500;
const MAX_NOTICES = 50;
const MAX_TEXT = 500;
const MAX_NAME = 253;

export interface PageState {
  /** Milliseconds since 1970 by the API server's clock. */
  readonly now: number;
  /** By name, in the order in which they are shown. */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly rest: Rest;
}

/** On one line, as text. */
export function shown(text: string, max = MAX_TEXT): string {
  return plainText(joinedLines(text), max);
}

/** Whether it waits for a person's word. */
function isHeld({ spec, status }: KubeletIncident): boolean {
  if (spec.approval !== undefined || status.outcome !== undefined) return false;
  return findStep(status, HOLD_STEP)?.state === 'Requested';
}

function rank(incident: KubeletIncident | undefined): number {
  return incident !== undefined && isHeld(incident) ? 0 : 1;
}

/** Of the agent alone, who then knows nothing of the rest. */
const SILENCE: readonly string[] = ['no agent', 'agent silent'];
/** What needs a look, while kubelet and runtime do their work. */
const MINOR = /^(?:PLEG Suspected|clock is off|log unreadable|disk not writable)$/;

/** @param troubles of the node; empty: it is healthy. */
function cellState(troubles: readonly Trouble[], incidents: readonly KubeletIncident[]): CellState {
  if (incidents.some(isHeld)) return 'held';
  if (incidents.length > 0) return 'working';
  if (troubles.length === 0) return 'healthy';
  const loud = troubles.filter(({ kind }) => !SILENCE.includes(kind));
  if (loud.some(({ kind }) => !MINOR.test(kind))) return 'ill';
  return loud.length < troubles.length ? 'unknown' : 'watched';
}

/** @param denials what may not be read: the fleet is not shown where nodes or agents are missing, nor the next step where anything is. */
export function pageState(fleet: Fleet, denials: Denials, ended: readonly EndedCard[]): PageState {
  const status = fleetStatus(fleet);
  const hasFleet = denials.nodes === undefined && denials.healths === undefined;
  const knowsNext = hasFleet && denials.policies === undefined && denials.incidents === undefined;
  return {
    now: fleet.now,
    cells: hasFleet ? cellsOf(fleet, status, knowsNext) : new Map(),
    rest: {
      // What waits for a person comes first, and is not cut off by what does not.
      incidents: status.incidents
        .map((row, index) => ({ row, incident: fleet.incidents[index] }))
        .sort((a, b) => rank(a.incident) - rank(b.incident))
        .slice(0, MAX_INCIDENTS)
        .flatMap(({ row, incident }) => cardOf(row, incident) ?? []),
      moreIncidents: Math.max(0, status.incidents.length - MAX_INCIDENTS),
      ended,
      policies: hasFleet ? status.policies.map(policyCard) : [],
      notices: noticesOf(status, denials),
      hasFleet,
    },
  };
}

const NAMES = new Intl.Collator('en', { numeric: true });

function cellsOf(fleet: Fleet, status: FleetStatus, knowsNext: boolean): ReadonlyMap<string, Cell> {
  const ill = new Map(status.notHealthy.map((row) => [row.name, row]));
  const lacks = new Map(status.wouldNotRecover.flatMap(({ why, nodes }) => nodes.map((name) => [name, why] as const)));
  const cells = fleet.nodes.map(({ node, policy, incidents }): Cell => {
    const { name } = node.metadata;
    const row = ill.get(name);
    const rules = policy?.policy.metadata.name;
    const [incident] = incidents;
    const lack = row === undefined && knowsNext ? lacks.get(name) : undefined;
    return {
      name: shown(name, MAX_NAME),
      state: cellState(row?.troubles ?? [], incidents),
      ...(rules === undefined ? {} : { policy: shown(rules, MAX_NAME) }),
      ...(row === undefined ? {} : wrongOf(row, knowsNext)),
      ...(lack === undefined ? {} : { lack: shown(lack) }),
      ...(incident === undefined ? {} : { incident: shown(incident.metadata.name, MAX_NAME) }),
    };
  });
  return new Map(cells.sort((a, b) => NAMES.compare(a.name, b.name)).map((cell) => [cell.name, cell]));
}

function wrongOf({ troubles, next }: NodeRow, knowsNext: boolean): Partial<Cell> {
  const since = Math.min(...troubles.map((trouble) => trouble.since ?? Number.POSITIVE_INFINITY));
  const why = troubles.map(({ kind, detail }) => (detail === '' ? kind : `${kind}: ${detail}`)).join('; ');
  return {
    why: shown(why),
    ...(Number.isFinite(since) ? { since } : {}),
    ...(knowsNext ? { next: shown(next) } : {}),
  };
}

function cardOf(row: IncidentRow, incident: KubeletIncident | undefined): IncidentCard | undefined {
  if (incident === undefined) return undefined;
  const openedAt = fromTime(row.openedAt);
  const { approval, trigger } = incident.spec;
  const word = approval?.decision === 'Approve' ? 'approved' : 'rejected';
  return {
    name: shown(row.name, MAX_NAME),
    node: shown(row.node, MAX_NAME),
    cause: shown(row.cause === '' ? row.trigger : row.cause),
    waitsFor: shown(row.waitsFor),
    isHeld: isHeld(incident),
    isDrill: trigger.type === 'Drill',
    ...(openedAt === undefined ? {} : { openedAt }),
    ...(approval === undefined ? {} : { decided: shown(`${word} by ${approval.by}`) }),
  };
}

function policyCard(row: PolicyRow): PolicyCard {
  return {
    name: shown(row.name, MAX_NAME),
    mode: shown(`${row.mode}, ${row.strategy}`),
    nodes: row.nodes,
    unhealthy: `${String(row.unhealthy)} (at most ${String(row.maxUnhealthy)})`,
    breaker: row.breaker,
    inFlight: `${String(row.inFlight)} of ${String(row.maxConcurrent)}`,
    next: shown(row.next),
  };
}

function noticesOf({ unread, noLeader }: FleetStatus, denials: Denials): readonly string[] {
  const led = noLeader === undefined ? [] : [shown(`${noLeader.charAt(0).toUpperCase()}${noLeader.slice(1)}`)];
  const denied = Object.values(denials).map((why) => shown(`Not shown: ${why}`));
  const broken = unread.slice(0, MAX_NOTICES).map((why) => shown(`Cannot be read, and is not counted: ${why}`));
  const more = unread.length - broken.length;
  return [...led, ...denied, ...broken, ...(more > 0 ? [`${String(more)} more objects cannot be read.`] : [])];
}
