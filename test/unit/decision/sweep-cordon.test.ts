import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { decideNode } from '../../../src/core/decision/node/decide-node.ts';
import type { NodeSnapshot } from '../../../src/core/decision/node/node-snapshot.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0 } from '../../support/builders/objects.ts';
import { aContact } from '../../support/builders/views.ts';

const ours = {
  unschedulable: true,
  annotations: { [ANNOTATION_CORDONED_BY]: 'inc-1' },
  cordonedBy: CONTROLLER_MANAGER,
} as const;

function over(remediation: object = {}): KubeletIncident {
  const complete = {
    type: 'Complete',
    status: 'True',
    reason: 'HandedOver',
    message: '',
    lastTransitionTime: at(0),
  } as const;
  const incident = anIncident({ name: 'inc-1', status: { conditions: [complete], timings: { completedAt: at(0) } } });
  return { ...incident, spec: { ...incident.spec, plan: aPlan({ remediation }) } };
}

function swept(part: Partial<NodeSnapshot>): readonly string[] {
  const { commands } = decideNode({
    now: T0,
    node: aNode(ours),
    match: { policy: undefined, overridden: [] },
    health: aHealth(),
    contact: aContact(),
    incidents: [over()],
    wellMs: 300_000,
    told: undefined,
    ...part,
  });
  return commands.map(({ kind }) => kind).filter((kind) => kind === 'SweepCordon' || kind === 'SweepMark');
}

describe('a cordon of ours', () => {
  test.each([
    ['is undone where its incident is over and the node has been well for five minutes', {}, true],
    ['stays for less', { wellMs: 299_999 }, false],
    ['stays on a node that is not well', { wellMs: undefined }, false],
    ['stays while its incident goes on', { incidents: [anIncident({ name: 'inc-1' })] }, false],
    ['is undone at once where its incident is gone', { incidents: [], wellMs: undefined }, true],
    ['stays where the policy leaves nodes cordoned', { incidents: [over({ uncordon: false })] }, false],
    ['that a person has made his own stays', { node: aNode({ ...ours, cordonedBy: 'kubectl-cordon' }) }, false],
    ['is not there', { node: aNode({ annotations: ours.annotations }) }, false],
    ['is not ours', { node: aNode({ unschedulable: true, cordonedBy: 'kubectl-cordon' }) }, false],
  ])('%s', (_, part, want) => {
    expect(swept(part).includes('SweepCordon')).toBe(want);
  });
});

const undone = aNode({ annotations: ours.annotations });

describe('our annotations', () => {
  test.each<[string, Partial<NodeSnapshot>, boolean]>([
    ['are taken from a node that a person has uncordoned, once the incident is over', { node: undone }, true],
    ['and once it is gone', { node: undone, incidents: [] }, true],
    ['stay while it goes on', { node: undone, incidents: [anIncident({ name: 'inc-1' })] }, false],
    ["and from a person's own cordon", { node: aNode({ ...ours, cordonedBy: 'kubectl-cordon' }) }, true],
    ['stay with a cordon of ours', {}, false],
    ['are not there', { node: aNode() }, false],
  ])('%s', (_, part, want) => {
    expect(swept(part).includes('SweepMark')).toBe(want);
  });
});
