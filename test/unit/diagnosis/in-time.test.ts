/** What a log says at its end counts, and how long it has said so. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { cases } from '../../support/sizes.ts';

const known = {
  dumps: [],
  probe: 'Unknown',
  host: undefined,
  kubeletVersion: undefined,
  runtimeVersion: undefined,
} as const;

/** @param ms after ten o'clock, with parts of it. */
function at(ms: number): string {
  const micros = Math.round(ms * 1_000);
  const time = new Date(Date.UTC(2026, 10, 24, 10, 0, 0) + Math.floor(micros / 1_000)).toISOString();
  return `${time.slice(11, 23)}${String(micros % 1_000).padStart(3, '0')}`;
}

type Say = (ms: number) => string;
const PREFIXES: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => `Nov 24 10:00:00 node-1 kubelet[95]: ${line}`,
];
const klog =
  (level: string, message: string): Say =>
  (ms) =>
    `${level}1124 ${at(ms)}      95 kubelet.go:2646] ${message}`;
const never = klog('E', '"Skipping pod synchronization" err="PLEG is not healthy: pleg has yet to be successful"');
const check = klog(
  'E',
  '"Skipping pod synchronization" err="container runtime status check may not have completed yet"',
);
const breach = klog(
  'E',
  '"Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s"',
);
const event = klog('I', '"SyncLoop (PLEG): event for pod" pod="default/web-1" event={"Type":"ContainerStarted"}');
const other = klog('I', '"SyncLoop ADD" source="api" pods=["default/a"]');
const start = klog('I', '"Starting kubelet main sync loop"');

function verdictOf(lines: readonly string[], prefix = PREFIXES[0]!): Diagnosis {
  return diagnose({ ...known, logs: [{ name: 'kubelet.log', text: lines.map(prefix).join('\n') }] });
}

function every(say: Say, fromMs: number, toMs: number, stepMs: number): string[] {
  const lines: string[] = [];
  for (let ms = fromMs; ms <= toMs; ms += stepMs) lines.push(say(ms));
  return lines;
}

const MINUTE = 60_000;
const complaint = fc.constantFrom(never, check, breach);

describe('verdicts in time', () => {
  test('nothing is Healthy that complains last', () => {
    fc.assert(
      fc.property(
        complaint,
        fc.nat(10),
        fc.integer({ min: 0, max: 55_000 }),
        fc.boolean(),
        (say, minutes, tailMs, isQuiet) => {
          const lines = [
            start(0),
            ...every(event, 1_000, minutes * MINUTE + 1_000, 20_000),
            say(minutes * MINUTE + 2_000),
          ];
          if (!isQuiet) lines.push(other(minutes * MINUTE + 2_000 + tailMs));
          expect(verdictOf(lines).class).not.toBe('Healthy');
        },
      ),
      { numRuns: cases(500), seed: 8 },
    );
  });

  test('a complaint of a start that goes on for minutes is a start that is blocked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(never, check),
        fc.integer({ min: 160_000, max: 3_600_000 }),
        fc.integer({ min: 100, max: 30_000 }),
        (say, lasts, step) => {
          expect(verdictOf([start(0), ...every(say, 500, 500 + lasts, Math.max(step, lasts / 500))]).class).toBe(
            'StartUpBlocked',
          );
        },
      ),
      { numRuns: cases(200), seed: 9 },
    );
  });

  test('and one of seconds, with what relist found after it, is none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.nat(600_000), (lasts, later) => {
        expect(verdictOf([start(0), ...every(never, 100, 100 + lasts, 500), event(lasts + 200 + later)]).class).toBe(
          'Healthy',
        );
      }),
      { numRuns: cases(200), seed: 10 },
    );
  });

  test.each([
    [5_000, 'Unknown'],
    [5_000.1, 'StartUpBlocked'],
  ])('parts of a second count: %s ms without a start in sight is %s', (ms, right) => {
    expect(verdictOf([never(1_000), never(1_000 + ms)]).class).toBe(right);
  });

  test('what is over is said to be over, and since when', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 2, max: 30 }),
        fc.constantFrom(...PREFIXES),
        (until, later, prefix) => {
          const end = until * MINUTE;
          const lines = [
            ...every(breach, 0, end, MINUTE / 4),
            ...every(event, end + 20_000, end + later * MINUTE, 20_000),
          ];
          const { class: found, summary } = verdictOf(lines, prefix);
          expect(found).toBe('Unknown');
          if (prefix === PREFIXES[0]) expect(summary).toContain(`until ${at(end).slice(0, 8)},`);
        },
      ),
      { numRuns: cases(100), seed: 11 },
    );
  });
});
