/** Runs a program and measures it from outside, the same way for ours and for others. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Measured {
  readonly wallMs: number;
  /** Of the process itself, all of its threads; Linux counts it in 10 ms. */
  readonly cpuMs: number;
  /** The most memory that was resident: VmHWM, read every 5 ms, so what is used in the last 5 ms is left out. */
  readonly peakBytes: number;
  readonly stdout: string;
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Exit codes other than 0 that are no failure. */
  readonly mayExitWith?: readonly number[];
  /** Of what it prints; `latin1` keeps bytes as they are. */
  readonly encoding?: BufferEncoding;
}

const POLL_MS = 5;
const LIMIT_MS = 120_000;
const TICK_MS = 10;
const MAX_OUTPUT = 16 * 1024 * 1024;

interface Usage {
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** @returns undefined once the process has ended: it has no memory any more. */
function usageOf(pid: number): Usage | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    if (peak === undefined) return undefined;
    // proc_pid_stat(5): utime and stime are fields 14 and 15; the second one, in brackets, may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { cpuMs: (Number(stat[11]) + Number(stat[12])) * TICK_MS, peakBytes: Number(peak) * 1024 };
  } catch {
    return undefined;
  }
}

/** @throws if the program fails or takes more than two minutes. */
export function measure({
  argv: [program, ...args],
  cwd,
  mayExitWith = [],
  encoding = 'utf8',
}: Command): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS });
    let usage: Usage = { cpuMs: 0, peakBytes: 0 };
    let stdout = '';
    const poll = setInterval(() => {
      usage = (child.pid === undefined ? undefined : usageOf(child.pid)) ?? usage;
    }, POLL_MS);
    child.stdout.setEncoding(encoding).on('data', (text: string) => {
      if (stdout.length < MAX_OUTPUT) stdout += text;
    });
    child.on('error', (error) => {
      clearInterval(poll);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearInterval(poll);
      const wallMs = performance.now() - begin;
      if (code === 0 || (code !== null && mayExitWith.includes(code))) resolve({ wallMs, ...usage, stdout });
      else reject(new Error(`${program} ended with ${code ?? signal ?? 'nothing'}`));
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

const RUNS = 5;

/**
 * Medians of five runs each after one that warms up, the commands by turns: what else the machine does hits all of them.
 * @param check is shown what each run printed, and throws if it is wrong.
 */
export async function compare(
  commands: readonly Command[],
  check: (stdout: string, command: number) => void,
): Promise<readonly Omit<Measured, 'stdout'>[]> {
  const runs: Measured[][] = commands.map(() => []);
  for (let run = 0; run <= RUNS; run++) {
    for (const [index, command] of commands.entries()) {
      const measured = await measure(command);
      check(measured.stdout, index);
      if (run > 0) runs[index]?.push(measured);
    }
  }
  return runs.map((of) => ({
    wallMs: median(of.map(({ wallMs }) => wallMs)),
    cpuMs: median(of.map(({ cpuMs }) => cpuMs)),
    peakBytes: median(of.map(({ peakBytes }) => peakBytes)),
  }));
}
