import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { findPatterns, patternText, type Case } from '../../../src/core/diagnosis/fleet.ts';

function diagnosis(fields: Partial<Diagnosis>): Diagnosis {
  return {
    cause: 'pleg-event-channel-deadlock',
    class: 'KubeletDeadlock',
    confidence: 'High',
    summary: 's',
    restartKubelet: 'Helps',
    restartRuntime: 'DoesNotHelp',
    recommendation: 'r',
    references: [],
    evidence: [],
    fingerprint: 'a1',
    blockedStack: 'pleg.(*GenericPLEG).relist  generic.go:261\nwait.JitterUntil  wait.go:133',
    ...fields,
  };
}

function stuck(node: string, fields: Partial<Diagnosis> = {}, number = 1): Case {
  return { incident: `${node}-${number}`, node, diagnosis: diagnosis(fields) };
}

const OLD = { kubeletVersion: 'v1.12.10' };

describe('the pattern of the fleet', () => {
  test.each<[string, readonly Case[], readonly string[]]>([
    [
      'says how many nodes are at the same line and their version',
      [stuck('a', OLD), stuck('b', OLD), stuck('c', OLD), stuck('d', OLD)],
      ['4 of 12 nodes in the cluster, same line, all kubelet 1.12.10'],
    ],
    [
      'names several versions',
      [stuck('a', OLD), stuck('b', { kubeletVersion: 'v1.11.5' })],
      ['2 of 12 nodes in the cluster, same line, kubelets 1.11.5, 1.12.10'],
    ],
    [
      'counts many versions',
      ['1.1', '1.2', '1.3', '1.4', '1.5'].map((kubeletVersion) => stuck(kubeletVersion, { kubeletVersion })),
      ['5 of 12 nodes in the cluster, same line, 5 kubelet versions'],
    ],
    [
      'does not speak of a line where there is no stack',
      [stuck('a', { blockedStack: undefined }), stuck('b', { blockedStack: undefined })],
      ['2 of 12 nodes in the cluster, same fault'],
    ],
    [
      'counts a node once',
      [stuck('a', OLD, 1), stuck('a', OLD, 2)],
      ['1 of 12 nodes in the cluster, 2 incidents, same line, all kubelet 1.12.10'],
    ],
    [
      'begins with the fault of most nodes',
      [stuck('a', { fingerprint: 'x' }), stuck('b', { fingerprint: 'x' }), stuck('a'), stuck('b'), stuck('c')],
      ['3 of 12 nodes in the cluster, same line', '2 of 12 nodes in the cluster, same line'],
    ],
    [
      'says nothing of different fingerprints',
      [stuck('a', { fingerprint: 'x' }), stuck('b', { fingerprint: 'y' })],
      [],
    ],
    [
      'says nothing of incidents without a fingerprint',
      [stuck('a', { fingerprint: undefined }), { incident: 'b-1', node: 'b', diagnosis: undefined }],
      [],
    ],
    ['says nothing of an empty fleet', [], []],
  ])('%s', (_, cases, expected) => {
    expect(findPatterns(cases).map((pattern) => patternText(pattern, 12))).toEqual(expected);
  });

  test.each([0, 1])(
    'counts the nodes that were met alone, where the cluster is not known or smaller now: %i',
    (cluster) => {
      expect(findPatterns([stuck('a'), stuck('b')]).map((pattern) => patternText(pattern, cluster))).toEqual([
        '2 nodes, same line',
      ]);
    },
  );

  test('lists the incidents, the nodes and where the fault is', () => {
    expect(findPatterns([stuck('b', { fixedIn: '1.14' }), stuck('a', { fixedIn: '1.14' })])).toEqual([
      {
        fingerprint: 'a1',
        cause: 'pleg-event-channel-deadlock',
        where: 'pleg.(*GenericPLEG).relist  generic.go:261',
        incidents: ['b-1', 'a-1'],
        nodes: ['a', 'b'],
        kubeletVersions: [],
        fixedIn: '1.14',
      },
    ]);
  });
});
