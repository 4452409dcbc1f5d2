/**
 * A kubelet whose unit requires the runtime's is stopped with it, and stays so where the runtime is not up at the first try
 * (systemd.unit(5), Requires=, BindsTo=). That is no stop by a person: it is of our own act, which ends with a kubelet that runs.
 */
import { ACTIONS, type ActRecord } from '../../core/decision/actions.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { readUnit } from '../health/look-at-host.ts';
import { reasonOf, type World } from '../world.ts';

/** Both times are of this node's clock. What somebody has stopped before, or masked, is not touched. */
export function wasStoppedWith(kubelet: UnitFacts, { unit, issuedAt, reservedAt }: ActRecord): boolean {
  const { activeState, loadState, hasJob, requires, changedAt } = kubelet;
  const began = fromTime(issuedAt ?? reservedAt);
  if (unit === undefined || began === undefined || changedAt === undefined) return false;
  const isDown = activeState === 'inactive' && loadState !== 'masked' && !hasJob;
  return isDown && requires.includes(unit) && changedAt >= began;
}

/** After a restart of the runtime. @returns what was done, for the record; undefined: nothing. */
export async function startStopped(world: World, record: ActRecord, signal: AbortSignal): Promise<string | undefined> {
  const { effect } = ACTIONS[record.action];
  if (effect.command !== 'RestartUnit' || effect.unit !== 'runtime') return undefined;
  const kubelet = await readUnit(world, 'kubelet', signal);
  if (kubelet.kind !== 'known' || !wasStoppedWith(kubelet.value, record)) return undefined;
  const { unit } = kubelet.value;
  try {
    await world.host.services.restart(unit, signal);
    return `${unit} was stopped with it, and is started again`;
  } catch (error) {
    signal.throwIfAborted();
    return `${unit} was stopped with it, and cannot be started: ${reasonOf(error)}`;
  }
}
