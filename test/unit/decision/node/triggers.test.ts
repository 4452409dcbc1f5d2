import { describe, expect, test } from '@jest/globals';
import type { KubeletHealth } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { NodeSnapshot } from '../../../../src/core/decision/node/node-snapshot.ts';
import { findTrigger, TRIGGERS } from '../../../../src/core/decision/node/triggers.ts';
import { aHealth, aNode, aPolicy, at, T0 } from '../../../support/builders/objects.ts';
import { aContact, SILENT } from '../../../support/builders/views.ts';

const episode = (startedAt: number): { startedAt: string; lastLineAt: string; lines: number } => ({
  startedAt: at(startedAt),
  lastLineAt: at(startedAt),
  lines: 1,
});

interface Look extends Partial<NodeSnapshot> {
  readonly detection?: NonNullable<Parameters<typeof aPolicy>[0]>['detection'];
}

function look({ detection = {}, ...part }: Look): ReturnType<typeof findTrigger> {
  const snapshot: NodeSnapshot = {
    now: T0 + 1_000,
    node: aNode(),
    match: { policy: undefined, overridden: [] },
    health: aHealth(),
    contact: aContact(),
    incidents: [],
    wellMs: undefined,
    told: undefined,
    ...part,
  };
  return findTrigger(snapshot, aPolicy({ detection }));
}

test.each([
  ['PLEGUnhealthy', true, true],
  ['PLEGFlapping', true, false],
  ['RuntimeHung', true, true],
  ['RuntimeDown', true, true],
  ['KubeletDown', true, true],
  ['KubeletSilent', true, true],
  ['Manual', false, false],
  ['Drill', false, false],
] as const)('%s is of a fault: %p, and about the moment: %p', (type, isFault, isMomentary) => {
  expect(TRIGGERS[type]).toMatchObject({ isFault, isMomentary });
});

describe('PLEG that is unhealthy', () => {
  test('is claimed since its newest episode, or since it is known', () => {
    const claim = { type: 'PLEGUnhealthy', source: 'KubeletLog', message: 'PLEG is Unhealthy' };
    const episodes = [episode(-90_000), episode(-7_000)];
    expect(look({ health: aHealth({ state: 'Unhealthy', episodes }) })).toEqual({
      ...claim,
      at: at(-7_000),
      elapsed: undefined,
      threshold: undefined,
    });
    expect(look({ health: aHealth({ state: 'Unhealthy' }) })).toMatchObject({ ...claim, at: at(-60_000) });
  });

  test.each<[string, Look]>([
    ['of a silent agent', { contact: SILENT }],
    ['of an agent that was not heard yet', { contact: aContact({ isHeard: false }) }],
  ])('is not believed %s', (_name, part) => {
    expect(look({ health: aHealth({ state: 'Unhealthy' }), ...part })).toBeUndefined();
  });
});

describe('PLEG that flaps', () => {
  const detection = { sustainedFor: '1h', flapping: { episodes: 3, within: '30m' } };
  const flapping = (...starts: readonly number[]): KubeletHealth =>
    aHealth({ state: 'Unhealthy', episodes: starts.map(episode) });

  test('is claimed at its last episode', () => {
    expect(look({ detection, health: flapping(-1_800_000, -900_000, -1) })).toEqual({
      type: 'PLEGFlapping',
      at: at(-1),
      source: 'KubeletLog',
      message: '3 episodes of an unhealthy PLEG within 30m; the last: PLEG is Unhealthy',
    });
  });

  test.each<[string, Look]>([
    ['with too few episodes', { health: flapping(-900_000, -1) }],
    ['with one that is too old', { health: flapping(-1_800_001, -900_000, -1) }],
    ['with none', { health: flapping() }],
    ['once it is healthy', { health: aHealth({ episodes: [-3, -2, -1].map(episode) }) }],
    ['of a silent agent', { health: flapping(-3, -2, -1), contact: SILENT }],
  ])('is not claimed %s', (_name, part) => {
    expect(look({ detection, ...part })).toBeUndefined();
  });
});

