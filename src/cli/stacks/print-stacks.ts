/** `kubectl medic stacks`: the goroutines of a process of this machine, and the diagnosis from them. */
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { MedicError } from '../../ports/errors.ts';
import type { GoroutineHeader, LocalProcesses, SampleReading, StackReading } from '../../ports/stacks.ts';
import { runDiagnose } from '../diagnose/diagnose-files.ts';
import { EXIT } from '../exit.ts';
import type { ProgramContext } from '../program-context.ts';
import { oneLine, printable, type Terminal } from '../terminal.ts';

export interface StacksFlags {
  readonly pid?: number;
  readonly unit?: string;
  readonly outputFile?: string;
  readonly diagnose: boolean;
  /** Samples are taken for so many milliseconds, in place of stacks. */
  readonly sample?: number;
  readonly timeout: number;
}

type World = Pick<ProgramContext, 'terminal' | 'clock' | 'processes'>;

/** @returns the exit code. @throws `E_CLI_INPUT`, `E_CLI_NOT_FOUND`, `E_CLI_OUTPUT`, `E_STACKS_*`. */
export async function runStacks({ terminal, clock, processes }: World, flags: StacksFlags): Promise<number> {
  const { signal } = new AbortController();
  if (flags.sample !== undefined && flags.diagnose) {
    throw new MedicError('E_CLI_INPUT', 'invalid', '--diagnose reads stacks, and --sample prints none');
  }
  const machine = await processes();
  const pid = await processOf(machine, flags, signal);
  if (flags.sample !== undefined) {
    const limits = { durationMs: flags.sample, timeoutMs: flags.timeout };
    return await printSamples(terminal, flags, await machine.sampleStacks(pid, limits, signal));
  }
  const reading = await machine.readStacks(pid, flags.timeout, signal);
  if (flags.outputFile !== undefined) await save(flags.outputFile, reading);
  if (flags.outputFile === undefined && !(flags.diagnose && reading.kind === 'goroutines')) {
    terminal.out(printableStacks(reading));
  }
  if (reading.kind === 'threads') {
    terminal.note(`error: ${oneLine(reading.why.message)}; these are its threads\n`);
    return EXIT.failed;
  }
  noteGaps(terminal, reading.header);
  if (!flags.diagnose) return EXIT.ok;
  const told = { probe: undefined, kubeletVersion: kubeletVersion(reading.header), runtimeVersion: undefined };
  const stdin = Readable.from([reading.gzip]);
  return await runDiagnose({ terminal, stdin, clock }, ['-'], { ...told, output: 'text', verbose: false });
}

async function printSamples(terminal: Terminal, { outputFile }: StacksFlags, reading: SampleReading): Promise<number> {
  if (outputFile === undefined) {
    terminal.out(printableStacks(reading));
    return EXIT.ok;
  }
  await save(outputFile, reading);
  // It is in the file too.
  terminal.note(`${reading.header.summary}\n`);
  return EXIT.ok;
}

async function processOf(machine: LocalProcesses, { pid, unit }: StacksFlags, signal: AbortSignal): Promise<number> {
  if ((pid === undefined) === (unit === undefined)) {
    throw new MedicError('E_CLI_INPUT', 'invalid', 'name one process: --pid PID or --unit UNIT');
  }
  if (pid !== undefined) return pid;
  const found = await machine.mainPID(unit ?? '', signal);
  if (found > 0) return found;
  throw new MedicError('E_CLI_NOT_FOUND', 'absent', `the unit ${unit ?? ''} has no main process: it does not run`);
}

/** Dumps are not for everybody who has an account here. */
async function save(path: string, { gzip }: Pick<StackReading, 'gzip'>): Promise<void> {
  try {
    await writeFile(path, path.endsWith('.gz') ? gzip : gunzipSync(gzip), { mode: 0o600 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MedicError('E_CLI_OUTPUT', 'invalid', `cannot write to ${path}: ${why}`, { cause });
  }
}

/** As Go prints them, with the tabs: other programs read this. */
function printableStacks({ gzip }: Pick<StackReading, 'gzip'>): string {
  const lines = gunzipSync(gzip).toString('utf8').split('\n');
  return lines.map((line) => (line.startsWith('\t') ? `\t${printable(line.slice(1))}` : printable(line))).join('\n');
}

const CUTS: Readonly<Record<NonNullable<GoroutineHeader['cutBy']>, string>> = {
  time: 'the time was over',
  size: 'the text was too long',
  count: 'there are too many',
};

function noteGaps(terminal: Terminal, { goroutines, running, torn, incomplete, cutBy }: GoroutineHeader): void {
  const gaps = [
    ...(running > 0 ? [`${running} run, and have no stack`] : []),
    ...(torn > 0 ? [`${torn} changed while they were read, and have no stack`] : []),
    ...(incomplete > 0 ? [`${incomplete} could not be followed to their end`] : []),
    ...(cutBy === undefined ? [] : [`others are left out: ${CUTS[cutBy]}`]),
  ];
  if (gaps.length > 0) terminal.note(`${goroutines} goroutines; of these ${gaps.join('; ')}\n`);
}

/** Releases are built as a version of their module; others may have linked it in. */
function kubeletVersion({ buildInfo }: GoroutineHeader): string | undefined {
  const module = buildInfo?.mainPath === 'k8s.io/kubernetes' ? buildInfo.mainVersion : undefined;
  const version = buildInfo?.linkedStrings?.['k8s.io/component-base/version.gitVersion'] ?? module;
  return version !== undefined && /^v\d+\.\d+\.\d+/.test(version) ? version : undefined;
}
