import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { durationMs, formatDuration, formatSeconds, parseDuration } from '../../../src/core/time/duration.ts';

describe('parseDuration reads what Go prints and reads', () => {
  test.each([
    ['58h29m3.043779855s', 210_543_043.779855],
    ['3m0s', 180_000],
    ['999.5ms', 999.5],
    ['12µs', 0.012],
    ['12μs', 0.012],
    ['12us', 0.012],
    ['100ns', 0.0001],
    ['-1.5s', -1500],
    ['+1h', 3_600_000],
    ['1h1m1s1ms', 3_661_001],
    ['.5s', 500],
    ['1.s', 1000],
    ['0', 0],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 3);
  });

  test.each(['', '1', 's', '1x', '1h 1m', ' 1s', '1s ', '--1s', '1..5s', '-', '+', '1d', 'NaN', '∞s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('formatDuration writes as Go does', () => {
  test.each([
    [0, '0s'],
    [66_000, '1m6s'],
    [183_040, '3m3.04s'],
    [150, '150ms'],
    [0.012, '12µs'],
    [3_600_000, '1h0m0s'],
    [-1500, '-1.5s'],
    [999.9999, '1s'],
    [59_999.9999, '1m0s'],
    [Number.NaN, '0s'],
  ])('%d ms', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('formatSeconds rounds', () => {
    expect(formatSeconds(66_499)).toBe('1m6s');
    expect(formatSeconds(59_500)).toBe('1m0s');
  });
});

describe('invariants', () => {
  test('what is written is read back, to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (micros) => {
        expect(parseDuration(formatDuration(micros / 1000))).toBeCloseTo(micros / 1000, 2);
      }),
    );
  });

  test('no text makes the parser throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.hmsuµn]{0,30}$/)), (text) => {
        const ms = parseDuration(text);
        expect(ms === undefined || !Number.isNaN(ms)).toBe(true);
      }),
    );
  });

  test('durationMs throws on what the schema should have refused', () => {
    expect(() => durationMs('soon')).toThrow(RangeError);
    expect(durationMs('1m')).toBe(60_000);
  });
});
