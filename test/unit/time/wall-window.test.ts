import { expect, test } from '@jest/globals';
import { type ClockSetting, wallWindow, withSetting } from '../../../src/core/time/wall-window.ts';

const HOUR = 3_600_000;
const LENGTH = 900_000;
const NOW = { wallMs: 100 * HOUR, monotonicMs: 2 * HOUR };
const offsetMs = NOW.wallMs - NOW.monotonicMs;
const first: ClockSetting = { sinceMs: 0, offsetMs };
const minutesAgo = (minutes: number): number => NOW.monotonicMs - minutes * 60_000;

test.each<[string, readonly ClockSetting[], since: number, until: number]>([
  ['was not set', [first], -LENGTH, 0],
  ['has not been looked at', [], -LENGTH, 0],
  [
    'was set 6 h ahead 5 minutes ago',
    [
      { ...first, offsetMs: offsetMs - 6 * HOUR },
      { sinceMs: minutesAgo(5), offsetMs },
    ],
    -LENGTH - 6 * HOUR,
    0,
  ],
  [
    'was set 6 h back 5 minutes ago',
    [
      { ...first, offsetMs: offsetMs + 6 * HOUR },
      { sinceMs: minutesAgo(5), offsetMs },
    ],
    -LENGTH,
    6 * HOUR - 300_000,
  ],
  [
    'was set before the window',
    [
      { ...first, offsetMs: offsetMs - 6 * HOUR },
      { sinceMs: minutesAgo(16), offsetMs },
    ],
    -LENGTH,
    0,
  ],
])('the window of a clock that %s', (_, settings, since, until) => {
  expect(wallWindow(settings, NOW, LENGTH)).toEqual({ since: NOW.wallMs + since, until: NOW.wallMs + until });
});

test('a clock that is corrected is not set, and one that is set often is remembered for its newest settings', () => {
  const known = withSetting([], NOW);
  expect(known).toEqual([{ sinceMs: NOW.monotonicMs, offsetMs }]);
  expect(withSetting(known, { ...NOW, wallMs: NOW.wallMs + 2_000 })).toBe(known);
  const settings = Array.from({ length: 20 }, (_, hour) => hour * HOUR).reduce(
    (before, ms) => withSetting(before, { wallMs: NOW.wallMs + ms, monotonicMs: NOW.monotonicMs }),
    known,
  );
  expect(settings).toHaveLength(16);
  expect(settings.at(-1)?.offsetMs).toBe(offsetMs + 19 * HOUR);
});
