import { describe, expect, test } from '@jest/globals';
import { describeFleet, type FleetMember } from '../../../src/core/diagnosis/fleet.ts';

function member(node: string, kubeletVersion: string | undefined, fingerprint: string | undefined = 'a1'): FleetMember {
  return { node, kubeletVersion, fingerprint, cause: 'pleg-event-channel-deadlock' };
}

describe('the pattern of the fleet', () => {
  test.each<[string, readonly FleetMember[], string | undefined]>([
    [
      'says how many nodes are at the same line and their version',
      [member('a', 'v1.12.10'), member('b', 'v1.12.10'), member('c', 'v1.12.10'), member('d', 'v1.12.10')],
      '4 of 12 nodes, same line, pleg-event-channel-deadlock, all kubelet 1.12.10',
    ],
    [
      'names several versions',
      [member('a', 'v1.12.10'), member('b', 'v1.11.5')],
      '2 of 12 nodes, same line, pleg-event-channel-deadlock, kubelets 1.11.5, 1.12.10',
    ],
    [
      'does not say all where a version is not known',
      [member('a', 'v1.12.10'), member('b', undefined)],
      '2 of 12 nodes, same line, pleg-event-channel-deadlock, kubelet 1.12.10',
    ],
    ['counts a node once', [member('a', 'v1.12.10'), member('a', 'v1.12.10')], undefined],
    ['says nothing of different fingerprints', [member('a', 'v1', 'x'), member('b', 'v1', 'y')], undefined],
    ['says nothing of nodes without a fingerprint', [member('a', 'v1', ''), member('b', 'v1', 'y')], undefined],
    ['says nothing of an empty fleet', [], undefined],
  ])('%s', (_, members, expected) => {
    expect(describeFleet(members, 12)).toBe(expected);
  });
});
