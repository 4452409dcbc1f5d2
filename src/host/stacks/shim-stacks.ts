/** The goroutines of containerd's shims. */
import type { Clock } from '../../ports/clock.ts';
import type { Collected, Shim, ShimReader, Shims } from '../../ports/host.ts';
import type { StackReading } from '../../ports/stacks.ts';
import type { FoundProcess } from '../process/find-process.ts';
import { findShims } from '../process/find-shims.ts';
import { readStacks } from './read-stacks.ts';
import { stackError } from './stack-errors.ts';
import { collectedStacks } from './unit-stacks.ts';

/** A shim of 20 goroutines takes 0.2 s. */
const TIMEOUT_MS = 5_000;
/** Package main of runc's shims of containerd 1 and 2, and of others that are built as theirs, as Kata's. */
const PROGRAM = /(?:^|\/)cmd\/containerd-shim(?:-[\w-]+)?$/;
/** Where shims of other programs are, or why there are none. By the name of the runtime's process. */
const NOTES: readonly (readonly [comm: RegExp, note: string])[] = [
  [/^crio$/, 'cri-o has no shims: its conmon is no Go program'],
  [/^dockerd/, 'the shims of dockerd are not read: they are in the namespace moby, not of the kubelet'],
];

export interface ShimStacksOptions {
  /** `/proc` with the process ids that `runtime` gives. */
  readonly procRoot: string;
  readonly runtime: (signal: AbortSignal) => Promise<FoundProcess | undefined>;
  readonly clock: Clock;
}

export function createShimStacks({ procRoot, runtime, clock }: ShimStacksOptions): ShimReader {
  return {
    async list(signal): Promise<Shims> {
      const found = await runtime(signal);
      const note = NOTES.find(([comm]) => found !== undefined && comm.test(found.comm))?.[1];
      if (note !== undefined) return { shims: [], note };
      // A runtime that has ended, or is being restarted, leaves its shims in its unit.
      return { shims: await findShims(procRoot, found?.unit, signal), note: '' };
    },
    async read(shim, signal): Promise<Collected> {
      const { pid, startTicks } = shim;
      const reading = await readStacks({ procRoot, pid, startTicks, timeoutMs: TIMEOUT_MS, clock, signal });
      checkProgram(shim, reading);
      return await collectedStacks(reading, shim);
    },
  };
}

/** By what the program says of itself: a name is anybody's. Threads alone say nothing of it. */
function checkProgram({ pid }: Shim, reading: StackReading): void {
  if (reading.kind === 'threads') return;
  const path = reading.header.buildInfo?.packagePath;
  if (path !== undefined && PROGRAM.test(path)) return;
  const what = path === undefined ? 'does not say which it is' : `is ${path.slice(0, 200)}`;
  throw stackError('E_STACKS_NOT_SHIM', `process ${String(pid)} is named as a shim, and its program ${what}`);
}
