/** The facts of a report, which a page may show as well. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockedFrames } from '../../../../src/cli/report/facts/blocked-frames.ts';
import { decisionOf } from '../../../../src/cli/report/facts/decision.ts';
import { goroutineFacts, goroutineId, waitingStack } from '../../../../src/cli/report/facts/goroutines.ts';
import { logWindow } from '../../../../src/cli/report/facts/log-window.ts';
import { firstSignAt, reportTimeline } from '../../../../src/cli/report/facts/moments.ts';
import { scaleOf, spread } from '../../../../src/cli/report/facts/scale.ts';
import { spansOf } from '../../../../src/cli/report/facts/spans.ts';
import { figuresOf, storyOf } from '../../../../src/cli/report/facts/story.ts';
import { anIncident, at } from '../../../support/builders/objects.ts';
import { approved, drilled, fixture, justOpened, observed, recovered } from '../../../support/report/scenarios.ts';

const FROZEN = 'kubelet/1.36.3-connection-frozen-215s';

describe('the timeline', () => {
  test('goes from the last relist to the end', () => {
    const { incident, now } = recovered();
    const titles = reportTimeline(incident, [], now).moments.map(({ title }) => title);
    expect(titles).toEqual([
      'last relist',
      'detected',
      'NotReady',
      'host evidence',
      'diagnosis',
      'confirmed',
      'cordoned',
      'decided',
      'kubelet restarted',
      'Ready',
      'verified',
      'uncordoned',
      'Recovered',
    ]);
  });

  test.each(['2562047h47m16.854775807s', '25h', '0s'])('has no first sign where the line says %s', (elapsed) => {
    expect(firstSignAt(anIncident({ trigger: { elapsed } }))).toBeUndefined();
  });

  test('leaves out the middle of very many moments, and says how many', () => {
    const events = Array.from({ length: 300 }, (_, i) => ({
      metadata: { ...anIncident().metadata, creationTimestamp: at(i * 1_000) },
      type: 'Warning',
      reason: 'RecoverySkipped',
      message: 'budget',
      count: 1,
      involvedObject: { kind: '', name: '', uid: '' },
    }));
    const { moments, leftOut } = reportTimeline(anIncident(), events, 0);
    expect(moments.length + leftOut).toBe(301);
    expect(moments.length).toBeLessThan(100);
  });
});

describe('the lanes', () => {
  test('are over where the node is well', () => {
    const { incident } = recovered();
    const spans = spansOf(incident, Date.parse('2026-11-24T13:24:38.389Z'));
    expect(spans.map(({ kind, isOpen }) => [kind, isOpen])).toEqual([
      ['fault', false],
      ['notReady', false],
      ['evidence', false],
      ['cordoned', false],
      ['action', false],
      ['verify', false],
    ]);
  });

  test('go on while the incident is open, and where it ends with a node that is not well', () => {
    const { incident, now } = approved();
    const open = spansOf(incident, now).filter(({ isOpen }) => isOpen);
    expect(open.map(({ kind }) => kind)).toEqual(['fault', 'notReady', 'cordoned']);
    const handedOver = anIncident({ status: { outcome: 'HandedOver', timings: { cordonedAt: at(2_000) } } });
    expect(spansOf(handedOver, 3_000).map(({ isOpen }) => isOpen)).toEqual([true, true]);
  });

  test('have no fault where a person asked for the evidence', () => {
    expect(spansOf(anIncident({ trigger: { type: 'Manual' } }), 0)).toEqual([]);
  });
});

describe('the scale', () => {
  test('is straight, and its ticks are round', () => {
    const { place, ticks } = scaleOf(-180_000, 60_000, 0);
    expect(place(-180_000)).toBe(0);
    expect(place(-60_000)).toBe(0.5);
    expect(ticks.map(({ label }) => label)).toEqual([
      '-3m0s',
      '-2m30s',
      '-2m0s',
      '-1m30s',
      '-1m0s',
      '-30s',
      '0',
      '+30s',
      '+1m0s',
    ]);
  });

  test('is finite for any times', () => {
    const time = fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
    fc.assert(
      fc.property(time, time, time, (from, to, zero) => {
        const { place, ticks } = scaleOf(from, to, zero);
        expect(ticks.length).toBeLessThan(15);
        for (const one of [from, to, zero]) expect(place(one)).toBeGreaterThanOrEqual(0);
        for (const one of [from, to, zero]) expect(place(one)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('moves marks apart, in their order and within its ends', () => {
    const places = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 })
      .map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(places, (all) => {
        const moved = spread(all, 0.024);
        expect(moved).toHaveLength(all.length);
        moved.forEach((one, i) => {
          expect(one).toBeGreaterThanOrEqual(0);
          expect(one).toBeLessThanOrEqual(1);
          if (i > 0) expect(one - moved[i - 1]!).toBeGreaterThan(0.02);
        });
      }),
    );
  });
});

describe('the story', () => {
  test('says what it was, what was done and how it ended', () => {
    expect(storyOf(recovered().incident)).toBe(
      "PLEG is stuck: relist waits for ListPodSandbox on the kubelet's connection to the runtime, while the runtime answers others; kubelet restarted 3.5s after it was seen, and the node was Ready 7.4s later.",
    );
  });

  test('says who approved, and that it is open', () => {
    expect(storyOf(approved().incident)).toMatch(/; approved by jane@example\.com; it is open \(Acting\)\.$/);
    expect(storyOf(justOpened().incident)).toMatch(/^PLEG is not healthy: .*; it is open\.$/);
  });

  test('says that nothing was done, and that it was a drill', () => {
    expect(storyOf(observed().incident)).toMatch(/; the policy only observes\.$/);
    expect(storyOf(drilled().incident)).toMatch(/^A drill: FrozenKubelet .*; recovered in time\.$/);
  });

  test('tells no time that lies before its beginning', () => {
    const { incident } = recovered();
    const trigger = { ...incident.spec.trigger, at: '2026-11-24T19:00:00Z' };
    const late = { ...incident, spec: { ...incident.spec, trigger } };
    expect(figuresOf(late)).toEqual([{ name: 'not ready for', value: '10s' }]);
    expect(storyOf(late)).not.toContain('-');
  });
});

describe('the stack', () => {
  test('is marked where its link leads', () => {
    const frames = blockedFrames(recovered().incident.status.diagnosis!);
    expect(frames.filter(({ isBlocked }) => isBlocked)).toEqual([
      { func: 'pleg.(*GenericPLEG).Relist', place: 'pkg/kubelet/pleg/generic.go:310', isBlocked: true },
    ]);
  });

  test('is marked at the first frame of the kubelet where there is no link', () => {
    const { sourceLink: _, ...diagnosis } = recovered().incident.status.diagnosis!;
    const marked = blockedFrames(diagnosis).find(({ isBlocked }) => isBlocked);
    expect(marked?.func).toBe('v1.(*runtimeServiceClient).ListPodSandbox');
  });
});

describe('the goroutines', () => {
  test('are counted, and the one of the verdict goes first', () => {
    const dump = fixture(`${FROZEN}/goroutines-2.txt.gz`);
    const facts = goroutineFacts(dump, goroutineId('goroutine 364 [select, 1 minutes], CRI ListPodSandbox'))!;
    expect(facts.goroutines).toBe(176);
    expect(facts.byState[0]).toEqual({ state: 'select', count: 105 });
    expect(facts.byState.reduce((sum, { count }) => sum + count, 0)).toBe(176);
    expect(facts.groups[0]).toMatchObject({ isBlocked: true, count: 1, minutes: 1 });
  });

  test('of the runtime that wait for a lock are found without a name', () => {
    const dump = fixture('programs-dumps/containerd-store/go1.26.8-debug2.txt.gz');
    expect(waitingStack(dump, undefined)?.title).toMatch(/^40 goroutines \[sync\.RWMutex\.RLock/);
  });

  test('of what is no dump are none', () => {
    expect(goroutineFacts(Buffer.from('nothing'), 1)).toBeUndefined();
    expect(waitingStack(Buffer.from([0x1f, 0x8b, 0]), 1)).toBeUndefined();
  });
});

describe('the log', () => {
  const { trigger } = recovered().incident.spec;
  const log = fixture(`${FROZEN}/kubelet.log.gz`);

  test('is shown around the line that opened the incident', () => {
    const window = logWindow(log, { trigger, clues: [] })!;
    expect(window).toMatchObject({ around: 393, found: 'trigger', total: 518 });
    const line = window.lines.find(({ number }) => number === 393);
    expect(line).toMatchObject({ mark: 'breach' });
    expect(line?.text).toContain('3m2.742046688s');
  });

  test('is shown around another breach, a cited line, or its end', () => {
    expect(logWindow(log, { trigger: { ...trigger, elapsed: '9h' }, clues: [] })?.found).toBe('breach');
    const quiet = Buffer.from('a\nb\nc\n');
    const clue = { source: 'kubelet.log', lineNumber: 2, line: 'b', count: 1 };
    expect(logWindow(quiet, { trigger, clues: [clue] })).toMatchObject({ around: 2, found: 'clue' });
    expect(logWindow(quiet, { trigger, clues: [{ ...clue, lineNumber: 99 }] })).toMatchObject({
      around: 3,
      found: 'end',
    });
    expect(logWindow(Buffer.from(''), { trigger, clues: [] })).toBeUndefined();
  });

  test('takes no line for a breach that only quotes one', () => {
    const quoted = Buffer.from(
      'I1124 13:00:00.000000 1 pod.go:1] "x" err="a pod says: PLEG is not healthy: pleg was last seen active 3m2s ago; threshold is 3m0s"\n',
    );
    expect(logWindow(quoted, { trigger, clues: [] })?.found).toBe('end');
  });
});

describe('the decision', () => {
  test('has the name and the time of the API server', () => {
    const { incident } = approved();
    expect(decisionOf(incident)).toMatchObject({
      word: 'approved',
      by: 'jane@example.com',
      at: Date.parse('2026-11-24T13:38:38Z'),
      isAtMost: false,
    });
  });

  test('may be older than its time where the same writer wrote other fields', () => {
    const { incident } = approved();
    const managedFields = incident.metadata.managedFields.map((one) => ({
      ...one,
      fieldsV1: { 'f:spec': { 'f:approval': {}, 'f:uploads': {} } },
    }));
    expect(decisionOf({ ...incident, metadata: { ...incident.metadata, managedFields } })).toMatchObject({
      isAtMost: true,
    });
    expect(decisionOf({ ...incident, metadata: { ...incident.metadata, managedFields: [] } })?.at).toBeUndefined();
    expect(decisionOf(justOpened().incident)).toBeUndefined();
  });
});
