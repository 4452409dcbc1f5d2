import { describe, expect, test } from '@jest/globals';
import type { EvidenceEntry } from '../../../../src/api/v1alpha1/parts/evidence.ts';
import type { ActionRecord, IncidentStatus, Step } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { evidence } from '../../../../src/core/decision/incident/evidence-stage.ts';
import type { IncidentSnapshot, StageResult } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { anIncident, aPlan, at, T0 } from '../../../support/builders/objects.ts';
import { aBudgetView, aContact, SILENT } from '../../../support/builders/views.ts';
import { aSnapshot, dumps, entry, hostCaptured, log, NAME, NO_STACKS } from '../incident-builders.ts';

const host: Step = {
  name: 'capture-host',
  type: 'CaptureHost',
  state: 'Requested',
  startedAt: at(0),
  deadline: at(60_000),
  message: "dumps, logs, units, processes and runtime state, by the node's agent",
};
const proxy: Step = {
  name: 'capture-stacks',
  type: 'CaptureStacks',
  state: 'Requested',
  startedAt: at(0),
  deadline: at(60_000),
  message: "goroutine dumps through the API server's node proxy: the agent has none of the kubelet",
};
const taken = (name: string, ms: number): EvidenceEntry => ({
  ...entry('GoroutineDump', 'Controller', name),
  at: at(ms),
});
const failedAt = (ms: number): EvidenceEntry => ({
  ...taken('goroutines-1.txt.gz', ms),
  state: 'Failed',
  message: '405',
});
const threads = entry('ThreadStacks', 'Controller', 'threads.txt.gz');

interface Look extends Partial<Omit<IncidentSnapshot, 'incident' | 'stacks'>> {
  readonly steps?: Step[];
  readonly records?: ActionRecord[];
  readonly saved?: EvidenceEntry[];
  readonly ours?: readonly EvidenceEntry[];
  readonly unreadable?: ReadonlyMap<string, string>;
  readonly plan?: Parameters<typeof aPlan>[0];
}

function look(part: Look): StageResult {
  const { steps, records, saved, ours = [], unreadable = new Map(), plan = {}, ...rest } = part;
  const status: IncidentStatus = { ...(steps === undefined ? {} : { steps }), timings: { detectedAt: at(-1) } };
  const own = {
    mode: 'Remediate',
    ...plan,
    evidence: { deadline: '1m', dumps: 2, dumpInterval: '10s', ...plan.evidence },
  } as const;
  const seen = { ...status, actions: records, evidence: saved };
  const incident = anIncident({ name: NAME, plan: aPlan(own), status: seen });
  return evidence(
    aSnapshot({ now: T0, contact: aContact(), ...rest, stacks: { ...NO_STACKS, entries: ours, unreadable }, incident }),
    status,
  );
}

const claimOf = ({ status }: StageResult): unknown => findCondition(status.conditions, 'EvidenceCaptured');

