import { describe, expect, test } from '@jest/globals';
import { leaseFor, machineOf, nodeNameOf } from '../../../../src/core/decision/remediation/requester.ts';
import { objectionOf } from '../../../../src/core/decision/other-actors.ts';
import { aNode, at } from '../../../support/builders/objects.ts';
import { aRemediation, type RemediationOptions } from '../../../support/builders/remediations.ts';

const HELD = { kind: 'held', by: 'NodeHealthCheck-workers' } as const;
const LENT = { kind: 'lent', by: 'NodeHealthCheck-workers' } as const;

function answeredAs(status: 'True' | 'False' | 'Unknown'): object {
  return { conditions: [{ type: 'Succeeded', status, reason: 'X', message: '', lastTransitionTime: at(0) }] };
}

describe('the node of a request', () => {
  const annotated = { 'remediation.medik8s.io/node-name': 'node-b' };
  test.each<[string, RemediationOptions, string | undefined]>([
    ['is that of its name', {}, 'node-a'],
    ['is that of its annotation, whatever its name is', { name: 'node-b-x7k2q', annotations: annotated }, 'node-b'],
    ['is that of its Machine, which has to be asked', { owner: 'Machine', annotations: annotated }, undefined],
    ['stays what it was found to be', { owner: 'Machine', status: { nodeName: 'node-c' } }, 'node-c'],
  ])('%s', (_, options, name) => {
    expect(nodeNameOf(aRemediation(options))).toBe(name);
  });

  test('is of no Machine of another API', () => {
    const request = aRemediation({ owner: 'Machine' });
    const [owner] = request.metadata.ownerReferences;
    const of = (apiVersion: string) =>
      machineOf({ ...request, metadata: { ...request.metadata, ownerReferences: [{ ...owner!, apiVersion }] } });
    expect(of('cluster.x-k8s.io/v1beta1')).toMatchObject({ namespace: 'default', name: 'machine-a', uid: 'm' });
    for (const other of ['machine.openshift.io/v1beta1', 'cluster.x-k8s.io/v1beta2/x', 'a.cluster.x-k8s.io/v1beta2'])
      expect(of(other)).toBeUndefined();
    const set = { ...owner!, kind: 'MachineSet' };
    expect(machineOf({ ...request, metadata: { ...request.metadata, ownerReferences: [set] } })).toBeUndefined();
  });
});

describe('the maintenance lease of a node', () => {
  test.each<[string, typeof HELD | typeof LENT, RemediationOptions[]]>([
    ['is lent by the NodeHealthCheck that asks', LENT, [{ owner: 'NodeHealthCheck' }]],
    ['is lent while it is worked on', LENT, [{ owner: 'NodeHealthCheck', status: answeredAs('Unknown') }]],
    ['is not lent where nobody asks', HELD, []],
    ['is not lent by one that does not own the request', HELD, [{}, { owner: 'Machine' }]],
    [
      'is not lent once it has lost patience',
      HELD,
      [{ owner: 'NodeHealthCheck', annotations: { 'remediation.medik8s.io/nhc-timed-out': 'then' } }],
    ],
    ['is not lent once it is given back', HELD, [{ owner: 'NodeHealthCheck', status: answeredAs('False') }]],
    ['is not lent once it is done', HELD, [{ owner: 'NodeHealthCheck', status: answeredAs('True') }]],
    ['is not lent once it is taken back', HELD, [{ owner: 'NodeHealthCheck', deleting: true }]],
  ])('%s', (_, state, options) => {
    expect(leaseFor(HELD, options.map(aRemediation))).toEqual(state);
  });

  test('is not lent by what only looks like a NodeHealthCheck', () => {
    const request = aRemediation({ owner: 'NodeHealthCheck' });
    const [owner] = request.metadata.ownerReferences;
    const ownedBy = (apiVersion: string, kind: string) => ({
      ...request,
      metadata: { ...request.metadata, ownerReferences: [{ ...owner!, apiVersion, kind }] },
    });
    const others = [ownedBy('my.remediation.medik8s.io/v1', 'NodeHealthCheck'), ownedBy(owner!.apiVersion, 'Node')];
    expect(leaseFor(HELD, others)).toEqual(HELD);
  });

  test.each(['NodeHealthCheck-other', 'node-maintenance', 'workers', ''])('is not lent where %p holds it', (by) => {
    const held = { kind: 'held', by } as const;
    expect(leaseFor(held, [aRemediation({ owner: 'NodeHealthCheck' })])).toEqual(held);
  });

  test.each([{ kind: 'free' }, { kind: 'unused' }, { kind: 'unreadable', message: 'x' }] as const)(
    'is what it is where nobody holds it: $kind',
    (state) => {
      expect(leaseFor(state, [aRemediation({ owner: 'NodeHealthCheck' })])).toBe(state);
    },
  );

  test('matters no more where the node is to be replaced', () => {
    const request = aRemediation({ status: { ...answeredAs('False'), machine: 'ToBeReplaced' } });
    const state = leaseFor({ kind: 'free' }, [request]);
    expect(objectionOf(aNode(), 'i', state)).toEqual({
      reason: 'OtherActor',
      message: 'its Machine is to be replaced (KubeletRemediation default/node-a)',
    });
    const kept = aRemediation({ status: { ...answeredAs('False'), machine: 'NotReplaced' } });
    expect(leaseFor({ kind: 'free' }, [kept])).toEqual({ kind: 'free' });
    expect(objectionOf(aNode(), 'i', LENT)).toBeUndefined();
  });
});
