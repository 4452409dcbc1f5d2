/**
 * Programs of all versions of Go, blocked in every way: pprof's dump before and after, and ours between them. Needs go and
 * root; the toolchains come from the Go module proxy, and what is built is kept in the cache.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseDump } from '../../src/core/dump/parser.ts';
import { parseStat } from '../../src/host/process/proc-parse.ts';
import { readStacks } from '../../src/host/stacks/read-stacks.ts';
import { createShimStacks } from '../../src/host/stacks/shim-stacks.ts';
import { agreementOf } from '../support/stacks/agreement.ts';
import { eventually, realClock } from '../support/real-time.ts';
import { type Build, buildProgram, type GoProcess, hasCommand, startProgram } from '../support/stacks/go-program.ts';
import type { StackReading } from '../../src/ports/stacks.ts';

const STRIPPED = ['-trimpath', '-ldflags=-s -w'];
const PIE = ['-buildmode=pie'];
const HAS_GCC = hasCommand('gcc', '--version');
const VERSIONS = ['1.19.13', '1.20.14', '1.21.13', '1.22.12', '1.23.12', '1.24.9', '1.25.3', '1.26.8', '1.27.0'];
const BUILDS: readonly (readonly [string, Build])[] = [
  ...VERSIONS.map((go) => [`${go}, stripped`, { program: 'blocked', go, flags: STRIPPED }] as const),
  ...['1.19.13', '1.24.9', '1.27.0'].map(
    (go) => [`${go}, PIE, not stripped`, { program: 'blocked', go, flags: PIE }] as const,
  ),
];
const CGO_BUILDS: readonly (readonly [string, Build])[] = ['1.19.13', '1.22.12', '1.27.0'].map(
  (go) =>
    [`${go}, cgo, PIE by gcc, stripped`, { program: 'blocked', go, cgo: true, flags: [...PIE, ...STRIPPED] }] as const,
);
const BUILD_MS = 240_000;
const MIB = 1_048_576;

let running: GoProcess | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(build: Build, ...words: readonly string[]): Promise<GoProcess> {
  running = await startProgram(buildProgram(build), words);
  return running;
}

/** Of all its threads, as /proc has them. */
function statesOf(pid: number): readonly string[] {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).map((tid) => parseStat(readFileSync(join(tasks, tid, 'stat'), 'latin1'))?.state ?? '');
}

async function stacksOf(pid: number, timeoutMs = 20_000): Promise<StackReading & { readonly text: string }> {
  const { signal } = new AbortController();
  const reading = await readStacks({ procRoot: '/proc', pid, timeoutMs, clock: realClock, signal });
  return { ...reading, text: gunzipSync(reading.gzip).toString('utf8') };
}

async function expectAgreement(process: GoProcess, kinds: number): Promise<void> {
  const before = await process.pprof();
  const reading = await stacksOf(process.pid);
  const agreement = agreementOf(before, reading.text, await process.pprof());
  expect(agreement.differences.slice(0, 3)).toEqual([]);
  expect(agreement.rate).toBeGreaterThanOrEqual(0.999);
  expect(agreement.kinds).toBeGreaterThanOrEqual(kinds);
  expect(reading).toMatchObject({ kind: 'goroutines', header: { buildInfo: { goVersion: process.goVersion } } });
  expect(parseDump(reading.text).unreadLines).toBe(0);
}

describe('a program that is blocked in every way', () => {
  test.each(BUILDS)(
    'agrees with its own dump: Go %s',
    async (_name, build) => {
      await expectAgreement(await start(build), 40);
    },
    BUILD_MS,
  );

  (HAS_GCC ? test : test.skip).each(CGO_BUILDS)(
    'agrees with its own dump: Go %s',
    async (_name, build) => {
      await expectAgreement(await start(build), 40);
    },
    BUILD_MS,
  );
});

describe('a program', () => {
  test(
    'that is stopped gives no answer, and all of its stacks',
    async () => {
      const process = await start({ program: 'blocked', flags: STRIPPED }, '-spin', '2');
      const before = await process.pprof();
      process.signal('SIGSTOP');
      // A thread that waits for its CPU stops when it has one.
      await eventually('all of it has stopped', () => statesOf(process.pid).every((state) => state === 'T'));
      const reading = await stacksOf(process.pid);
      process.signal('SIGCONT');
      const agreement = agreementOf(before, reading.text, await process.pprof());
      expect(agreement.differences.slice(0, 3)).toEqual([]);
      expect(reading.text).toMatch(/^goroutine \d+ \[running\]:\nmain\.(?:spinInner|main\.func)/m);
    },
    BUILD_MS,
  );

  test(
    'whose goroutines switch all the time has no stack with calls of two moments',
    async () => {
      const process = await start({ program: 'switching', flags: STRIPPED });
      let [stacks, torn] = [0, 0];
      for (let round = 0; round < 8; round++) {
        const reading = await stacksOf(process.pid);
        if (reading.kind === 'goroutines') torn += reading.header.torn;
        for (const block of reading.text.split('\n\n')) {
          const isMixed = block.includes('\nmain.a(...)') && block.includes('\nmain.b(...)');
          expect(isMixed ? block : '').toBe('');
          if (/\nmain\.[ab]\(/.test(block)) stacks++;
        }
      }
      expect(stacks).toBeGreaterThan(2000);
      expect(torn).toBeLessThan(stacks / 100);
    },
    BUILD_MS,
  );

  test(
    'that is no shim is not read as one, whatever its name is',
    async () => {
      const { pid } = await start({ program: 'blocked', flags: STRIPPED });
      const { startTicks } = parseStat(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'))!;
      const reader = createShimStacks({
        procRoot: '/proc',
        runtime: () => Promise.resolve(undefined),
        clock: realClock,
      });
      const shim = { pid, startTicks, unit: 'containerd.service', sandbox: '', containers: [], signs: [] };
      await expect(reader.read(shim, new AbortController().signal)).rejects.toMatchObject({
        code: 'E_STACKS_NOT_SHIM',
        message: `process ${String(pid)} is named as a shim, and its program is blocked`,
      });
    },
    BUILD_MS,
  );

  test(
    'is read with the memory that the reader says, whatever memory has who started it',
    async () => {
      const { pid } = await start({ program: 'blocked', flags: STRIPPED });
      const ballast = Buffer.alloc(300 * MIB, 1);
      const { header } = await stacksOf(pid);
      expect(header.kind === 'goroutines' ? header.peakBytes : 0).toBeGreaterThan(40 * MIB);
      expect(header.kind === 'goroutines' ? header.peakBytes : ballast.length).toBeLessThan(150 * MIB);
    },
    BUILD_MS,
  );

  test(
    'that ends while it is read is said to have ended',
    async () => {
      const process = await start({ program: 'blocked', flags: STRIPPED }, '-only', '100000');
      const reading = stacksOf(process.pid);
      const ended = expect(reading).rejects.toMatchObject({ code: 'E_STACKS_GONE' });
      await sleep(500);
      process.signal('SIGKILL');
      await ended;
    },
    BUILD_MS,
  );
});