describe('the capture by the agent', () => {
  test('is asked for first', () => {
    const result = look({});
    expect(result).toMatchObject({ kind: 'wait', reason: 'Capturing', until: T0 + 60_000, commands: [] });
    expect(result.status).toMatchObject({ steps: [host], evidence: [], evidenceCount: 0 });
    expect(claimOf(result)).toMatchObject({ status: 'Unknown', reason: 'Capturing' });
  });

  test('is asked for once, and its agent is asked whether it is there', () => {
    const result = look({ steps: [host], contact: aContact({ answeredMs: undefined }), now: T0 + 5_000 });
    expect(result.status.steps).toEqual([host]);
    expect(result).toMatchObject({ commands: [{ kind: 'AskAgent' }] });
  });

  test.each([
    [5, [{ kind: 'AskAgent' }]],
    [6, []],
  ])('of one of %d in a storm: whether its agent is asked for an act that is near', (open, commands) => {
    const incidents = Array.from({ length: open }, (_, index) => anIncident({ name: `other-${index}` }));
    const contact = aContact({ answeredMs: undefined });
    expect(look({ steps: [host], contact, budget: aBudgetView({ incidents }) })).toMatchObject({ commands });
  });

  test.each<[string, ActionRecord, Partial<Step>]>([
    ['done', { ...hostCaptured, message: '11 artifacts' }, { state: 'Succeeded', message: '11 artifacts' }],
    ['done without a word', hostCaptured, { state: 'Succeeded', message: host.message! }],
    ['failed', { ...hostCaptured, state: 'Failed', message: 'full' }, { state: 'Failed', message: 'full' }],
  ])('is over as its record says: %s', (_name, record, end) => {
    const result = look({ steps: [host], records: [record], saved: [...dumps, log] });
    expect(findStep(result.status, 'capture-host')).toEqual({ ...host, ...end, finishedAt: at(0) });
    expect(result.kind).toBe('pass');
  });

  test.each<[string, ActionRecord]>([
    ['of an act', { ...hostCaptured, name: 'act-1' }],
    ['of what is under way', { ...hostCaptured, state: 'Reserved' }],
  ])('is not over by a record %s', (_name, record) => {
    expect(look({ steps: [host], records: [record], saved: [...dumps, log] }).kind).toBe('wait');
  });

  test('is not waited for beyond its deadline', () => {
    const saved = [...dumps, log];
    expect(look({ steps: [host], saved, now: T0 + 59_999 }).kind).toBe('wait');
    const late = look({ steps: [host], saved, now: T0 + 60_000 });
    expect(findStep(late.status, 'capture-host')).toMatchObject({
      state: 'Failed',
      message: 'not finished by the deadline',
    });
    expect(late.kind).toBe('pass');
  });
});

describe('what was saved', () => {
  const over = { steps: [host], records: [hostCaptured] };

  test.each<[string, Look, object]>([
    ['all', { saved: [...dumps, log] }, { status: 'True', reason: 'Complete', message: '3 artifacts' }],
    [
      'most',
      { saved: [...dumps, log, { ...log, name: 'x', state: 'Failed' }] },
      { status: 'True', reason: 'Partial', message: '3 artifacts, 1 missing' },
    ],
    [
      'no log',
      { saved: dumps },
      { status: 'False', reason: 'Missing', message: 'missing: the kubelet log; 2 artifacts' },
    ],
    [
      'no log, and nobody to ask for it',
      { saved: dumps, contact: SILENT },
      {
        status: 'False',
        message: expect.stringContaining(
          'missing: the kubelet log; 2 artifacts; the agent on node-a is silent: it last',
        ),
      },
    ],
    [
      'a dump that cannot be read back',
      { saved: [dumps[0]!, log], unreadable: new Map([['goroutines-1.txt.gz', 'not gzip']]) },
      { status: 'False', message: 'missing: a goroutine dump (not gzip); 1 artifacts, 1 missing' },
    ],
    ['what is not of the agent', { saved: [{ ...dumps[0]!, by: 'Controller' }, log] }, { status: 'False' }],
    [
      'dumps of ours',
      { saved: [log], ours: [taken('goroutines-1.txt.gz', 0)] },
      { status: 'True', message: '2 artifacts' },
    ],
  ])('is sealed: %s', (_name, part, claim) => {
    const result = look({ ...over, ...part });
    expect(claimOf(result)).toMatchObject(claim);
    expect(result.status.timings).toEqual({ detectedAt: at(-1), evidenceAt: at(0) });
    const isMet = (claim as { status: string }).status === 'True';
    expect(result.kind).toBe(isMet ? 'pass' : 'complete');
    if (!isMet) expect(result).toMatchObject({ outcome: 'EvidenceMissing' });
  });

  test.each<[string, Look['plan'], string]>([
    ['Required', { evidence: { gate: 'Required' } }, 'complete'],
    ['BestEffort', { evidence: { gate: 'BestEffort' } }, 'pass'],
    ['Required, where nothing is done anyway', { mode: 'Capture', evidence: { gate: 'Required' } }, 'pass'],
  ])('may be too little: %s', (_name, plan, kind) => {
    expect(look({ ...over, saved: [log], plan: plan ?? {} }).kind).toBe(kind);
  });

  test.each(['True', 'False'] as const)('is sealed once: %s', (state) => {
    const sealed = { type: 'EvidenceCaptured', status: state, reason: 'x', message: '', lastTransitionTime: at(0) };
    const status = { conditions: [sealed] };
    expect(evidence(aSnapshot(), status)).toEqual({ kind: 'pass', status });
  });

  test('is counted, ours and theirs, up to what a status may say', () => {
    const ours = [taken('a', 0), failedAt(0)];
    const result = look({ steps: [host], saved: [...dumps, { ...log, state: 'Failed' }], ours });
    expect(result.status).toMatchObject({ evidence: ours, evidenceCount: 3 });
    const many = Array.from({ length: 60 }, (_, index) => ({ ...log, name: `x${index}` }));
    const more = Array.from({ length: 10 }, (_, index) => taken(`y${index}`, 0));
    expect(look({ steps: [host], saved: many, ours: more }).status.evidenceCount).toBe(64);
  });
});