describe('the condition of the Node', () => {
  const message = 'PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s';
  const node = aNode({ ready: 'False', since: -30_000, message });
  const blind: Look = { node, health: undefined, contact: SILENT };

  test('is claimed where no agent tells', () => {
    expect(look(blind)).toEqual({
      type: 'PLEGUnhealthy',
      at: at(-30_000),
      source: 'NodeReady',
      message: `Node condition Ready: ${message}`,
      elapsed: '4m0.5s',
      threshold: '3m0s',
    });
  });

  test('is claimed as of now where it does not say when, and in words that fit', () => {
    const [ready] = node.status.conditions;
    const long = { ...ready!, lastTransitionTime: '', message: `${message} ${'x'.repeat(2_000)}` };
    const claim = look({ ...blind, node: { ...node, status: { ...node.status, conditions: [long] } } });
    expect(claim?.at).toBe('2026-11-24T10:00:01Z');
    expect(claim?.message).toHaveLength(1_024);
  });

  test.each<[string, Look]>([
    ['while the agent tells', { node }],
    ['of another fault', { ...blind, node: aNode({ ready: 'False', message: 'container runtime is down' }) }],
    ['of a node that is Ready, whatever it says', { ...blind, node: aNode({ ready: 'True', message }) }],
    ['of a lease that was lost', { ...blind, node: aNode({ ready: 'Unknown', message }) }],
    ['without one', { ...blind, node: { ...node, status: { ...node.status, conditions: [] } } }],
  ])('is not claimed %s', (_name, part) => {
    expect(look(part)).toBeUndefined();
  });
});

describe('a runtime that hangs', () => {
  const detection = { runtimeHungAfter: '20s' };
  interface Hung {
    readonly state?: 'Timeout' | 'Unavailable';
    readonly failingSince?: string | undefined;
    readonly dumpedAt?: number;
    readonly relistCall?: string;
  }
  function hung({ state = 'Timeout', failingSince = at(-20_000), dumpedAt = -20_000, ...rest }: Hung = {}) {
    const { relistCall = 'ListPodSandbox' } = rest;
    const early = { id: 'early-1', at: at(dumpedAt), reason: 'RuntimeSilent', artifacts: 9, bytes: 1, relistCall };
    const probe = { state, at: at(0), failingSince };
    return aHealth({ status: { runtime: { probe }, spool: { usedBytes: 0, limitBytes: 1, early } } });
  }

  test('is claimed since it fell silent', () => {
    expect(look({ detection, health: hung() })).toEqual({
      type: 'RuntimeHung',
      at: at(-20_000),
      source: 'RuntimeProbe',
      message: 'the CRI has not answered for 20s, and a stack dump shows relist waiting in ListPodSandbox',
    });
  });

  test('is claimed as long as it was silent, by the clock of the node', () => {
    const claim = look({ detection, now: T0 + 7_200_000, health: hung() });
    expect(claim?.message).toContain('for 20s');
  });

  const { spool, ...noDump } = hung().status;
  test.each<[string, Look]>([
    ['where the policy does not ask for it', { detection: {}, health: hung() }],
    ['before its time', { health: hung({ failingSince: at(-19_999), dumpedAt: 0 }) }],
    ['where nobody listens: that is another fault', { health: hung({ state: 'Unavailable' }) }],
    ['by a dump of before', { health: hung({ dumpedAt: -20_001 }) }],
    ['without a dump', { health: { ...hung(), status: noDump } }],
    [
      'since nobody knows when',
      { health: { ...hung(), status: { ...noDump, spool, runtime: { probe: { state: 'Timeout', at: at(0) } } } } },
    ],
    ['by a silent agent', { health: hung(), contact: SILENT }],
    ['without an agent', { health: undefined }],
  ])('is not claimed %s', (_name, part) => {
    expect(look({ detection, ...part })).toBeUndefined();
  });
});

