/** The processes of this machine, for a person who runs a program on it. */
import type { Clock } from '../../ports/clock.ts';
import type { LocalProcesses } from '../../ports/stacks.ts';
import { createCommands } from '../command.ts';
import { ON_HOST } from '../namespaces.ts';
import { createSystemd } from '../unit/systemd.ts';
import { readStacks, sampleStacks } from './read-stacks.ts';

export function createLocalProcesses(clock: Clock): LocalProcesses {
  const services = createSystemd(ON_HOST, createCommands(ON_HOST.targetPid), {
    endpoint: () => Promise.resolve(undefined),
  });
  return {
    mainPID: async (unit, signal) => (await services.show(unit, signal))?.mainPID ?? 0,
    readStacks: (pid, timeoutMs, signal) => readStacks({ procRoot: ON_HOST.procRoot, pid, timeoutMs, clock, signal }),
    sampleStacks: (pid, { durationMs, timeoutMs }, signal) =>
      sampleStacks({ procRoot: ON_HOST.procRoot, pid, timeoutMs, clock, signal }, durationMs),
  };
}
