import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { createDumpParser, parseDump } from '../../../src/core/dump/parser.ts';
import { DUMP_CASES } from './cases/expected.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { cases } from '../../support/sizes.ts';

function verdictOf(text: string): Diagnosis {
  const file = { name: 'dump.txt', text };
  return diagnose({
    dumps: [file],
    logs: [file],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

const folder = new URL('cases/', import.meta.url);
/** Each real text, short: goroutines from its middle on, where the stuck ones are. */
const DUMPS = readdirSync(folder)
  .filter((name) => name.endsWith('.gz'))
  .map((name) => {
    const text = gunzipSync(readFileSync(new URL(name, folder))).toString('utf8');
    return { name, text, own: text.slice(-4_000) };
  });
const CLASSES = new Map<string, Set<string>>();
for (const { dumps = [], class: classes } of DUMP_CASES) {
  for (const name of dumps) CLASSES.set(name, new Set([...(CLASSES.get(name) ?? []), ...classes]));
}

interface Mutation {
  readonly at: number;
  readonly length: number;
  readonly insert: string;
}

const mutation = fc.record({
  at: fc.nat(4_000),
  length: fc.nat(200),
  insert: fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom(
      '\n',
      '\t',
      'goroutine 1 [',
      ']:',
      '(',
      ')',
      '0x',
      ':',
      '\r\n',
      '\0',
      'labels:{"',
      '\\n\\t',
      '{"',
      '# ',
    ),
  ),
});

function mutated(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((now, { at, length, insert }) => now.slice(0, at) + insert + now.slice(at + length), text);
}

/** Damage must not turn one fault into another that is said to be certain. */
function isWrongAndSure(name: string, verdict: Diagnosis): boolean {
  const right = CLASSES.get(name);
  return (
    right !== undefined && verdict.confidence === 'High' && !right.has(verdict.class) && verdict.class !== 'Unknown'
  );
}

describe('hostile input', () => {
  test('a stack that lost its header and its leaf is not sure to send, where others have their states', () => {
    const docker = DUMPS.find(({ name }) => name === 'runtime-hung-docker.txt.gz')!;
    const verdict = verdictOf(mutated(docker.own, [{ at: 2448, length: 164, insert: '\n' }]));
    expect(isWrongAndSure(docker.name, verdict)).toBe(false);
  });

  test('never throws on mutated real dumps, and is never sure of a wrong class', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DUMPS),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        ({ name, own }, mutations) => {
          const verdict = verdictOf(mutated(own, mutations));
          expect(isWrongAndSure(name, verdict)).toBe(false);
        },
      ),
      { numRuns: cases(4_000) },
    );
  });

  test('keeps within the bounds of the API whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const dump = parseDump(Buffer.from(bytes));
        expect(dump.goroutines).toBeGreaterThanOrEqual(0);
        Diagnosis.parse(verdictOf(Buffer.from(bytes).toString('latin1')));
      }),
      { numRuns: cases(2_000) },
    );
  });

  test('reads a dump the same wherever its chunks are cut', () => {
    fc.assert(
      fc.property(fc.constantFrom(...DUMPS), fc.integer({ min: 7, max: 5_000 }), ({ own }, size) => {
        const parser = createDumpParser();
        const bytes = Buffer.from(own);
        for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size));
        expect(parser.end()).toEqual(parseDump(own));
      }),
      { numRuns: cases(300) },
    );
  });

  test.each([
    ['parentheses', '('.repeat(500_000)],
    ['one line without an end', 'goroutine 1 [select]: '.repeat(50_000)],
    ['spaces', ' '.repeat(1_000_000)],
    ['dots', 'a.'.repeat(300_000)],
    ['quotes in labels', `goroutine 1 [select labels:{${'"'.repeat(300_000)}`],
    ['escaped lines', '\\n\\t'.repeat(200_000)],
    ['program counters', `1 @${' 0x1'.repeat(200_000)}`],
    ['headers', 'goroutine 5 [chan send]:\n'.repeat(50_000)],
    ['braces of JSON', '{"MESSAGE":'.repeat(50_000)],
    ['times', '2026-11-24T10:11:49Z '.repeat(50_000)],
    ['slashes', `\t${'/'.repeat(400_000)}.go:1`],
  ])('takes bounded time for %s', (_, text) => {
    expect(cpuMs(() => verdictOf(text))).toBeLessThan(5_000);
  });
});
