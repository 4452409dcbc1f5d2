/**
 * When the shims of an incident are read. Where an act may follow it is some seconds after the first capture was reported: an
 * act has been issued by then, and a restart of the runtime leaves its shims as they are. While a node is held under
 * `DiagnoseFirst` it is done once more, so that two dumps of a shim can be compared.
 */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isAct, isActStep } from '../../core/decision/actions.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { HOST_STEP } from '../../core/decision/record/step-names.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { agentPartOf, findRecord, type IncidentRef } from '../record.ts';
import { type LaterCapture, type LaterCaptureParts, runLaterCaptures, takeLater } from './later-capture.ts';
import { FIRST_SHIMS, MORE_SHIMS, shimListFile, type ShimRound, takeShims } from './shim-stacks.ts';

/** From the report of the first capture to the first round: it competes with no act for the processor. */
const AFTER_MS = 5_000;
/** From the first round to the second. */
const AGAIN_MS = 2 * 60_000;
const LOOK_MS = 5_000;
/** Of one round that cannot be reported. */
const MAX_TRIES = 2;

/** What is next for an incident; undefined: nothing. What is reported already is not done again. */
function roundOf(incident: KubeletIncident): ShimRound | undefined {
  const { spec, status } = incident;
  if (!isOpen(incident) || findRecord(incident, HOST_STEP) === undefined) return undefined;
  const names = new Set(agentPartOf(incident).evidence.map(({ name }) => name));
  const isDone = ({ round }: ShimRound): boolean => names.has(`${shimListFile(round)}.gz`);
  if (!isDone(FIRST_SHIMS)) return FIRST_SHIMS;
  const isActing = (status.steps ?? []).some(isActStep) || (status.actions ?? []).some(isAct);
  if (spec.plan.strategy !== 'DiagnoseFirst' || isActing || isDone(MORE_SHIMS)) return undefined;
  return MORE_SHIMS;
}

const SHIM_CAPTURE: LaterCapture<ShimRound> = {
  what: 'Stacks of shims',
  workOf: roundOf,
  countedBy: ({ round }) => String(round),
  firstAfterMs: (round) => (round === FIRST_SHIMS ? AFTER_MS : AGAIN_MS),
  againAfterMs: AGAIN_MS,
  maxTries: MAX_TRIES,
  take: (world, order, { incident, work }, signal) =>
    takeShims(world, order, { ...work, saved: agentPartOf(incident).evidence }, signal),
};

/** Runs until the signal. */
export async function runShimCaptures(parts: LaterCaptureParts, signal: AbortSignal): Promise<never> {
  const wakeUp = createWakeUp(parts.world.clock);
  parts.requests.onIncident(wakeUp.wake);
  const wait = async (stop: AbortSignal): Promise<void> => {
    await wakeUp.wait(LOOK_MS, stop);
  };
  const takeDue = (ref: IncidentRef, stop: AbortSignal): Promise<unknown> => takeLater(parts, ref, SHIM_CAPTURE, stop);
  return await runLaterCaptures(parts, SHIM_CAPTURE, { wait, takeDue }, signal);
}
