/** Faults for drills on a simulated host: a process is stopped, and systemd continues it after a while. */
import type { Clock } from '../../../src/ports/clock.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { FaultMaker, ProcessIdentity } from '../../../src/ports/host.ts';
import type { FaultKind } from './scenario.ts';

interface StoppableHost {
  readonly clock: Clock;
  /** The end of the host. */
  readonly signal: AbortSignal;
  /** undefined: there is no such process any more. */
  readonly startTicks: (pid: number) => number | undefined;
  /** Which fault it is that the process is stopped. */
  readonly faultOf: (pid: number) => FaultKind;
  readonly inject: (fault: FaultKind) => void;
  readonly blockedBy: () => FaultKind | undefined;
  readonly heal: () => void;
}

export interface SimulatedFaults {
  readonly faults: FaultMaker;
  /** Whether systemd is to continue a process that a drill stopped. */
  readonly isArmed: () => boolean;
  /** No fault can be made, or can be again. */
  readonly breakFaults: (message: string | undefined) => void;
}

export function createFaults(host: StoppableHost): SimulatedFaults {
  const { clock, signal } = host;

  /** undefined: the process is another one by now, or is gone. */
  function faultOf({ pid, startTicks }: ProcessIdentity): FaultKind | undefined {
    return host.startTicks(pid) === startTicks ? host.faultOf(pid) : undefined;
  }

  function stop(target: ProcessIdentity): void {
    const fault = faultOf(target);
    if (fault !== undefined) host.inject(fault);
  }

  function resume(target: ProcessIdentity): void {
    const fault = faultOf(target);
    if (fault !== undefined && fault === host.blockedBy()) host.heal();
  }

  let armed: AbortController | undefined;
  let broken: string | undefined;
  return {
    faults: {
      async stop(target, forMs): Promise<string> {
        if (broken !== undefined) throw new MedicError('E_HOST_COMMAND', 'transient', broken);
        const own = new AbortController();
        armed = own;
        clock.sleep(forMs, AbortSignal.any([signal, own.signal])).then(
          () => {
            resume(target);
            armed = undefined;
          },
          () => undefined,
        );
        stop(target);
        return await Promise.resolve(`kill -STOP ${String(target.pid)}`);
      },
      async resume(target): Promise<void> {
        resume(target);
        armed?.abort();
        armed = undefined;
        await Promise.resolve();
      },
    },
    isArmed: () => armed !== undefined,
    breakFaults(message): void {
      broken = message;
    },
  };
}
