import { describe, expect, test } from '@jest/globals';
import { KubeletHealth } from '../../../src/api/v1alpha1/kinds/health.ts';
import { AGENT_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import {
  agentSeenAt,
  clockSkewMs,
  isControlPlane,
  isLogUnreadable,
  isReady,
} from '../../../src/core/decision/node-state.ts';
import { aHealth, aNode, at, T0 } from '../../support/builders/objects.ts';

/** A KubeletHealth that these managers have written, each so long after T0. */
function writtenBy(
  ...writers: readonly (readonly [manager: string, subresource: string, ms: number])[]
): KubeletHealth {
  const { metadata, ...rest } = aHealth({ reportedAt: 90_000 });
  const managedFields = writers.map(([manager, subresource, ms]) => ({
    manager,
    subresource,
    operation: 'Apply',
    time: at(ms),
  }));
  return KubeletHealth.parse({ ...rest, metadata: { ...metadata, managedFields } });
}

describe('a node', () => {
  test('is ready by the condition of that type, and not without one', () => {
    const node = aNode();
    const pressure = { type: 'MemoryPressure', status: 'False' };
    const [ready] = node.status.conditions;
    const withConditions = (...conditions: object[]): boolean =>
      isReady({ ...node, status: { ...node.status, conditions: conditions as typeof node.status.conditions } });
    expect(withConditions(pressure, ready ?? {})).toBe(true);
    expect(withConditions(ready ?? {}, pressure)).toBe(true);
    expect(withConditions({ ...pressure, status: 'True' })).toBe(false);
    expect(withConditions()).toBe(false);
  });

  test.each([
    ['node-role.kubernetes.io/control-plane', true],
    ['node-role.kubernetes.io/master', true],
    ['node-role.kubernetes.io/worker', false],
  ])('of the label %s is of the control plane: %s', (label, expected) => {
    expect(isControlPlane(aNode({ labels: { [label]: '' } }))).toBe(expected);
  });
});

describe('when the agent was seen', () => {
  test('is when it last wrote its status, by the clock of the API server', () => {
    const health = writtenBy(
      ['other', 'status', 10_000],
      [AGENT_MANAGER, '', 20_000],
      [AGENT_MANAGER, 'status', 30_000],
    );
    expect(agentSeenAt(health)).toBe(T0 + 30_000);
    expect(clockSkewMs(health)).toBe(60_000);
  });

  test('is what it says itself where the server does not tell, and then no difference of clocks is known', () => {
    expect(agentSeenAt(writtenBy())).toBe(T0 + 90_000);
    expect(clockSkewMs(writtenBy())).toBe(0);
  });

  test('is never where it has not written', () => {
    const health = aHealth({ status: { agent: undefined } });
    expect(agentSeenAt(undefined)).toBeUndefined();
    expect(agentSeenAt(health)).toBeUndefined();
    expect(clockSkewMs(health)).toBe(0);
    expect(clockSkewMs({ ...writtenBy([AGENT_MANAGER, 'status', 1_000]), status: health.status })).toBe(0);
  });
});

describe('a log is unreadable', () => {
  const log = { source: 'journal', error: 'permission denied' };
  test.each<[string, boolean, Parameters<typeof aHealth>[0]]>([
    ['that has an error, while PLEG is not known', true, { state: 'Unknown', status: { log } }],
    ['not if PLEG is known all the same', false, { state: 'Healthy', status: { log } }],
    ['not if it has no error', false, { state: 'Unknown', status: { log: { source: 'journal' } } }],
    ['not if nothing is told of it', false, { state: 'Unknown' }],
  ])('%s: %s', (_name, expected, options) => {
    expect(isLogUnreadable(aHealth(options))).toBe(expected);
  });
});
