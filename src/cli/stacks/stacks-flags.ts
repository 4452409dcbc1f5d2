/** Arguments of `stacks`. */
import { type Command, InvalidArgumentError } from 'commander';
import { durationFlag } from '../duration-flag.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import { runStacks, type StacksFlags } from './print-stacks.ts';

const HELP = `
The process needs not answer: its memory is read. It is not stopped, gets no signal, and nothing of it is changed. It must be
a program of Go 1.18 to 1.27 on amd64 or arm64. Run this on the machine itself, as root. Arguments of calls are not printed.
What runs at that moment has no stack.

--sample takes samples of what runs, ten a second, and prints them as folded stacks, from which flame graphs are drawn
(flamegraph.pl, inferno, speedscope): root;caller;leaf COUNT. A goroutine that runs its own code at that moment is shown by
the function that it began with; those that wait for a CPU, and those in the kernel, have their whole stack.

Where the memory cannot be read, what the kernel says of each thread is printed instead, and why; the exit code is 1 then.
`;
const TIMEOUT_MS = 15_000;

export function addStacks(program: Command, outside: ProgramContext, finish: Finish): void {
  program
    .command('stacks')
    .description('print the goroutines of a process of this machine, hung or not; needs no cluster')
    .option('--pid <pid>', 'the process', toPid)
    .option('--unit <unit>', 'or the main process of a unit of systemd, for example kubelet.service')
    .option('-o, --output-file <file>', 'write there; compressed where its name ends in .gz')
    .option('--diagnose', 'say where it is stuck and why, as diagnose does', false)
    .option('--sample <duration>', 'print what it runs in this time, as folded stacks, for example 10s', toSampled)
    .option(
      '--timeout <duration>',
      'how long to read at most, beside the time of --sample (default: 15s)',
      durationFlag,
      TIMEOUT_MS,
    )
    .addHelpText('after', HELP)
    .action(async (flags: StacksFlags) => {
      finish(await runStacks(outside, flags));
    });
}

/** Nobody waits longer, and a mistake such as 10h would. */
const MAX_SAMPLED_MS = 600_000;

function toSampled(text: string): number {
  const ms = durationFlag(text);
  if (ms > MAX_SAMPLED_MS) throw new InvalidArgumentError('It must be 10m at most.');
  return ms;
}

function toPid(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be the id of a process.');
  return Number(text);
}