describe('a program of the host', () => {
  type Program = NonNullable<NonNullable<KubeletHealth['status']['kubelet']>['program']>;
  const program = (state: Program['state'], forMs = 10_000): Program => ({ state, since: at(-forMs), message: 'why' });
  const kubelet = (state: Program['state'], forMs?: number): KubeletHealth =>
    aHealth({ status: { kubelet: { program: program(state, forMs) } } });
  const runtime = (state: Program['state'], probe: 'Answered' | 'Unavailable', forMs?: number): KubeletHealth =>
    aHealth({ status: { runtime: { program: program(state, forMs), probe: { state: probe } } } });
  const unknown = (sinceMs: number): NodeSnapshot['node'] =>
    aNode({ ready: 'Unknown', message: 'Kubelet stopped posting node status.', since: 1_000 - sinceMs });

  test.each<[string, Look, string, string]>([
    ['a kubelet that is frozen', { health: kubelet('Frozen') }, 'KubeletSilent', 'Kernel'],
    ['a kubelet that is debugged', { health: kubelet('Debugged') }, 'KubeletSilent', 'Kernel'],
    ['a kubelet that waits in the kernel', { health: kubelet('Uninterruptible') }, 'KubeletSilent', 'Kernel'],
    ['a kubelet that does not answer', { health: kubelet('Silent') }, 'KubeletSilent', 'KubeletProbe'],
    ['a kubelet that is stopped', { health: kubelet('Stopped') }, 'KubeletDown', 'ServiceManager'],
    ['a kubelet that is masked', { health: kubelet('Masked') }, 'KubeletDown', 'ServiceManager'],
    ['a kubelet whose unit is broken', { health: kubelet('Broken') }, 'KubeletDown', 'ServiceManager'],
    ['a kubelet that has failed', { health: kubelet('Failed') }, 'KubeletDown', 'ServiceManager'],
    ['a kubelet that crash-loops', { health: kubelet('CrashLooping') }, 'KubeletDown', 'ServiceManager'],
    [
      'a kubelet that systemd has been starting for long, on a Node that is Unknown',
      { health: kubelet('Starting', 300_000), node: unknown(20_000) },
      'KubeletSilent',
      'NodeReady',
    ],
    ['a runtime that has failed', { health: runtime('Failed', 'Unavailable') }, 'RuntimeDown', 'ServiceManager'],
    [
      'a kubelet that runs, on a Node that is Unknown',
      { health: kubelet('Running', 60_000), node: unknown(20_000), contact: aContact({ heardForMs: 0 }) },
      'KubeletSilent',
      'NodeReady',
    ],
    [
      'a kubelet that runs, on a Node that has just turned Unknown, whose agent was heard all the time',
      { health: kubelet('Running', 60_000), node: unknown(0), contact: aContact({ heardForMs: 60_000 }) },
      'KubeletSilent',
      'NodeReady',
    ],
    [
      'a kubelet that runs and renews no Lease, on a Node that has just turned Unknown, while its agent answers',
      {
        health: kubelet('Running', 60_000),
        node: unknown(0),
        contact: aContact({ heardForMs: 0, answeringForMs: 10_000 }),
        kubeletLease: { unrenewedMs: 10_000, durationMs: 40_000 },
      },
      'KubeletSilent',
      'NodeReady',
    ],
  ])('%s is claimed', (_name, part, type, source) => {
    expect(look(part)).toMatchObject({ type, source });
  });

  test.each<[string, Look]>([
    ['that runs', { health: kubelet('Running') }],
    ['that starts', { health: kubelet('Starting') }],
    ['of which nothing is known', { health: kubelet('Unknown') }],
    ['that has been down for a moment', { health: kubelet('Stopped', 9_999) }],
    ['that has been frozen for a moment', { health: kubelet('Frozen', 9_999) }],
    ['of a silent agent', { health: kubelet('Frozen'), contact: SILENT }],
    ['that answers, whatever its unit is', { health: runtime('Failed', 'Answered') }],
    [
      'on a Node that has just turned Unknown, whose agent was away before',
      { health: kubelet('Running', 60_000), node: unknown(19_999), contact: aContact({ heardForMs: 59_999 }) },
    ],
    [
      'whose agent answers, and that has renewed its Lease a moment ago',
      {
        health: kubelet('Running', 60_000),
        node: unknown(0),
        contact: aContact({ heardForMs: 0, answeringForMs: 60_000 }),
        kubeletLease: { unrenewedMs: 9_999, durationMs: 40_000 },
      },
    ],
    [
      'that renews no Lease, whose agent has just answered',
      {
        health: kubelet('Running', 60_000),
        node: unknown(0),
        contact: aContact({ heardForMs: 0, answeringForMs: 9_999 }),
        kubeletLease: { unrenewedMs: 60_000, durationMs: 40_000 },
      },
    ],
    ['that was started a moment ago', { health: kubelet('Running', 59_999), node: unknown(600_000) }],
    ['that is being started', { health: kubelet('Starting', 299_999), node: unknown(600_000) }],
    [
      'on a Node that is Unknown, whose agent is silent too',
      { health: kubelet('Running', 60_000), node: unknown(60_000), contact: SILENT },
    ],
    ['of an agent of before', { health: aHealth(), node: unknown(60_000) }],
  ])('one %s is not', (_name, part) => {
    expect(look(part)).toBeUndefined();
  });
});
