import { describe, expect, test } from '@jest/globals';
import { bundleNameOf } from '../../../src/agent/evidence/spool-bundle.ts';
import { earlyBundleName, isEarlyBundle } from '../../../src/core/evidence/bundle.ts';
import { workOf } from '../../../src/agent/run-steps.ts';
import { withRecord } from '../../../src/agent/record.ts';
import { nextProbeObservation } from '../../../src/agent/health/probe-runtime.ts';
import { bundlesToRemove } from '../../../src/agent/evidence/spool-retention.ts';
import { NOT_PROBED } from '../../../src/agent/health/observation.ts';
import type { ActionRecord, IncidentStatus, Step } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { anIncident, at, T0 } from '../../support/builders/objects.ts';

function step(name: string, type: Step['type'], change: Partial<Step> = {}): Step {
  const action = type === 'Act' ? { action: 'RestartKubelet' as const } : {};
  return { name, type, state: 'Requested', startedAt: at(0), ...action, ...change };
}

function record(name: string, state: ActionRecord['state']): ActionRecord {
  return { name, action: 'RestartKubelet', state, reservedAt: at(0) };
}

function work(status: IncidentStatus): readonly string[] {
  return workOf(anIncident({ status })).map((one) => `${one.kind} ${('record' in one ? one.record : one.step).name}`);
}

const complete = {
  type: 'Complete',
  status: 'True',
  reason: 'Recovered',
  message: '',
  lastTransitionTime: at(0),
} as const;

describe('the work that an incident asks of the agent', () => {
  test.each<[string, IncidentStatus, readonly string[]]>([
    ['none at first', {}, []],
    ['a capture', { steps: [step('capture-host', 'CaptureHost')] }, ['capture capture-host']],
    ['an act', { steps: [step('act-1', 'Act')] }, ['act act-1']],
    [
      'not the steps of the controller',
      { steps: [step('capture-stacks', 'CaptureStacks'), step('cordon', 'Cordon')] },
      [],
    ],
    ['not what is over', { steps: [step('act-1', 'Act', { state: 'Failed' })] }, []],
    ['not what is recorded', { steps: [step('act-1', 'Act')], actions: [record('act-1', 'Succeeded')] }, []],
    [
      'what was refused is not tried again',
      { steps: [step('act-1', 'Act')], actions: [record('act-1', 'Refused')] },
      [],
    ],
    [
      'a reservation without a result is taken up first',
      { steps: [step('capture-host', 'CaptureHost'), step('act-1', 'Act')], actions: [record('act-1', 'Reserved')] },
      ['resume act-1', 'capture capture-host'],
    ],
    [
      'a reservation whose step is over is taken up too',
      { steps: [step('act-1', 'Act', { state: 'Failed' })], actions: [record('act-1', 'Reserved')] },
      ['resume act-1'],
    ],
    [
      'an act without an action is none',
      { steps: [{ name: 'act-1', type: 'Act', state: 'Requested', startedAt: at(0) }] },
      [],
    ],
    ['nothing of a complete incident', { steps: [step('act-1', 'Act')], conditions: [complete] }, []],
  ])('%s', (_name, status, expected) => {
    expect(work(status)).toEqual(expected);
  });

  test('a record takes the place of the one of its name, and the others stay', () => {
    const part = { actions: [record('a', 'Succeeded'), record('b', 'Reserved')], evidence: [], host: undefined };
    expect(withRecord(part, record('b', 'Failed')).actions.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'Succeeded'],
      ['b', 'Failed'],
    ]);
    expect(withRecord(part, record('c', 'Reserved')).actions).toHaveLength(3);
  });
});

describe('the spool', () => {
  test('loses bundles of incidents that are gone and old early ones, and nothing else', () => {
    const old = earlyBundleName(T0 - 60_000);
    const newest = earlyBundleName(T0);
    const bundles = ['node-a-open', 'node-a-gone', old, newest];
    const gone = bundlesToRemove({ bundles, incidents: new Set(['node-a-open']), newestEarly: newest });
    expect(gone).toEqual(['node-a-gone', old]);
  });

  test('names of early bundles sort by time and are told from names of incidents', () => {
    const names = [1, 10, 100, 1_000, 86_400_000].map((ms) => earlyBundleName(T0 + ms));
    expect([...names].sort()).toEqual(names);
    expect(names.every(isEarlyBundle)).toBe(true);
    expect(isEarlyBundle('early-node-x7k2q')).toBe(false);
  });

  test('a long name of an incident is a shorter folder of its own', () => {
    const names = ['a', 'b'].map((end) => bundleNameOf(`${'n'.repeat(250)}${end}`));
    expect(names[0]).toHaveLength(120);
    expect(names[0]).not.toBe(names[1]);
    expect(bundleNameOf('node-a-7f3k2')).toBe('node-a-7f3k2');
  });

  test.each(['..', '.', '../x', 'a/b', 'UPPER', ''])('an incident cannot be called %j', (name) => {
    expect(() => bundleNameOf(name)).toThrow('cannot be a folder');
  });
});

describe('the CRI probe', () => {
  const began = { wallMs: T0, monotonicMs: 0 };
  const ended = { wallMs: T0 + 5_000, monotonicMs: 5_000 };

  test('a run of failures begins with the start of its first one and ends with an answer', () => {
    const first = nextProbeObservation(
      NOT_PROBED,
      { state: 'Timeout', latencyMs: 5_000, message: 'no answer' },
      began,
      ended,
    );
    const later = { wallMs: T0 + 10_000, monotonicMs: 10_000 };
    const second = nextProbeObservation(
      first,
      { state: 'Unavailable', latencyMs: 1, message: 'refused' },
      ended,
      later,
    );
    expect(second).toMatchObject({ state: 'Unavailable', failingSince: T0, failingSinceMs: 0, message: 'refused' });
    const answer = {
      state: 'Answered',
      latencyMs: 3.6,
      message: '',
      runtimeName: 'containerd',
      runtimeVersion: '1.6.20',
    } as const;
    const answered = nextProbeObservation(second, answer, later, later);
    expect(answered).toMatchObject({ latencyMs: 4, lastSuccessAt: T0 + 10_000, message: '' });
    expect(answered.failingSince).toBeUndefined();
    const failed = nextProbeObservation(answered, { state: 'Timeout', latencyMs: 5_000, message: 'x' }, later, later);
    expect(failed).toMatchObject({ runtimeName: 'containerd', runtimeVersion: '1.6.20', lastSuccessAt: T0 + 10_000 });
  });

  test.each([6 * 3_600_000, -2 * 3_600_000])(
    'a run of failures is as long as it was, when the clock is set by %d ms meanwhile',
    (jump) => {
      const failure = { state: 'Timeout', latencyMs: 5_000, message: 'no answer' } as const;
      const first = nextProbeObservation(NOT_PROBED, failure, began, ended);
      const begins = { wallMs: T0 + 5_000 + jump, monotonicMs: 5_000 };
      const ends = { wallMs: T0 + 10_000 + jump, monotonicMs: 10_000 };
      const second = nextProbeObservation(first, failure, begins, ends);
      expect(second.at! - second.failingSince!).toBe(10_000);
    },
  );

  test('a probe that could not be made is no failure of the runtime', () => {
    const unknown = nextProbeObservation(
      NOT_PROBED,
      { state: 'Unknown', latencyMs: 0, message: 'no endpoint' },
      began,
      ended,
    );
    expect(unknown.failingSince).toBeUndefined();
    expect(unknown.message).toBe('no endpoint');
  });
});
