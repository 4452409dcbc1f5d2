import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Node } from '../../../src/api/kubernetes/node.ts';
import { NODES } from '../../../src/api/resources.ts';
import {
  ANNOTATION_CORDON_REASON,
  ANNOTATION_CORDONED_BY,
  CONTROLLER_MANAGER,
} from '../../../src/api/v1alpha1/words/names.ts';
import { cordonNode, uncordonNode, unmarkNode } from '../../../src/controller/node-cordon.ts';
import { type JsonObject, objectAt } from '../../support/api-server/json.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const NAME = 'node-a';
const INCIDENT = 'node-a-x7k2q';
let bench: ReturnType<typeof createControllerWorld>;

beforeEach(() => {
  bench = createControllerWorld();
  bench.local.seeds.seed(NODES, { metadata: { name: NAME }, spec: {}, status: {} });
});

const node = (): Node => bench.local.read(NODES, NAME)!;

function annotate(annotations: Readonly<Record<string, string>>): void {
  const change = (draft: JsonObject): void => {
    draft['metadata'] = { ...objectAt(draft, 'metadata'), annotations };
  };
  bench.local.seeds.edit(NODES, { name: NAME }, change, 'kubectl-annotate');
}

const cordon = (seen: Node): Promise<void> => cordonNode(bench.world, seen, INCIDENT, 'why');
const uncordon = (seen: Node): Promise<void> => uncordonNode(bench.world, seen, INCIDENT);

describe('a cordon', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['has no annotation', {}],
    ['has some', { 'a.b/c~d': 'kept' }],
  ])('marks a node that %s as ours, and leaves it as it was when it is undone', async (_name, before) => {
    annotate(before);
    await cordon(node());
    expect(node().spec.unschedulable).toBe(true);
    expect(node().metadata.annotations).toEqual({
      ...before,
      [ANNOTATION_CORDONED_BY]: INCIDENT,
      [ANNOTATION_CORDON_REASON]: 'why',
    });
    await uncordon(node());
    expect(node().spec.unschedulable).toBe(false);
    expect(node().metadata.annotations).toEqual(before);
    expect(bench.local.writes.map(({ manager }) => manager)).toEqual([CONTROLLER_MANAGER, CONTROLLER_MANAGER]);
  });

  test('is undone also where somebody has taken its reason away', async () => {
    await cordon(node());
    annotate({ [ANNOTATION_CORDONED_BY]: INCIDENT });
    await uncordon(node());
    expect(node().spec.unschedulable).toBe(false);
  });

  test('of another incident is not undone', async () => {
    await cordon(node());
    await uncordonNode(bench.world, node(), 'node-a-other');
    expect(node().spec.unschedulable).toBe(true);
  });
});

describe('the annotations of a cordon', () => {
  test.each([true, false])('are taken away where a person has set unschedulable to %s', async (unschedulable) => {
    await cordon(node());
    const setAnew = [!unschedulable, unschedulable];
    for (const value of setAnew) {
      bench.local.seeds.edit(
        NODES,
        { name: NAME },
        (draft) => void (draft['spec'] = { unschedulable: value }),
        'kubectl',
      );
    }
    await unmarkNode(bench.world, node(), INCIDENT);
    expect(node().metadata.annotations).toEqual({});
    expect(node().spec.unschedulable).toBe(unschedulable);
  });

  test.each([INCIDENT, 'node-a-other'])('stay with it, and with that of another incident (%s)', async (incident) => {
    await cordon(node());
    const before = node();
    await unmarkNode(bench.world, before, incident);
    expect(node()).toEqual(before);
  });
});

// The second is not so where each object has a resourceVersion of its own, but it is after etcd was restored from a backup.
describe.each<[string, (seen: Node) => Node]>([
  [
    'was written by somebody since',
    (seen): Node => {
      annotate({ ...seen.metadata.annotations, 'a.b/c': 'd' });
      return seen;
    },
  ],
  ['is another one of the same name', (seen): Node => ({ ...seen, metadata: { ...seen.metadata, uid: 'uid-before' } })],
])('a node that %s', (_name, spoil) => {
  test('is not cordoned', async () => {
    await expect(cordon(spoil(node()))).rejects.toMatchObject({ class: 'conflict' });
    expect(node().spec.unschedulable).toBe(false);
  });

  test('is not uncordoned', async () => {
    await cordon(node());
    await expect(uncordon(spoil(node()))).rejects.toMatchObject({ class: 'conflict' });
    expect(node().spec.unschedulable).toBe(true);
  });
});
