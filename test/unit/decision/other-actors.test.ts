import { describe, expect, test } from '@jest/globals';
import { ANNOTATION_CORDONED_BY, ANNOTATION_EXCLUDE, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/names.ts';
import { isCordonedBy } from '../../../src/core/decision/node-state.ts';
import { objectionOf } from '../../../src/core/decision/other-actors.ts';
import { aNode } from '../../support/builders/objects.ts';

const ours = {
  unschedulable: true,
  annotations: { [ANNOTATION_CORDONED_BY]: 'inc-1' },
  cordonedBy: CONTROLLER_MANAGER,
};

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

describe('whose cordon it is', () => {
  test('a person who uncordons and cordons again takes it over, though our annotation is still there', () => {
    expect(isCordonedBy(aNode(ours), 'inc-1')).toBe(true);
    expect(isCordonedBy(aNode({ ...ours, cordonedBy: 'kubectl-cordon' }), 'inc-1')).toBe(false);
    expect(isCordonedBy(aNode({ ...ours, unschedulable: false }), 'inc-1')).toBe(false);
  });
});
