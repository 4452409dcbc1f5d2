/** Faults for drills: a process is stopped, and systemd, which outlives all of us, has been told before to continue it. */
import { MedicError } from '../../ports/errors.ts';
import type { FaultMaker, ServiceManager } from '../../ports/host.ts';
import type { Commands } from '../command.ts';
import { DISARM_COMMAND, signalCommand, SWITCH_UNIT, switchCommand } from './fault-commands.ts';

const MAX_BYTES = 65_536;

export function createFaults(commands: Commands, services: Pick<ServiceManager, 'show'>): FaultMaker {
  async function run(argv: readonly string[], signal: AbortSignal): Promise<void> {
    const { exitCode, stderr } = await commands.run(argv, { signal, maxBytes: MAX_BYTES });
    if (exitCode === 0) return;
    const what = `${argv[0] ?? ''}: exit ${String(exitCode)}`;
    throw new MedicError('E_HOST_COMMAND', 'transient', stderr.trim() === '' ? what : `${what}: ${stderr.trim()}`);
  }

  /** Of a drill before, whose process is another one by now. systemd fails where there is none. */
  async function disarm(signal: AbortSignal): Promise<void> {
    const shown = await services.show(SWITCH_UNIT, signal);
    if (shown !== undefined) await run(DISARM_COMMAND, signal);
  }

  return {
    async stop(target, forMs, signal): Promise<string> {
      const arm = switchCommand(target, Math.ceil(forMs / 1000));
      await run(arm, signal);
      const armed = await services.show(SWITCH_UNIT, signal);
      if (armed?.activeState !== 'active') {
        const message = `${SWITCH_UNIT}, which would undo the fault, is ${armed?.activeState ?? 'not there'}: nothing is stopped`;
        throw new MedicError('E_HOST_COMMAND', 'transient', message);
      }
      await run(signalCommand('STOP', target), signal);
      return commands.describe(['kill', '-STOP', String(target.pid)]);
    },
    async resume(target, signal): Promise<void> {
      await run(signalCommand('CONT', target), signal);
      await disarm(signal);
    },
  };
}
