import { describe, expect, test } from '@jest/globals';
import type { Node } from '../../../src/api/kubernetes/node.ts';
import { type ReadyLost, readyLost } from '../../../src/core/decision/ready-lost.ts';
import { aNode, T0 } from '../../support/builders/objects.ts';

type Seen = readonly [ready: 'True' | 'False' | 'Unknown', since: number];

function sinceAfter(...seen: readonly Seen[]): number | undefined {
  const nodes = seen.map(([ready, since]): Node => aNode({ ready, since }));
  const last = nodes.reduce<ReadyLost | undefined>((before, node) => readyLost(node, before), undefined);
  return last === undefined ? undefined : last.since - T0;
}

describe('a node has not been Ready', () => {
  test.each<[string, readonly Seen[], number | undefined]>([
    ['since its condition says so', [['False', 5_000]], 5_000],
    [
      'not at all where it is',
      [
        ['Unknown', 5_000],
        ['True', 9_000],
      ],
      undefined,
    ],
    [
      'since it fell silent, where its kubelet then says why',
      [
        ['Unknown', 5_000],
        ['False', 342_000],
      ],
      5_000,
    ],
    [
      'since it said so, where it then falls silent',
      [
        ['False', 5_000],
        ['Unknown', 60_000],
        ['False', 90_000],
      ],
      5_000,
    ],
    [
      'since it was Ready between',
      [
        ['Unknown', 5_000],
        ['True', 9_000],
        ['False', 20_000],
      ],
      20_000,
    ],
    [
      'since it may have been Ready between, unseen',
      [
        ['False', 5_000],
        ['False', 20_000],
      ],
      20_000,
    ],
    [
      'since the earlier time, where its clock is behind',
      [
        ['Unknown', 5_000],
        ['False', -90_000],
      ],
      -90_000,
    ],
  ])('%s', (_name, seen, expected) => {
    expect(sinceAfter(...seen)).toBe(expected);
  });

  test('under its own UID: another Node of the name is another one', () => {
    const first = readyLost(aNode({ ready: 'Unknown', since: 0 }), undefined);
    const other = aNode({ ready: 'False', since: 60_000 });
    const next = readyLost({ ...other, metadata: { ...other.metadata, uid: 'another' } }, first);
    expect(next?.since).toBe(T0 + 60_000);
  });

  test('since nobody knows when, where no condition says it', () => {
    const node = aNode();
    expect(readyLost({ ...node, status: { ...node.status, conditions: [] } }, undefined)).toBeUndefined();
  });
});
