/**
 * A kubelet whose unit requires the runtime's is stopped with it, and stays so where the runtime is not up at the first try
 * (systemd.unit(5), Requires=, BindsTo=). That is no stop by a person: it is of our own act, which ends with a kubelet that runs.
 */
import { ACTIONS, type ActRecord, agentLimitsOf } from '../../core/decision/actions.ts';
import { wasStoppedBadly } from '../../core/detection/program-state.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { readUnit } from '../health/look-at-host.ts';
import type { ObservationBoard } from '../health/observation.ts';
import { reasonOf, type World } from '../world.ts';

/**
 * When the runtime was up again: systemd stops what requires it before it is. undefined: it is not, or nobody knows.
 * A state of an active unit changes with a reload too, which is later.
 */
function upAgainAt(runtime: UnitFacts | undefined): number | undefined {
  return runtime?.activeState === 'active' ? runtime.changedAt : undefined;
}

function isDown(kubelet: UnitFacts): boolean {
  const { activeState, loadState, hasJob } = kubelet;
  return (activeState === 'inactive' || wasStoppedBadly(kubelet)) && loadState !== 'masked' && !hasJob;
}

/** All times are of this node's clock. What somebody has stopped before or since, or masked, is not touched. */
export function wasStoppedWith(
  kubelet: UnitFacts,
  { action, unit, issuedAt, reservedAt }: ActRecord,
  runtime: UnitFacts | undefined,
): boolean {
  const { requires, changedAt, leftActiveAt } = kubelet;
  const began = fromTime(issuedAt ?? reservedAt);
  if (unit === undefined || began === undefined || changedAt === undefined) return false;
  const isOfAct = changedAt >= began && changedAt <= began + agentLimitsOf(action).commandMs;
  const isBeforeUp = (leftActiveAt ?? changedAt) <= (upAgainAt(runtime) ?? changedAt);
  return isDown(kubelet) && requires.includes(unit) && isOfAct && isBeforeUp;
}

/** Of the same run as at the last look: who has stopped another one is not known. */
export function isFallen(board: ObservationBoard, { invocationID }: UnitFacts): boolean {
  return board.current().host?.kubeletFallen?.invocationID === invocationID;
}

export interface Started {
  /** Whether systemd has started it, as it does once the runtime is up. */
  readonly isDone: boolean;
  /** For the record. */
  readonly message: string;
}

/** After a restart of the runtime, however it ended. undefined: there was nothing to start. */
export async function startStopped(
  { world, board }: { readonly world: World; readonly board: ObservationBoard },
  record: ActRecord,
  signal: AbortSignal,
): Promise<Started | undefined> {
  const { effect } = ACTIONS[record.action];
  if (effect.command !== 'RestartUnit' || effect.unit !== 'runtime') return undefined;
  const kubelet = await readUnit(world, 'kubelet', signal);
  if (kubelet.kind !== 'known') return undefined;
  const runtime = await readUnit(world, 'runtime', signal);
  const runtimeUnit = runtime.kind === 'known' ? runtime.value : undefined;
  if (!wasStoppedWith(kubelet.value, record, runtimeUnit) && !isFallen(board, kubelet.value)) return undefined;
  const { unit } = kubelet.value;
  try {
    await world.host.services.restart(unit, signal);
    return { isDone: true, message: `${unit} was stopped with it, and is started again` };
  } catch (error) {
    signal.throwIfAborted();
    return { isDone: false, message: `${unit} was stopped with it, and cannot be started: ${reasonOf(error)}` };
  }
}
