/** Programs and memory that were made to do harm: an error with a code, in bounded time, and never a crash. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ByteSource, ProcessSource } from '../../../../src/host/stacks/byte-source.ts';
import { openProgram } from '../../../../src/host/stacks/goroutines/open-program.ts';
import { openExecutable } from '../../../../src/host/stacks/program/executable.ts';
import { readTableHeader } from '../../../../src/host/stacks/program/function-table.ts';
import { isMedicError } from '../../../../src/ports/errors.ts';
import type { SampleCounts } from '../../../../src/ports/stacks.ts';
import { openRecording, type Recording } from '../../../support/stacks/recording.ts';
import { dumpOf, NAMES, recordingOf } from './fixtures.ts';
import { letAllRun } from './patched.ts';
import { cases } from '../../../support/sizes.ts';

const NAME = NAMES.at(-1)!;
const UNPACKED = recordingOf(NAME);
const RUNS = cases(2_000);
/** One case is over in milliseconds; with it the machine's own pauses. */
const MAX_MS = 10_000;

function bytesOf(bytes: Buffer): ByteSource {
  return { readInto: (into, at) => (at >= bytes.length ? 0 : bytes.copy(into, 0, at)) };
}

interface Mutation {
  readonly where: 'file' | 'memory';
  /** Shares, from 0 to 1, of the pages and of a page. */
  readonly page: number;
  readonly at: number;
  readonly kind: 'byte' | 'word' | 'zeros' | 'lost' | 'other';
  readonly value: number;
}

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const MUTATION: fc.Arbitrary<Mutation> = fc.record({
  where: fc.constantFrom('file', 'memory'),
  // The first pages have the headers.
  page: fc.oneof(share, fc.constant(0), fc.double({ min: 0, max: 0.05, noNaN: true })),
  at: share,
  kind: fc.constantFrom('byte', 'word', 'zeros', 'lost', 'other'),
  value: fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff, 0x80000000), fc.integer({ min: 0, max: 0xffffffff })),
});

/** @returns the process with the damage; the recording stays as it is. */
function damaged(recording: Recording, mutations: readonly Mutation[]): ProcessSource {
  const patches = { file: new Map<number, Buffer | undefined>(), memory: new Map<number, Buffer | undefined>() };
  const pages = { file: [...recording.filePages], memory: [...recording.memoryPages] };
  for (const { where, page, at, kind, value } of mutations) {
    const [number, bytes] = pages[where][Math.floor(page * pages[where].length)]!;
    const [, other] = pages[where][value % pages[where].length]!;
    const copy = Buffer.from(patches[where].get(number) ?? (kind === 'other' ? other : bytes));
    const place = Math.floor((at * copy.length) / 8) * 8;
    if (kind === 'byte') copy[place + (value % 8)] = value % 256;
    if (kind === 'word') copy.writeUInt32LE(value, place);
    if (kind === 'zeros') copy.fill(0, place);
    patches[where].set(number, kind === 'lost' ? undefined : copy);
  }
  const patched = (source: ByteSource, by: ReadonlyMap<number, Buffer | undefined>): ByteSource => ({
    readInto: (into, at) => {
      const length = source.readInto(into, at);
      for (const [number, copy] of by) {
        const start = number * 4096;
        if (start + 4096 <= at || start >= at + length) continue;
        if (copy === undefined) return Math.max(0, Math.min(length, start - at));
        copy.copy(into, Math.max(0, start - at), Math.max(0, at - start), Math.min(4096, at + length - start));
      }
      return length;
    },
  });
  return {
    ...recording,
    file: patched(recording.file, patches.file),
    memory: patched(recording.memory, patches.memory),
  };
}

describe('a program that was damaged at random', () => {
  test(`is read, or is an error with a code, ${RUNS} times`, () => {
    const recording = openRecording(UNPACKED);
    let errors = 0;
    fc.assert(
      fc.property(fc.array(MUTATION, { minLength: 1, maxLength: 6 }), (mutations) => {
        const begin = performance.now();
        try {
          dumpOf(damaged(recording, mutations));
        } catch (error) {
          if (!isMedicError(error) || !error.code.startsWith('E_STACKS_')) throw error;
          errors++;
        }
        expect(performance.now() - begin).toBeLessThan(MAX_MS);
      }),
      { numRuns: RUNS },
    );
    expect(errors).toBeGreaterThan(RUNS / 100);
    expect(errors).toBeLessThan(RUNS);
  }, 120_000);
});

