import { describe, expect, test } from '@jest/globals';
import {
  ANNOTATION_CORDONED_BY,
  ANNOTATION_EXCLUDE,
  CONTROLLER_MANAGER,
} from '../../../src/api/v1alpha1/words/names.ts';
import { isCordonedBy } from '../../../src/core/decision/node-state.ts';
import { type LeaseState, objectionOf } from '../../../src/core/decision/other-actors.ts';
import { aNode } from '../../support/builders/objects.ts';

const ours = {
  unschedulable: true,
  annotations: { [ANNOTATION_CORDONED_BY]: 'inc-1' },
  cordonedBy: CONTROLLER_MANAGER,
};

const FREE: LeaseState = { kind: 'free' };

describe('respect for others', () => {
  test.each([
    ['a node of nobody else', aNode(), undefined],
    ['our own cordon', aNode(ours), undefined],
    ["a person's cordon", aNode({ unschedulable: true, cordonedBy: 'kubectl-cordon' }), 'CordonedByOther'],
    [
      "another incident's cordon",
      aNode({ ...ours, annotations: { [ANNOTATION_CORDONED_BY]: 'inc-0' } }),
      'CordonedByOther',
    ],
    ['an excluded node', aNode({ annotations: { [ANNOTATION_EXCLUDE]: 'true' } }), 'NodeExcluded'],
    [
      'a node on its way out',
      aNode({ taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }] }),
      'OtherActor',
    ],
    ['a node under kured', aNode({ annotations: { 'weave.works/kured-reboot-in-progress': 'x' } }), 'OtherActor'],
    ['a node being deleted', aNode({ deleting: true }), 'NodeDeleting'],
  ])('%s', (_, node, reason) => {
    expect(objectionOf(node, 'inc-1', { kind: 'free' })?.reason).toBe(reason);
  });

  test('a maintenance lease names its holder', () => {
    expect(objectionOf(aNode(), 'inc-1', { kind: 'held', by: 'node-maintenance-operator' })?.message).toContain(
      'node-maintenance-operator',
    );
  });
});

describe('what an objection says', () => {
  test.each<[string, ReturnType<typeof aNode>, LeaseState, string]>([
    [
      'a lease that cannot be read stops every act',
      aNode(),
      { kind: 'unreadable', message: 'leases is forbidden' },
      'maintenance lease cannot be read: leases is forbidden',
    ],
    [
      'that nothing is done before it is known who has asked',
      aNode(),
      { kind: 'requestsUnknown', message: 'kubeletremediations is forbidden' },
      'not known whether another operator has asked for the node, or replaces it: kubeletremediations is forbidden',
    ],
    ['who is at work', aNode({ annotations: { 'weave.works/kured-reboot-in-progress': 'x' } }), FREE, 'kured is'],
    [
      'why it leaves',
      aNode({ taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }] }),
      FREE,
      'Karpenter is',
    ],
    ['that a cordon has no mark of ours', aNode({ unschedulable: true }), FREE, 'no kubelet-medic annotation'],
    [
      'whose cordon it is',
      aNode({ ...ours, annotations: { [ANNOTATION_CORDONED_BY]: 'inc-0' } }),
      FREE,
      'names incident inc-0',
    ],
  ])('%s', (_, node, lease, words) => {
    expect(objectionOf(node, 'inc-1', lease)?.message).toContain(words);
  });
});

describe('whose cordon it is', () => {
  test('a person who uncordons and cordons again takes it over, though our annotation is still there', () => {
    expect(isCordonedBy(aNode(ours), 'inc-1')).toBe(true);
    expect(isCordonedBy(aNode({ ...ours, cordonedBy: 'kubectl-cordon' }), 'inc-1')).toBe(false);
    expect(isCordonedBy(aNode({ ...ours, unschedulable: false }), 'inc-1')).toBe(false);
  });

  test('it is ours by the annotation alone where the server keeps no managed fields', () => {
    const { unschedulable, annotations } = ours;
    expect(isCordonedBy(aNode({ unschedulable, annotations }), 'inc-1')).toBe(true);
    expect(isCordonedBy(aNode({ unschedulable, annotations }), 'inc-2')).toBe(false);
  });

  test.each<[string, unknown]>([
    ['nothing of the spec', undefined],
    ['another field of it', { 'f:taints': {} }],
    ['what is no object', 'x'],
    ['null', null],
  ])('a manager that owns %s is not asked', (_, fields) => {
    const node = aNode(ours);
    const other = { manager: 'other', operation: 'Update', fieldsV1: { 'f:spec': fields } };
    const managedFields = [other, ...node.metadata.managedFields];
    expect(isCordonedBy({ ...node, metadata: { ...node.metadata, managedFields } }, 'inc-1')).toBe(true);
    expect(isCordonedBy({ ...node, metadata: { ...node.metadata, managedFields: [other] } }, 'inc-1')).toBe(true);
  });
});
