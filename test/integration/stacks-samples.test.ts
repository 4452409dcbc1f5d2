/** Samples of programs that compute, make garbage, are in the kernel, wait, or are stopped. Needs go and root. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { parseStat } from '../../src/host/process/proc-parse.ts';
import { READER_FLAGS, sampleStacks } from '../../src/host/stacks/read-stacks.ts';
import { decodeAnswer } from '../../src/host/stacks/reading.ts';
import { createUnitStacks } from '../../src/host/stacks/unit-stacks.ts';
import type { SampleHeader } from '../../src/ports/stacks.ts';
import { realClock } from '../support/real-time.ts';
import { type Build, buildProgram, type GoProcess, startProgram } from '../support/stacks/go-program.ts';

const BUILD_MS = 240_000;
const SAMPLED_MS = 3000;
const STRIPPED = ['-trimpath', '-ldflags=-s -w'];

let running: GoProcess | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(words: readonly string[], go?: string): Promise<GoProcess> {
  const build: Build = { program: 'burning', flags: STRIPPED, ...(go === undefined ? {} : { go }) };
  running = await startProgram(buildProgram(build), words);
  return running;
}

interface Sampled {
  readonly header: SampleHeader;
  readonly text: string;
  /** How often a line was seen, by what it has. */
  readonly countOf: (what: RegExp) => number;
}

