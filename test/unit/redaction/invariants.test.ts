import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanText, createRedactor, redact, redactBytes } from '../../../src/core/redaction/redact.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { PASSWORD, PLACES, TOKENS } from './planted.ts';
import { cases } from '../../support/sizes.ts';

const ORDINARY =
  'I1124 13:26:42.770426 1234 kubelet.go:2345] "SyncLoop (PLEG)" pod="default/web-0" id="b5f0a7de-1c2d"\n';
const texts = PLACES.map((place) => place.replace('§', () => PASSWORD));
const piece = fc.oneof(
  fc.constantFrom(...texts, ...TOKENS),
  fc.constantFrom(
    ORDINARY,
    '\n',
    ' ',
    '"',
    "'",
    '\\',
    '{',
    '}',
    '=',
    ':',
    ', ',
    '-----BEGIN X-----\n',
    '-----END X-----',
  ),
  fc.string({ maxLength: 20 }),
);
const mixture = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer {
  const redactor = createRedactor();
  const out: Buffer[] = [];
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    out.push(...redactor.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...out, ...redactor.end()]);
}

describe('whatever stands around secrets', () => {
  test('a second redaction changes nothing', () => {
    fc.assert(
      fc.property(mixture, (text) => {
        const once = redact(text).text;
        expect(redact(once).text).toBe(once);
      }),
      { numRuns: cases(2_000) },
    );
  });

  test('a secret of its own look between lines is found', () => {
    fc.assert(
      fc.property(mixture, fc.constantFrom(...TOKENS), mixture, (before, token, after) => {
        expect(redact(`${before}\n${token}\n${after}`).text).not.toContain(`\n${token}\n`);
      }),
      { numRuns: cases(1_000) },
    );
  });

  test('a long text is the same in chunks and as a whole, and loses all that is planted', () => {
    const line = fc.oneof(
      { weight: 9, arbitrary: fc.constant(ORDINARY.repeat(400)) },
      { weight: 3, arbitrary: fc.constantFrom(...texts).map((t) => `\n${t}\n`) },
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 15, maxLength: 40 }),
        fc.array(fc.integer({ min: 1_000, max: 300_000 }), { minLength: 1, maxLength: 5 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.join(''), 'latin1');
          const whole = redactBytes(bytes).bytes;
          expect(inChunks(bytes, sizes).equals(whole)).toBe(true);
          expect(whole.includes(PASSWORD)).toBe(false);
          expect(redactBytes(whole).bytes.equals(whole)).toBe(true);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('a secret across the edge of what is looked at once is found, also in a line without an end', () => {
    for (const shift of [0, 1, 5, 9, 14, 20, 1_000]) {
      const filler = 'an ordinary word, '.repeat(20_000).slice(0, 262_144 - shift);
      const text = redact(`${filler} password=${PASSWORD} ${filler} token="${PASSWORD} ${PASSWORD}" ${filler}`).text;
      expect(text).not.toContain(PASSWORD.slice(0, 6));
    }
  });

  test('a value that is longer than what is looked at once is gone as a whole', () => {
    for (const value of ['ab'.repeat(500_000), 'a b'.repeat(100_000)]) {
      const { text, count } = redact(`x password="${value}" y`);
      expect(text).toBe('x password="[REDACTED]" y');
      expect(count).toBe(1);
    }
  });

  test('a cut comes after the redaction', () => {
    for (let max = 1; max < 60; max++) {
      const clean = cleanText(`it said password=${PASSWORD} and ${TOKENS[5] ?? ''}`, max);
      expect(clean.length).toBeLessThanOrEqual(max);
      expect(clean).not.toContain(PASSWORD.slice(0, 3));
      expect(clean).not.toContain('ghp_');
    }
  });
});

/** What is looked at as one text is never longer than some 300,000 bytes. */
const LENGTH = 131_072;
/** Of a processor, in milliseconds: what garbage collection and a cold start may add to either. */
const NOISE_MS = 100;

function cpuMsOf(length: number, word: string): number {
  const text = Buffer.alloc(length, word).toString('latin1');
  return cpuMs(() => redact(text));
}

/** Bytes that are in use when garbage is gone. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

test('a name that was judged does not keep the text alive in which it stood', () => {
  const filler = ORDINARY.repeat(2_000);
  const before = heapUsed();
  for (let n = 0; n < 100; n++) redact(`${filler}someQuiteLongName${n}Token=true `);
  expect(heapUsed() - before).toBeLessThan(5 * filler.length);
});

describe('one hostile line', () => {
  test.each([
    'password=',
    'password="',
    "pwd='",
    'pwd=\\\\"',
    'token: ',
    '--token ',
    'secret=a/',
    'eyJ',
    'ghp_',
    'xoxb-',
    'A.',
    'abcdef.',
    '://',
    '://a:b',
    '://a/b@',
    'a@',
    'a:b@',
    '@h.',
    'Environment=',
    'Env:[',
    'A=b ',
    '"name":"a",',
    'name: a\\n',
    'kind: Secret data: {',
    'data:\\n  a: b\\nkind: Secret',
    'authorization: ',
    'cookie: ',
    'Digest a="b", ',
    '-----BEGIN A-----',
    '-----END A-----',
    'MIIE',
    'aB3',
    '[1 ',
    '[112 97 ',
    '\\x70',
    '%70',
    '{',
    '$2a$',
    '-u a:',
    ' -p ',
    'curl -p ',
    '<password>',
    'identified by ',
    'host:22:',
    'a',
    ' ',
    '\\',
    '"',
    '\0',
    'A=\0',
    'hook/',
    '?sig=',
    'bearer ',
    '0',
    'é',
  ])('of %j takes no more than its length', (word) => {
    const half = cpuMsOf(LENGTH, word);
    const whole = cpuMsOf(2 * LENGTH, word);
    expect(whole).toBeLessThan(3 * half + NOISE_MS);
    expect(whole).toBeLessThan(1_000);
  });

  test('of 4 MiB is gone through in seconds', () => {
    const bytes = Buffer.alloc(4 * 1_048_576, 'cookie: ');
    let out = 0;
    const took = cpuMs(() => {
      const redactor = createRedactor();
      for (const part of redactor.push(bytes)) out += part.length;
      for (const part of redactor.end()) out += part.length;
    });
    expect(out).toBeGreaterThan(0);
    expect(took).toBeLessThan(4_000);
  });
});
