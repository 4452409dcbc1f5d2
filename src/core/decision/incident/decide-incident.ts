/**
 * The life of an incident as one pure function. It is asked again after each change and at `nextCheckAt`; all that it
 * remembers is in the incident itself, so it can be asked by a controller that has just started.
 */
import type { IncidentStatus, KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { isOpen, isReady } from '../node-state.ts';
import { canonical } from '../canonical.ts';
import { hasReservation } from '../policy/places.ts';
import { findCondition, withStepEnded } from '../record/conditions-and-steps.ts';
import { withEnd, withWait } from '../record/progress.ts';
import { type Outcome, OUTCOMES } from '../record/outcomes.ts';
import { silenceOf } from '../silence.ts';
import type { WaitReason } from '../record/reasons.ts';
import { stateOf } from '../record/states.ts';
import { fromTime, toPreciseTime } from '../../time/timestamp.ts';
import { uncordon } from './recovery/cordon.ts';
import { drill } from '../drill/drill-stage.ts';
import { diagnosis } from './diagnosis-stage.ts';
import { evidence } from './evidence-stage.ts';
import { clockTrusted } from './decision-age.ts';
import { captureOnly, observeOnly } from './mode.ts';
import { nodePresent, stillNeeded } from './presence.ts';
import { recover } from './recovery/recover.ts';
import type { Command, IncidentDecision, IncidentSnapshot, Stage, StageResult } from './incident-snapshot.ts';
import { runStages } from './stages.ts';

/** The order of an incident. It reads as the specification: each entry passes, waits, or ends the incident. */
const LIFE: readonly Stage[] = [
  nodePresent, //  a node that is gone needs nothing
  drill, //        a drill has an order of its own, and does no more
  observeOnly, //  mode Observe stops here
  evidence, //     save first; the gate may end it
  diagnosis, //    read what was saved
  captureOnly, //  mode Capture stops here
  clockTrusted, // what is done now is written down with the times of our clock
  stillNeeded, //  a node that recovered by itself is left alone
  recover, //      a second witness, permission, cordon, hold, act, verify, and the next rung
];

/** The node's clock may be ahead: nothing was seen after it was written down. */
function detectedAt({ spec, metadata }: KubeletIncident): string {
  const seen = fromTime(spec.trigger.at) ?? 0;
  const created = fromTime(metadata.creationTimestamp) ?? seen;
  // Creation times are whole seconds.
  return seen < created + 1000 ? spec.trigger.at : metadata.creationTimestamp;
}

function withDetection({ incident, node, now, notReadySince: since }: IncidentSnapshot): IncidentStatus {
  const { status } = incident;
  const lost = node !== undefined && !isReady(node) && status.timings?.notReadySince === undefined;
  const notReadySince = lost ? { notReadySince: toPreciseTime(since ?? now) } : {};
  const timings = { detectedAt: detectedAt(incident), ...status.timings, ...notReadySince };
  return { ...status, observedGeneration: incident.metadata.generation, timings };
}

type Ending = Extract<StageResult, { kind: 'complete' }>;

function finish(snapshot: IncidentSnapshot, ending: Ending): StageResult {
  const { now } = snapshot;
  if (OUTCOMES[ending.outcome].undoesCordon) {
    const undone = uncordon(snapshot, ending.status);
    if (undone.kind !== 'pass') return undone;
    return { ...ending, status: withEnd(withNoneOpen(undone.status, ending.outcome, now), ending, now) };
  }
  return { ...ending, status: withEnd(withNoneOpen(ending.status, ending.outcome, now), ending, now) };
}

/** Nobody works on a step of an incident that is over. */
function withNoneOpen(status: IncidentStatus, outcome: Outcome, now: number): IncidentStatus {
  const message = `not finished: the incident ended as ${outcome}`;
  return (status.steps ?? []).reduce(
    (next, { name }) => withStepEnded(next, name, { state: 'Skipped', message, now }),
    status,
  );
}

function withWaiting(snapshot: IncidentSnapshot, status: IncidentStatus, reason: WaitReason): IncidentStatus {
  if (reason === 'AgentAsked') return status;
  const { now, incident } = snapshot;
  const state = stateOf(status, reason);
  const silence = reason === 'AgentSilent' ? silenceOf(snapshot, incident.spec.nodeName) : undefined;
  return { ...withWait(status, { reason, message: silence ?? state }, now), state };
}

/** The same fault on more nodes is worth a write of its own when their number has doubled, and comes with any other write. */
function withoutSmallNews(old: IncidentStatus, next: IncidentStatus): IncidentStatus {
  const [before, after] = [old.pattern?.incidents.length ?? 0, next.pattern?.incidents.length ?? 0];
  if (before === 0 || after >= 2 * before) return next;
  const diagnosed = findCondition(old.conditions, 'Diagnosed');
  const conditions = next.conditions?.map((one) => (one.type === 'Diagnosed' ? (diagnosed ?? one) : one));
  const kept = { ...next, pattern: old.pattern, conditions };
  return canonical(kept) === canonical(old) ? old : next;
}

function recovered({ status }: { status: IncidentStatus }): Ending {
  const forText = status.timings?.notReadyFor;
  const message =
    forText === undefined ? 'well again; it was never seen NotReady' : `Ready again; it was not ready for ${forText}`;
  return { kind: 'complete', status, outcome: 'Recovered', message };
}

/** Who works on a node holds its lease. It expires by itself, should nobody be there to give it back. */
function leaseCommands({ lease }: IncidentSnapshot, { kind, status }: StageResult): readonly Command[] {
  if (lease.kind !== 'ours') return [];
  if (kind === 'complete') return [{ kind: 'ReleaseLease' }];
  return lease.isToBeRenewed && hasReservation(status) ? [{ kind: 'TakeLease' }] : [];
}

export function decideIncident(snapshot: IncidentSnapshot): IncidentDecision {
  const { incident } = snapshot;
  if (!isOpen(incident)) {
    return { status: incident.status, commands: [], reason: 'Complete', nextCheckAt: undefined };
  }
  const lived = runStages(LIFE, snapshot, withDetection(snapshot));
  const ended = lived.kind === 'pass' ? recovered(lived) : lived;
  const result = ended.kind === 'complete' ? finish(snapshot, ended) : ended;
  switch (result.kind) {
    case 'complete': {
      const commands = leaseCommands(snapshot, result);
      return { status: result.status, commands, reason: result.outcome, nextCheckAt: undefined };
    }
    case 'wait':
      return {
        status: withoutSmallNews(incident.status, withWaiting(snapshot, result.status, result.reason)),
        commands: [...leaseCommands(snapshot, result), ...(result.commands ?? [])],
        reason: result.reason,
        nextCheckAt: result.until,
      };
    case 'pass':
      throw new Error('unreachable: a finished incident is complete or waits');
    default:
      return result satisfies never;
  }
}