async function samplesOf({ pid }: GoProcess, durationMs = SAMPLED_MS): Promise<Sampled> {
  const { signal } = new AbortController();
  const target = { procRoot: '/proc', pid, timeoutMs: 20_000, clock: realClock, signal };
  const { header, gzip } = await sampleStacks(target, durationMs);
  const text = gunzipSync(gzip).toString('utf8');
  const counted = text.split('\n').flatMap((line) => {
    const [, stack = '', count = ''] = /^(?!#)(.*) (\d+)$/.exec(line) ?? [];
    return stack === '' ? [] : [{ stack, count: Number(count) }];
  });
  const countOf = (what: RegExp): number =>
    counted.filter(({ stack }) => what.test(stack)).reduce((sum, { count }) => sum + count, 0);
  return { header, text, countOf };
}

function startTicksOf(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.startTicks ?? 0;
}

describe('samples of a program', () => {
  test.each(['1.19.13', '1.24.9', '1.26.8', '1.27.0'])(
    'that computes have the function that does, on top: Go %s',
    async (go) => {
      const { header, text, countOf } = await samplesOf(await start(['-burn', '4', '-cpus', '1'], go));
      expect(header.samples).toBeGreaterThan(15);
      expect(header.busy).toBe(header.samples);
      // Three of four wait for the one CPU. Before the first of them ran it was where it begins.
      const whole = countOf(/^main\.burn(?:;main\.spin)?$/);
      expect(whole).toBeGreaterThan(2 * header.samples);
      expect(countOf(/^main\.burn;main\.spin$/)).toBeGreaterThan(0.9 * whole);
      expect(text.split('\n')[1]).toMatch(/^main\.burn;main\.spin \d+$/);
      expect(header.running).toBe(countOf(/stack unknown/));
      expect(header.stacks).toBe(countOf(/^/));
      expect(text.split('\n')[0]).toBe(`# ${header.summary}`);
      expect(header.cpuMs).toBeGreaterThan(0);
    },
    BUILD_MS,
  );

  test(
    'that computes alone name how it began, since where it is is not known',
    async () => {
      const { header, countOf } = await samplesOf(await start(['-burn', '1', '-cpus', '2']));
      const unknown = countOf(/^main\.burn;\[running, stack unknown, created by main\.main\]$/);
      // Now and then it has just been taken from its thread.
      expect(unknown).toBeGreaterThan(0.5 * header.samples);
      expect(header.running).toBe(countOf(/stack unknown/));
      expect(header.summary).toContain(`${String(header.running)} ran their own code at that moment`);
    },
    BUILD_MS,
  );

  test(
    'that reads all the time have the whole stack of what is in the kernel',
    async () => {
      const { header, countOf } = await samplesOf(await start(['-read', '1', '-cpus', '2']));
      expect(countOf(/^main\.read;os\.\(\*File\)\.Read;.*;syscall\.[A-Za-z]+$/)).toBeGreaterThan(0.5 * header.samples);
    },
    BUILD_MS,
  );

  test(
    'that makes garbage have the garbage collector, which dumps leave out',
    async () => {
      const { countOf } = await samplesOf(await start(['-allocate', '2', '-cpus', '2']));
      expect(countOf(/^main\.allocate;/)).toBeGreaterThan(0);
      expect(countOf(/^runtime\.gcBgMarkStartWorkers/)).toBeGreaterThan(0);
    },
    BUILD_MS,
  );

  test(
    'where nothing runs are without stacks, and say so',
    async () => {
      const { header, text } = await samplesOf(await start(['-wait', '200']));
      expect(header).toMatchObject({ busy: 0, stacks: 0 });
      expect(text).toMatch(
        /^# \d+ samples, \d\.\d\d s of CPU time in 3\.\d\d s; no goroutine ran, or waited for a CPU, in any of them\.\n$/,
      );
    },
    BUILD_MS,
  );

  test(
    'that is stopped have what could run, and no CPU time',
    async () => {
      const process = await start(['-burn', '4', '-cpus', '1']);
      process.signal('SIGSTOP');
      const { header, countOf } = await samplesOf(process);
      expect(header.cpuMs).toBe(0);
      expect(header.running).toBe(0);
      expect(countOf(/^main\.burn/)).toBeGreaterThanOrEqual(3 * header.samples);
    },
    BUILD_MS,
  );

  test(
    'of ten thousand goroutines take the memory that the agent has for them, as it is shipped',
    async () => {
      const { pid } = await start(['-burn', '4', '-cpus', '1', '-wait', '10000']);
      const folder = mkdtempSync(join(tmpdir(), 'samples-'));
      try {
        const outfile = join(folder, 'stack-reader.js');
        const entry = fileURLToPath(new URL('../../src/bin/stack-reader.ts', import.meta.url));
        await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', minify: true });
        const words = ['samples', '/proc', String(pid), '', '20000', String(SAMPLED_MS)];
        const answer = decodeAnswer(execFileSync(process.execPath, [...READER_FLAGS, outfile, ...words]));
        const header = answer?.header.kind === 'samples' ? answer.header : undefined;
        expect(header?.busy).toBeGreaterThan(15);
        expect(header?.peakBytes).toBeLessThan(70 * 1_048_576);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    BUILD_MS,
  );

  test(
    'are taken by the agent for ten seconds, and say what of them is not known',
    async () => {
      const { pid, goVersion } = await start(['-burn', '4', '-cpus', '1']);
      const found = { pid, comm: 'kubelet', argv: [], unit: 'kubelet.service', startTicks: startTicksOf(pid) };
      const stacks = createUnitStacks({ procRoot: '/proc', process: async () => found, clock: realClock });
      const { bytes, truncated, message, source } = await stacks.sample('kubelet', new AbortController().signal);
      expect(source).toBe(`memory of process ${String(pid)} (kubelet.service), ${goVersion}, burning (devel)`);
      expect(message).toMatch(/^\d+ samples, \d+\.\d\d s of CPU time in 1\d\.\d\d s; in \d+ of them a goroutine ran/);
      expect(bytes.toString('utf8')).toMatch(/^# .*\nmain\.burn;main\.spin \d+\n/);
      expect(bytes.toString('utf8').split('\n')[0]).toBe(`# ${message}`);
      expect(truncated).toBe(false);
    },
    BUILD_MS,
  );

  test(
    'that ends meanwhile are not had, and it is said that it has ended',
    async () => {
      const process = await start(['-burn', '1']);
      const ended = expect(samplesOf(process)).rejects.toMatchObject({ code: 'E_STACKS_GONE' });
      await realClock.sleep(1000, new AbortController().signal);
      process.signal('SIGKILL');
      await ended;
    },
    BUILD_MS,
  );
});
