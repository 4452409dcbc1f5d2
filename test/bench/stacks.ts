/** The stacks of a running program: its own pprof, a debugger that attaches, and ours. */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { decodeAnswer } from '../../src/host/stacks/reading.ts';
import { READER_FLAGS } from '../../src/host/stacks/read-stacks.ts';
import { agreementOf } from '../support/stacks/agreement.ts';
import { buildProgram, type GoProcess, startProgram } from '../support/stacks/go-program.ts';
import { delve } from './inputs.ts';
import { type Command, type Measured, measure, median } from './measure.ts';
import type { Figure, Section } from './report.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MIB = 1_048_576;
const RUNS = 5;
const TICK_MS = 10;

interface Sample extends Measured {
  /** For which the target was stopped by a debugger. */
  readonly stoppedMs: number;
  readonly targetCpuMs: number;
  readonly targetFaults: number;
}

interface Target {
  readonly state: string;
  readonly faults: number;
  readonly cpuMs: number;
}

/** proc_pid_stat(5): state, minflt, utime and stime are fields 3, 10, 14 and 15. */
function targetNow(pid: number): Target {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    state: fields[0] ?? '',
    faults: Number(fields[7]),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

async function sample(target: GoProcess, command: Command): Promise<Sample> {
  const before = targetNow(target.pid);
  let stoppedMs = 0;
  let last = performance.now();
  const poll = setInterval(() => {
    const now = performance.now();
    if (/^[tT]$/.test(targetNow(target.pid).state)) stoppedMs += now - last;
    last = now;
  }, 1);
  try {
    const measured = await measure(command);
    const after = targetNow(target.pid);
    return {
      ...measured,
      stoppedMs,
      targetCpuMs: after.cpuMs - before.cpuMs,
      targetFaults: after.faults - before.faults,
    };
  } finally {
    clearInterval(poll);
  }
}

async function samplesOf(target: GoProcess, command: Command): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let run = 0; run <= RUNS; run++) samples.push(await sample(target, command));
  return samples.slice(1);
}

function of(samples: readonly Sample[], key: Exclude<keyof Sample, 'stdout'>): number {
  return median(samples.map((one) => one[key]));
}

/** The whole process of the reader, as the agent starts it. */
function oursOf(pid: number): Command {
  const words = ['dist/stack-reader.cjs', 'goroutines', '/proc', String(pid), '', '20000'];
  return { argv: [process.execPath, ...READER_FLAGS, ...words], cwd: ROOT, encoding: 'latin1' };
}

function delveOf(program: string, pid: number): Command {
  const script = join(tmpdir(), `stacks-${process.pid}.dlv`);
  writeFileSync(script, 'goroutines -t 50\nexit\n');
  // It asks whether it shall kill the target, gets no answer, and leaves it as it was.
  const argv = [program, 'attach', String(pid), '--init', script, '--allow-non-terminal-interactive'] as const;
  return { argv, mayExitWith: [2] };
}

interface Goals {
  readonly seconds: number;
  readonly mib?: number;
}

async function section(goroutines: number, goals: Goals): Promise<Section> {
  const path = buildProgram({ program: 'blocked', flags: ['-trimpath'] });
  const target = await startProgram(path, ['-only', String(goroutines)]);
  try {
    const idle = await sample(target, { argv: ['sleep', '0.3'] });
    const before = await target.pprof();
    const ours = await samplesOf(target, oursOf(target.pid));
    const answer = decodeAnswer(Buffer.from(ours.at(-1)?.stdout ?? '', 'latin1'));
    if (answer === undefined) throw new Error('ours printed no stacks');
    const agreement = agreementOf(before, gunzipSync(answer.gzip).toString('utf8'), await target.pprof());
    const pprof = await samplesOf(target, { argv: ['curl', '-s', target.pprofUrl] });
    const debuggerPath = delve();
    const dlv = debuggerPath === undefined ? undefined : await samplesOf(target, delveOf(debuggerPath, target.pid));
    return {
      title: `The stacks of a program of ${goroutines.toLocaleString('en')} goroutines`,
      figures: [
        { name: 'stack reader, time', value: of(ours, 'wallMs') / 1e3, unit: 's', goal: goals.seconds },
        { name: 'stack reader, CPU time', value: of(ours, 'cpuMs') / 1e3, unit: 's' },
        {
          ...{ name: 'stack reader, peak memory', value: of(ours, 'peakBytes') / MIB, unit: 'MiB' },
          ...(goals.mib === undefined ? {} : { goal: goals.mib }),
        },
        { name: 'stack reader, agreement with pprof', value: agreement.rate * 100, unit: '%', goal: 99.9 },
        { name: 'stack reader, target stopped', value: of(ours, 'stoppedMs'), unit: 'ms', goal: 0 },
        { name: 'stack reader, CPU time of the target', value: of(ours, 'targetCpuMs'), unit: 'ms' },
        { name: 'stack reader, page faults of the target', value: of(ours, 'targetFaults'), unit: 'faults' },
        { name: 'nothing for 0.3 s, CPU time of the target', value: idle.targetCpuMs, unit: 'ms' },
        { name: 'nothing for 0.3 s, page faults of the target', value: idle.targetFaults, unit: 'faults' },
        { name: 'pprof `debug=2`, time', value: of(pprof, 'wallMs') / 1e3, unit: 's' },
        { name: 'pprof `debug=2`, CPU time of the target', value: of(pprof, 'targetCpuMs'), unit: 'ms' },
        { name: 'pprof `debug=2`, page faults of the target', value: of(pprof, 'targetFaults'), unit: 'faults' },
        ...(dlv === undefined ? [] : delveFigures(dlv)),
      ],
    };
  } finally {
    await target.stop();
  }
}

function delveFigures(dlv: readonly Sample[]): readonly Figure[] {
  return [
    { name: '`dlv attach` v1.27.2, time', value: of(dlv, 'wallMs') / 1e3, unit: 's' },
    { name: '`dlv attach` v1.27.2, target stopped', value: of(dlv, 'stoppedMs'), unit: 'ms' },
    { name: '`dlv attach` v1.27.2, peak memory', value: of(dlv, 'peakBytes') / MIB, unit: 'MiB' },
  ];
}

export async function stackSections(): Promise<readonly Section[]> {
  return [await section(220, { seconds: 0.5, mib: 70 }), await section(10_000, { seconds: 1.5 })];
}
