/**
 * The goroutines of another Go process, read from its memory: it need not answer, it is not stopped and gets no signal.
 * Works for a kubelet or a runtime that is hung, stopped or has no pprof. Only src/host starts processes.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { isSea } from 'node:sea';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../ports/clock.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { SampleReading, StackReading } from '../../ports/stacks.ts';
import { type Limit, withDeadline } from '../../runtime/deadline.ts';
import { messageOf } from '../system-error.ts';
import { type Answer, decodeAnswer, errorOf } from './reading.ts';
import type { ReaderMode } from './stack-child.ts';
import { stackError } from './stack-errors.ts';

export interface StackTarget {
  /** `/proc`, or that of another PID namespace: `/proc/1/root/proc`. */
  readonly procRoot: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat; undefined: whichever process has the id now. Either way it is the same one to the end. */
  readonly startTicks?: number;
  /** Threads are read within 3 s more, where goroutines could not be. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const THREADS_TIMEOUT_MS = 3000;
const MAX_ANSWER = 33_554_432;
/** What the reader keeps for itself, to send what it has before it is killed. */
const SOFT_SHARE = 0.8;

const isSource = import.meta.url.endsWith('.ts');
const PROGRAM = fileURLToPath(new URL(isSource ? '../../bin/stack-reader.ts' : './stack-reader.cjs', import.meta.url));
/** A small heap, and no threads to compile or collect garbage in: it lives for a moment, beside a node that is in trouble. */
export const READER_FLAGS = [
  '--max-old-space-size=96',
  '--max-semi-space-size=1',
  '--single-threaded',
  '--no-opt',
  '--no-warnings',
];

/** A program that is one file with Node in it is its own reader (src/bin/single-file.ts), and takes flags for Node in a flag of theirs. */
const START = isSea() ? [`--node-options=${READER_FLAGS.join(' ')}`, '__read-stacks'] : [...READER_FLAGS, PROGRAM];

/** Readers that hang in the kernel, where SIGKILL does not end them: they are of the machine, not of who asked. */
const hanging = new Set<string>();

/**
 * @returns the goroutines, or the threads and why.
 * @throws `E_STACKS_GONE` if the process has ended or was replaced, `E_STACKS_NOT_GO` if it is no Go program, the reason
 * of the signal; any error of the threads where they cannot be read either.
 */
export async function readStacks(target: StackTarget): Promise<StackReading> {
  try {
    const { header, gzip } = await ask('goroutines', target);
    if (header.kind === 'goroutines') return { kind: 'goroutines', header, gzip };
    throw stackError('E_STACKS_READER', `the reader of the stacks answers with ${header.kind}`);
  } catch (error) {
    if (!isMedicError(error) || error.code === 'E_STACKS_GONE' || error.code === 'E_STACKS_NOT_GO') throw error;
    const { header, gzip } = await ask('threads', { ...target, timeoutMs: THREADS_TIMEOUT_MS });
    if (header.kind === 'threads') return { kind: 'threads', header, gzip, why: error };
    throw stackError('E_STACKS_READER', `the reader of the stacks answers with ${header.kind}`);
  }
}

/**
 * What the process runs, ten times a second. The target's limit is for all that is beside it.
 * @throws as `readStacks` does, and why the goroutines cannot be read: threads do not say what runs.
 */
export async function sampleStacks(target: StackTarget, durationMs: number): Promise<SampleReading> {
  const { header, gzip } = await ask('samples', target, durationMs);
  if (header.kind === 'samples') return { header, gzip };
  throw stackError('E_STACKS_READER', `the reader of the stacks answers with ${header.kind}`);
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** @param durationMs of the samples. */
async function ask(mode: ReaderMode, target: StackTarget, durationMs = 0): Promise<Answer> {
  const { procRoot, pid, startTicks, timeoutMs, clock, signal } = target;
  signal.throwIfAborted();
  const key = `${mode} ${procRoot}/${String(pid)}`;
  if (hanging.has(key)) {
    throw stackError('E_STACKS_DEADLINE', `an earlier reader of process ${String(pid)} still hangs in the kernel`);
  }
  const softLimitMs = Math.floor(durationMs + timeoutMs * SOFT_SHARE);
  const words = [mode, procRoot, pid, startTicks ?? '', softLimitMs, durationMs].map(String);
  const child = spawn(process.execPath, [...START, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  });
  const what = `the stacks of process ${String(pid)}`;
  const limit: Limit = { ms: durationMs + timeoutMs, code: 'E_STACKS_DEADLINE', what };
  const answer = await withDeadline(clock, limit, signal, () => collect(child)).finally(() => {
    leave(child, key);
  });
  if (answer.header.kind === 'failure') throw errorOf(answer.header, pid);
  return answer;
}

/** A child in state D does not end: then it is left to itself, and waited for no longer. */
function leave(child: Child, key: string): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    hanging.add(key);
    child.once('exit', () => hanging.delete(key));
  }
  child.kill('SIGKILL');
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

const MAX_STDERR = 4096;

/** @throws `E_STACKS_READER`. */
async function collect(child: Child): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = '';
    const fail = (message: string, cause?: unknown): void => {
      reject(stackError('E_STACKS_READER', `the reader of the stacks ${message}`, cause));
    };
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER) fail(`has sent more than ${String(MAX_ANSWER)} bytes`);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk.toString('latin1')}`.slice(-MAX_STDERR);
    });
    child.once('error', (error) => {
      fail(`cannot be started: ${messageOf(error)}`, error);
    });
    child.once('close', (code, killedBy) => {
      const answer = code === 0 ? decodeAnswer(Buffer.concat(chunks)) : undefined;
      if (answer !== undefined) resolve(answer);
      else fail(`has failed (${String(code ?? killedBy)}): ${stderr.trim()}`);
    });
  });
}
