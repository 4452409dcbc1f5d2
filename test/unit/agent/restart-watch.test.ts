import { describe, expect, test } from '@jest/globals';
import { judgeRestart } from '../../../src/agent/act/restart-verification.ts';
import type { UnitFacts } from '../../../src/ports/host.ts';
import { aUnit, BEFORE } from './units.ts';

const NEW = { mainPID: 200, invocationID: 'b'.repeat(32) };

const NEXT = { mainPID: 300, invocationID: 'c'.repeat(32) };
/** Between two starts. */
const waiting = { ...NEXT, mainPID: 0, activeState: 'activating', subState: 'auto-restart' };

/** Feeds what is seen, half a second apart, until there is a verdict. */
function judge(seen: readonly Partial<UnitFacts>[]): string {
  let before: Parameters<typeof judgeRestart>[1];
  for (const [index, facts] of seen.entries()) {
    const verdict = judgeRestart(BEFORE, before, aUnit(facts), index * 500);
    if (verdict.kind === 'failed') return `failed: ${verdict.message}`;
    if (verdict.kind === 'restarted') return `restarted after ${String(index * 500)}`;
    before = verdict.seen;
  }
  return 'waits';
}

function times(count: number, facts: Partial<UnitFacts>): readonly Partial<UnitFacts>[] {
  return Array.from({ length: count }, () => facts);
}

describe('after a restart', () => {
  test.each<[string, readonly Partial<UnitFacts>[], RegExp]>([
    ['a process that stays for three seconds is a success', times(8, NEW), /^restarted after 3000$/],
    ['counted from when it is first seen', [{}, {}, ...times(8, NEW)], /^restarted after 4000$/],
    ['an unchanged unit is waited for', times(100, {}), /^waits$/],
    [
      'what the unit was like before is no failure',
      times(20, { activeState: 'failed', subState: 'failed', mainPID: 0 }),
      /^waits$/,
    ],
    [
      'a process of a unit that is not active yet is waited for',
      times(20, { ...NEW, activeState: 'activating' }),
      /^waits$/,
    ],
    ['an active unit without a process is waited for', times(20, { ...NEW, mainPID: 0 }), /^waits$/],
    [
      'a new invocation without a process yet is waited for',
      times(20, { ...NEW, mainPID: 0, activeState: 'activating', subState: 'start' }),
      /^waits$/,
    ],
    ['the old PID under a new invocation is no new process', times(20, { ...NEW, mainPID: BEFORE.pid }), /^waits$/],
    [
      'one that goes down once, and that systemd starts again, is a success',
      [NEW, NEW, { ...waiting, restarts: 0 }, ...times(8, { ...NEXT, restarts: 1 })],
      /^restarted after 4500$/,
    ],
    [
      'so is one that was down at the first look',
      [waiting, ...times(8, { ...NEXT, restarts: 1 })],
      /^restarted after 3500$/,
    ],
    ['and one whose crash nobody saw', [NEW, ...times(8, { ...NEXT, restarts: 1 })], /^restarted after 3500$/],
    ['it waits to be started again', times(100, waiting), /^waits$/],
    [
      'one that goes down again and again is a failure',
      [NEW, { ...waiting, restarts: 1 }, { ...NEXT, restarts: 1 }, { ...waiting, restarts: 2 }],
      /^failed: kubelet\.service crash-loops: activating \(auto-restart\), 2 restarts by systemd$/,
    ],
    [
      'also by a systemd that does not count',
      [NEW, NEXT, { mainPID: 400, invocationID: 'd'.repeat(32) }],
      /^failed: .*crash-loops: active \(running\), 0 restarts by systemd$/,
    ],
    [
      'a unit that failed is a failure',
      [{ ...NEW, mainPID: 0, activeState: 'failed', subState: 'failed' }],
      /^failed: /,
    ],
    [
      'a unit that went down is a failure',
      [NEW, { ...NEW, mainPID: 0, activeState: 'inactive', subState: 'dead' }],
      /^failed: .*went down again/,
    ],
  ])('%s', (_name, seen, expected) => {
    expect(judge(seen)).toMatch(expected);
  });
});
