/** What is refused, and how the refusal reads. */
import { expect, test } from '@jest/globals';
import { NODES, POLICIES } from '../../src/api/resources.ts';
import { SECRETS } from '../support/secrets.ts';
import { failure, MANAGER, unique, type ClusterUnderTest } from './subject.ts';

export function describeRefusals(env: () => ClusterUnderTest): void {
  test('what is not allowed is denied, in reading and in writing', async () => {
    const nobody = env().cluster('nobody');
    const object = { metadata: { name: unique('denied'), namespace: 'default' }, data: {} };
    const calls = [
      () => nobody.list(NODES),
      () => nobody.get(NODES, { name: 'a' }),
      () => nobody.create(SECRETS, object, MANAGER),
    ];
    for (const call of calls) {
      const error = await failure(call());
      expect([error.code, error.class]).toEqual(['E_KUBE_DENIED', 'denied']);
      expect(error.message).toContain('nobody');
    }
  });

  test.each([
    ['an unknown word', { mode: 'Explode' }, 'spec.mode'],
    ['a number out of bounds', { budget: { maxConcurrent: 0 } }, 'spec.budget.maxConcurrent'],
    ['a bad duration', { evidence: { deadline: 'soon' } }, 'spec.evidence.deadline'],
    ['a bad percentage', { budget: { maxUnhealthy: '120%' } }, 'spec.budget.maxUnhealthy'],
    ['a wrong type', { paused: 'yes' }, 'spec.paused'],
    [
      'a selector without values',
      { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      'spec.nodeSelector.matchExpressions[0]',
    ],
  ])('%s in a policy is invalid, and the message names the field', async (_what, spec, field) => {
    const object = { metadata: { name: unique('policy') }, spec };
    const error = await failure(env().cluster('admin').create(POLICIES, object, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_INVALID', 'invalid']);
    expect(error.message).toContain(field);
    expect(error.message).not.toContain('evaluating rule');
  });

  test('fields that are left out get their defaults', async () => {
    const object = { metadata: { name: unique('policy') }, spec: { mode: 'Capture' } };
    const policy = await env().cluster('admin').create(POLICIES, object, MANAGER);
    expect(policy.spec).toMatchObject({ mode: 'Capture', strategy: 'RestoreFirst', budget: { maxUnhealthy: '50%' } });
  });

  test('a call ends with its signal and at its deadline', async () => {
    const cluster = env().cluster('admin');
    await expect(cluster.list(NODES, {}, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const slow = cluster.proxyNode(env().node, '/slow', { maxBytes: 100, deadlineMs: 300 });
    const error = await failure(slow);
    expect([error.code, error.class]).toEqual(['E_KUBE_DEADLINE', 'transient']);
  });
}