describe('a program that runs and was damaged at random', () => {
  /** One sample. */
  function sample(source: ProcessSource): SampleCounts {
    let nowMs = 0;
    return openProgram(source).sample({
      ...{ durationMs: 2, periodMs: 1, maxGoroutines: 10_000, maxStacks: 100, maxText: 100_000 },
      isTimeOver: () => false,
      nowMs: () => ++nowMs,
      sleep: () => undefined,
    }).counts;
  }

  test(`gives a sample, or is an error with a code, ${RUNS} times`, () => {
    const recording = openRecording(UNPACKED);
    expect(letAllRun(recording, NAME)).toBeGreaterThan(14);
    let errors = 0;
    fc.assert(
      fc.property(fc.array(MUTATION, { minLength: 1, maxLength: 6 }), (mutations) => {
        const begin = performance.now();
        try {
          const source = { ...damaged(recording, mutations), isThreadRunning: () => true };
          expect(sample(source).samples).toBe(1);
        } catch (error) {
          if (!isMedicError(error) || !error.code.startsWith('E_STACKS_')) throw error;
          errors++;
        }
        expect(performance.now() - begin).toBeLessThan(MAX_MS);
      }),
      { numRuns: RUNS },
    );
    expect(errors).toBeGreaterThan(RUNS / 100);
    expect(errors).toBeLessThan(RUNS);
  }, 120_000);
});

describe('a program', () => {
  function header(change: (bytes: Buffer) => void): Buffer {
    const bytes = Buffer.alloc(4096);
    openRecording(UNPACKED).file.readInto(bytes, 0);
    change(bytes);
    return bytes;
  }

  test.each<readonly [string, string, Buffer]>([
    ['that is empty', 'E_STACKS_NOT_GO', Buffer.alloc(0)],
    ['that is a script', 'E_STACKS_NOT_GO', Buffer.from(`#!/bin/sh\n${'x'.repeat(100)}`)],
    ['of 32 bits', 'E_STACKS_UNSUPPORTED', header((b) => b.writeUInt8(1, 4))],
    ['of another machine', 'E_STACKS_UNSUPPORTED', header((b) => b.writeUInt16LE(243, 18))],
    ['with more program headers than there are', 'E_STACKS_MALFORMED', header((b) => b.writeUInt16LE(65535, 56))],
    ['whose program headers are elsewhere', 'E_STACKS_MALFORMED', header((b) => b.writeUInt32LE(0xfffffff0, 32))],
    ['that is cut behind its header', 'E_STACKS_MALFORMED', header(() => undefined).subarray(0, 80)],
  ])('%s is %s', (_what, code, bytes) => {
    const read = (): unknown => readTableHeader(openExecutable(bytesOf(bytes), bytes.length));
    expect(read).toThrow(expect.objectContaining({ code }));
  });

  test('with more sections than it can have is read without them', () => {
    const recording = openRecording(UNPACKED);
    recording.filePages.get(0)!.writeUInt16LE(65535, 60);
    expect(dumpOf(recording).stats.goroutines).toBeGreaterThan(14);
  });

  test.each<readonly [string, (header: Buffer) => void]>([
    ['is not where its memory has it', (header) => header.writeUInt32LE(0x7fffffff, 24)],
    ['is beyond all addresses', (header) => header.writeUInt32LE(0xffffffff, 28)],
    ['is in the middle of a page', (header) => header.writeUInt32LE(header.readUInt32LE(24) + 8, 24)],
  ])('whose entry point %s is malformed', (_what, change) => {
    const recording = openRecording(UNPACKED);
    change(recording.filePages.get(0)!);
    expect(() => dumpOf(recording)).toThrow(expect.objectContaining({ code: 'E_STACKS_MALFORMED' }));
  });

  test('with a segment beyond all addresses is malformed', () => {
    const recording = openRecording(UNPACKED);
    const first = recording.filePages.get(0)!;
    for (let at = 64; at < 64 + 56 * first.readUInt16LE(56); at += 56) {
      if (first.readUInt32LE(at) === 1) first.writeUInt32LE(0xffffffff, at + 20);
    }
    expect(() => dumpOf(recording)).toThrow(expect.objectContaining({ code: 'E_STACKS_MALFORMED' }));
  });

  test('whose table has more functions than there are is malformed, and its Go is named', () => {
    const recording = openRecording(UNPACKED);
    const { address } = readTableHeader(openExecutable(recording.file, recording.fileSize));
    const { segments } = openExecutable(recording.file, recording.fileSize);
    const { start, offset } = segments.find((s) => address >= s.start && address < s.end)!;
    const at = address - start + offset + 8;
    recording.filePages.get(Math.floor(at / 4096))!.writeUInt32LE(0x7fffffff, at % 4096);
    expect(() => dumpOf(recording)).toThrow(/the program is built by go1\.\d+.*2147483647 functions/);
  });
});
