/** Faults for drills on a simulated host: a process is stopped, and systemd continues it after a while. */
import type { Clock } from '../../../src/ports/clock.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { FaultMaker, ProcessIdentity } from '../../../src/ports/host.ts';

interface StoppableHost {
  readonly clock: Clock;
  /** The end of the host. */
  readonly signal: AbortSignal;
  /** Each knows nothing of a process that is another one by now. */
  readonly stop: (target: ProcessIdentity) => void;
  readonly resume: (target: ProcessIdentity) => void;
}

export interface SimulatedFaults {
  readonly faults: FaultMaker;
  /** Whether systemd is to continue a process that a drill stopped. */
  readonly isArmed: () => boolean;
  /** No fault can be made, or can be again. */
  readonly breakFaults: (message: string | undefined) => void;
}

export function createFaults({ clock, signal, stop, resume }: StoppableHost): SimulatedFaults {
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
