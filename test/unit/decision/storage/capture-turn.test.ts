import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IncidentStatus, KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../../src/core/decision/incident/decide-incident.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import {
  type CaptureLimits,
  captureTurn,
  waitsForCapture,
} from '../../../../src/core/decision/storage/capture-turn.ts';
import { anIncident, at, T0 } from '../../../support/builders/objects.ts';
import { aBudgetView, CAPTURES } from '../../../support/builders/views.ts';
import { aSnapshot } from '../incident-builders.ts';

const MIB = 1024 * 1024;

/** An open incident whose capture began then and has ended; undefined: it has not begun. */
function open(name: string, beganMs: number | undefined, status: IncidentStatus = {}): KubeletIncident {
  const step = { name: 'capture-host', type: 'CaptureHost', state: 'Succeeded' } as const;
  const begun =
    beganMs === undefined
      ? {}
      : { steps: [{ ...step, startedAt: at(beganMs) }], timings: { evidenceAt: at(beganMs + 500) } };
  return anIncident({ name, node: name, createdAt: -60_000, status: { ...begun, ...status } });
}

const row = (count: number, beganMs: number | undefined): readonly KubeletIncident[] =>
  Array.from({ length: count }, (_, i) => open(`n${String(i).padStart(4, '0')}`, beganMs));
const own = open('own', undefined);
const turn = (others: readonly KubeletIncident[], limits: Partial<CaptureLimits> = {}) =>
  captureTurn(own, [own, ...others], { ...CAPTURES, ...limits }, T0);

describe('a capture', () => {
  test('begins at once where few others have begun, whatever is spent', () => {
    expect(turn(row(4, -100), { perMinute: 5, heldBytes: 1_000 * MIB })).toEqual({ kind: 'now' });
    // Those that wait have not begun.
    expect(turn([...row(4, -100), ...row(50, undefined)]).kind).toBe('now');
  });

  test('waits when ten have begun in five seconds, until the first of them gives its place back', () => {
    expect(turn(row(9, -4_000)).kind).toBe('now');
    expect(turn(row(10, -4_000))).toMatchObject({ kind: 'wait', reason: 'CaptureRateLimited', until: T0 + 1_000 });
    expect(turn(row(10, -5_000)).kind).toBe('now');
  });

  test('waits for room while the evidence of open incidents takes it, those under way counted in', () => {
    const spent = { heldBytes: 63.6 * MIB };
    expect(turn(row(5, -60_000), spent)).toMatchObject({ kind: 'wait', reason: 'EvidenceBudgetSpent' });
    expect(turn(row(5, -60_000), { heldBytes: 63 * MIB }).kind).toBe('now');
    const underWay = row(5, -6_000).map(({ metadata, ...rest }) => ({
      ...rest,
      metadata,
      status: { ...rest.status, timings: {} },
    }));
    expect(turn(underWay, { heldBytes: 62 * MIB })).toMatchObject({ reason: 'EvidenceBudgetSpent' });
  });

  test('is not kept from beginning by what a clock wrote that was ahead', () => {
    expect(turn(row(500, 3_600_000)).kind).toBe('now');
  });

  test('says in its incident what it waits for, is written once, and has its whole deadline when it begins', () => {
    const incident = open('own', undefined);
    const others = row(10, 500);
    const snapshot = aSnapshot({ incident, budget: aBudgetView({ incidents: [incident, ...others] }) });
    const { status, reason, nextCheckAt } = decideIncident(snapshot);
    expect([reason, status.state]).toEqual(['CaptureRateLimited', 'Waiting: turn to capture']);
    expect(findCondition(status.conditions, 'EvidenceCaptured')).toMatchObject({
      status: 'Unknown',
      reason: 'CaptureRateLimited',
      message: 'the capture waits for its turn: 120 begin in a minute, over the whole cluster',
    });
    expect(findStep(status, 'capture-host')).toBeUndefined();
    expect(nextCheckAt).toBe(T0 + 5_500);
    const again = { ...incident, status };
    const budget = aBudgetView({ incidents: [again, ...others] });
    expect(decideIncident({ ...snapshot, incident: again, budget, now: T0 + 2_000 }).status).toEqual(status);
    const later = decideIncident({ ...snapshot, incident: again, budget, now: T0 + 5_500 }).status;
    expect([later.state, findStep(later, 'capture-host')?.deadline]).toEqual(['Capturing', at(65_500)]);
  });
});

/** Lets all of them look when they are to, and begin when they may. @returns when each has begun, after T0. */
function live(
  count: number,
  perMinute: number,
  captureMs: number,
): { readonly began: readonly number[]; readonly looks: number } {
  const all = new Map(row(count, undefined).map((one) => [one.metadata.name, one]));
  const due = new Map([...all.keys()].map((name) => [name, T0]));
  const began: number[] = [];
  let looks = 0;
  while (due.size > 0) {
    const [name, now] = [...due].reduce((first, one) => (one[1] < first[1] ? one : first));
    const incidents = [...all.values()].map((one) => {
      const startedAt = Date.parse(one.status.steps?.[0]?.startedAt ?? '');
      return startedAt + captureMs <= now ? one : { ...one, status: { ...one.status, timings: {} } };
    });
    const incident = all.get(name)!;
    const found = captureTurn(incident, incidents, { ...CAPTURES, perMinute }, now);
    looks += 1;
    if (found.kind === 'now') {
      began.push(now - T0);
      all.set(name, open(name, now - T0));
      due.delete(name);
    } else {
      const reason = { type: 'EvidenceCaptured', status: 'Unknown', reason: found.reason, message: '' } as const;
      const conditions = [{ ...reason, lastTransitionTime: at(0) }];
      all.set(name, { ...incident, status: { conditions } });
      expect(found.until).toBeGreaterThan(now);
      due.set(name, found.until);
    }
  }
  return { began, looks };
}

describe('a storm', () => {
  test('of 500 nodes is over within five minutes at the default pace, and each looks a few times', () => {
    const { began, looks } = live(500, 120, 8_000);
    expect(began).toHaveLength(500);
    expect(Math.max(...began)).toBeLessThan(270_000);
    expect(looks).toBeLessThan(500 * 4);
    expect(began.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  });

  test('of any size keeps the pace in every minute but for the first five, and all come to their turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 5, max: 300 }), (count, perMinute) => {
        const { began } = live(count, perMinute, 3_000);
        expect(began).toHaveLength(count);
        for (const start of began) {
          const within = began.filter((one) => one >= start && one < start + 60_000).length;
          expect(within).toBeLessThanOrEqual(perMinute * (65 / 60) + 6);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('waits for nobody who is over', () => {
    const over = { type: 'Complete', status: 'True', reason: 'x', message: '', lastTransitionTime: at(0) } as const;
    const ended = row(50, -60_000).map((one) => ({ ...one, status: { ...one.status, conditions: [over] } }));
    expect(turn(ended).kind).toBe('now');
    expect(ended.some(waitsForCapture)).toBe(false);
  });
});