describe('the controller takes dumps itself', () => {
  const over: Look = { steps: [host], records: [hostCaptured], saved: [log], nodeProxy: true };

  test('where the agent has none', () => {
    const result = look(over);
    expect(findStep(result.status, 'capture-stacks')).toEqual(proxy);
    expect(result).toMatchObject({ kind: 'wait', until: T0, commands: [{ kind: 'CaptureStacks', round: 0 }] });
  });

  test.each<[string, Look, boolean]>([
    ['where it may not', { nodeProxy: false }, false],
    ['while the agent may bring one', { records: [] }, false],
    ['where the agent is silent', { records: [], contact: SILENT }, true],
    ['where the agent has one', { saved: [dumps[0]!, log] }, false],
    ['where the agent has only threads', { saved: [{ ...threads, by: 'Agent' }, log] }, true],
  ])('%s: %j', (_name, part, expected) => {
    expect(findStep(look({ ...over, ...part }).status, 'capture-stacks') !== undefined).toBe(expected);
  });

  const taking: Look = { ...over, steps: [host, proxy] };
  test.each<[string, readonly EvidenceEntry[], number, number]>([
    ['after an interval', [taken('a', 0)], 10_000, 1],
    ['after a pause, where one has failed', [failedAt(0)], 2_000, 1],
    ['after an interval from the last one, whatever came of it', [taken('a', 0), failedAt(5_000)], 15_000, 2],
    ['after a pause, where all is of something else', [threads], 2_000, 1],
  ])('%s', (_name, ours, due, round) => {
    const early = look({ ...taking, ours, now: T0 + due - 1 });
    expect(early).toMatchObject({ kind: 'wait', until: T0 + due, commands: [] });
    const result = look({ ...taking, ours, now: T0 + due });
    expect(result).toMatchObject({ commands: [{ kind: 'CaptureStacks', round }] });
  });

  test('until there are enough', () => {
    const result = look({ ...taking, ours: [taken('a', 0), threads, taken('b', 10_000)] });
    expect(findStep(result.status, 'capture-stacks')).toEqual({
      ...proxy,
      state: 'Succeeded',
      finishedAt: at(0),
      message: '2 goroutine dumps',
    });
    expect(result.kind).toBe('pass');
  });

  test('no longer than to the deadline, and says why it has none', () => {
    const { message } = findStep(
      look({ ...taking, ours: [{ ...threads, state: 'Failed' }, taken('a', 0), failedAt(59_000)], now: T0 + 60_000 })
        .status,
      'capture-stacks',
    )!;
    expect(message).toBe('405');
    const none = look({ ...taking, ours: [taken('a', 59_000)], now: T0 + 60_000 });
    expect(findStep(none.status, 'capture-stacks')).toMatchObject({
      state: 'Failed',
      message: 'not finished by the deadline',
    });
    const agents = look({ ...taking, records: [], ours: [failedAt(59_000)], now: T0 + 60_000 });
    expect(findStep(agents.status, 'capture-host')?.message).toBe('not finished by the deadline');
  });

  test('is looked at no later than the deadline', () => {
    expect(look({ ...taking, ours: [taken('a', 55_000)], now: T0 + 56_000 })).toMatchObject({ until: T0 + 60_000 });
  });
});
