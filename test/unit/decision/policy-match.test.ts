import { describe, expect, test } from '@jest/globals';
import { matchPolicy, selects } from '../../../src/core/decision/policy/policy-match.ts';
import { aNode, aPolicy } from '../../support/builders/objects.ts';

describe('a node selector', () => {
  const labels = { zone: 'a', pool: 'gpu' };
  test.each([
    ['an empty selector', {}, true],
    ['an exact label', { matchLabels: { zone: 'a' } }, true],
    ['another value', { matchLabels: { zone: 'b' } }, false],
    ['In', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }, true],
    ['In without the key', { matchExpressions: [{ key: 'rack', operator: 'In', values: ['a'] }] }, false],
    [
      'NotIn without the key, as Kubernetes has it',
      { matchExpressions: [{ key: 'rack', operator: 'NotIn', values: ['a'] }] },
      true,
    ],
    ['In of another value', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }, false],
    ['NotIn of another value', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['b'] }] }, true],
    ['Exists without the key', { matchExpressions: [{ key: 'rack', operator: 'Exists' }] }, false],
    ['DoesNotExist without the key', { matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }, true],
    ['NotIn', { matchExpressions: [{ key: 'pool', operator: 'NotIn', values: ['gpu'] }] }, false],
    ['Exists', { matchExpressions: [{ key: 'pool', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'pool', operator: 'DoesNotExist' }] }, false],
    [
      'both, of which one fails',
      { matchLabels: { zone: 'a' }, matchExpressions: [{ key: 'pool', operator: 'DoesNotExist' }] },
      false,
    ],
  ] as const)('%s', (_, selector, want) => {
    expect(selects(selector as unknown as Parameters<typeof selects>[0], labels)).toBe(want);
  });
});

describe('two policies on one node', () => {
  test('the higher priority rules, and the other one is known to lose', () => {
    const low = aPolicy({ priority: 1 }, 'low');
    const high = aPolicy({ priority: 5 }, 'high');
    const match = matchPolicy(aNode(), [low, high]);
    expect(match.policy?.metadata.name).toBe('high');
    expect(match.overridden.map((policy) => policy.metadata.name)).toEqual(['low']);
  });

  test('on a tie the older one rules, then the name', () => {
    const older = aPolicy({}, 'z');
    const newer = {
      ...aPolicy({}, 'a'),
      metadata: { ...aPolicy({}, 'a').metadata, creationTimestamp: '2026-11-24T00:00:00Z' },
    };
    expect(matchPolicy(aNode(), [newer, older]).policy?.metadata.name).toBe('z');
    expect(matchPolicy(aNode(), [aPolicy({}, 'b'), aPolicy({}, 'a')]).policy?.metadata.name).toBe('a');
  });

  test('no policy rules a node that none selects', () => {
    expect(matchPolicy(aNode(), [aPolicy({ nodeSelector: { matchLabels: { x: 'y' } } })]).policy).toBeUndefined();
  });

  test('a policy that is being deleted rules no more', () => {
    const policy = aPolicy();
    const going = { ...policy, metadata: { ...policy.metadata, deletionTimestamp: '2026-11-24T00:00:00Z' } };
    expect(matchPolicy(aNode(), [going])).toEqual({ policy: undefined, overridden: [] });
  });
});
