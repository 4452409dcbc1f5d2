/** Arguments of `stacks`. */
import { type Command, InvalidArgumentError } from 'commander';
import { durationFlag } from '../duration-flag.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import { runStacks, type StacksFlags } from './print-stacks.ts';

const HELP = `
The process needs not answer: its memory is read. It is not stopped, gets no signal, and nothing of it is changed. It must be
a program of Go 1.18 to 1.27 on amd64 or arm64. Run this on the machine itself, as root. Arguments of calls are not printed.
What runs at that moment has no stack.

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
    .option('--timeout <duration>', 'how long to read at most (default: 15s)', durationFlag, TIMEOUT_MS)
    .addHelpText('after', HELP)
    .action(async (flags: StacksFlags) => {
      finish(await runStacks(outside, flags));
    });
}

function toPid(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be the id of a process.');
  return Number(text);
}
