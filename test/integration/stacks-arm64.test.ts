/**
 * Programs for arm64 in QEMU's user mode, read while they run: pprof's dump before and after, and ours between them. Needs go,
 * root and apt; QEMU and what is built are kept in the cache.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseDump } from '../../src/core/dump/parser.ts';
import { openProgram } from '../../src/host/stacks/goroutines/open-program.ts';
import { agreementOf } from '../support/stacks/agreement.ts';
import { arm64Emulator, openEmulated } from '../support/stacks/emulator.ts';
import { buildProgram, type GoProcess, startProgram } from '../support/stacks/go-program.ts';

const STRIPPED = ['-trimpath', '-ldflags=-s -w'];
const VERSIONS = ['1.19.13', '1.20.14', '1.21.13', '1.22.12', '1.23.12', '1.24.9', '1.25.3', '1.26.8', '1.27.0'];
const LIMITS = { maxGoroutines: 10_000, maxTextBytes: 50_000_000, isTimeOver: () => false };
const BUILD_MS = 240_000;
const EMULATOR = arm64Emulator();

let running: GoProcess | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

interface Program {
  readonly process: GoProcess;
  readonly path: string;
}

async function start(go: string, flags: readonly string[], emulatorFlags: readonly string[] = []): Promise<Program> {
  if (EMULATOR.kind === 'missing') throw new Error(EMULATOR.why);
  const path = buildProgram({ program: 'blocked', go, arch: 'arm64', flags });
  running = await startProgram(path, ['-n', '5'], [EMULATOR.path, ...emulatorFlags]);
  return { process: running, path };
}

function read({ process, path }: Program): { readonly text: string; readonly goVersion: string | undefined } {
  const source = openEmulated(process.pid, path);
  try {
    const program = openProgram(source);
    let text = '';
    program.dump(LIMITS, (part) => {
      text += part;
    });
    return { text, goVersion: program.buildInfo?.goVersion };
  } finally {
    source.close();
  }
}

async function expectAgreement(program: Program): Promise<void> {
  const before = await program.process.pprof();
  const { text, goVersion } = read(program);
  const agreement = agreementOf(before, text, await program.process.pprof());
  expect(agreement.differences.slice(0, 3)).toEqual([]);
  expect(agreement.rate).toBe(1);
  expect(agreement.kinds).toBeGreaterThanOrEqual(40);
  expect(goVersion).toBe(program.process.goVersion);
  expect(parseDump(text).unreadLines).toBe(0);
}

// Jest does not print the names of tests that are left out.
if (EMULATOR.kind === 'missing') process.stderr.write(`tests of arm64 are left out: ${EMULATOR.why}\n`);
(EMULATOR.kind === 'found' ? describe : describe.skip)('a program for arm64 that is blocked in every way', () => {
  test.each(VERSIONS)(
    'agrees with its own dump: Go %s, stripped',
    async (go) => {
      await expectAgreement(await start(go, STRIPPED));
    },
    BUILD_MS,
  );

  test(
    'agrees with its own dump: not stripped, and where the emulator has moved all of its addresses',
    async () => {
      await expectAgreement(await start('1.26.8', [], ['-B', '0x200000000']));
    },
    BUILD_MS,
  );

  test(
    'that is stopped gives no answer, and all of its stacks',
    async () => {
      const program = await start('1.26.8', STRIPPED);
      const before = await program.process.pprof();
      program.process.signal('SIGSTOP');
      const { text } = read(program);
      program.process.signal('SIGCONT');
      const agreement = agreementOf(before, text, await program.process.pprof());
      expect(agreement.differences.slice(0, 3)).toEqual([]);
      expect(agreement.kinds).toBeGreaterThanOrEqual(40);
    },
    BUILD_MS,
  );
});
