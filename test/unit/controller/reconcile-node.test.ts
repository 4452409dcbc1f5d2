/** One node, looked at: the settings of its agent, its condition, its incident, and a cordon that was left. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { actOnNode } from '../../../src/controller/node/carry-out-node.ts';
import { gatherNode } from '../../../src/controller/node/gather-node.ts';
import { createNodeReconciler, type NodeReconciler } from '../../../src/controller/node/reconcile-node.ts';
import { aHealth, anIncident, aNode, at } from '../../support/builders/objects.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';
import { objectAt, type JsonObject } from '../../support/api-server/json.ts';

const NAME = 'node-a';
const MINUTE = 60_000;
let parts: ControllerParts;
let look: NodeReconciler;

beforeEach(async () => {
  parts = await createControllerContext();
  look = createNodeReconciler(parts.context);
});

const node = () => parts.local.read(NODES, NAME)!;
const incidents = () => parts.local.list(INCIDENTS);
const writesOf = (plural: string): readonly string[] =>
  parts.local.writes.filter((write) => write.plural === plural).map(({ verb }) => verb);

async function seedNode(options: Parameters<typeof aNode>[0] = {}): Promise<void> {
  const { metadata, spec, status } = aNode(options);
  const { uid, annotations } = metadata;
  parts.local.seeds.seed(NODES, { metadata: { name: NAME, uid, annotations }, spec, status });
  await parts.clock.settle();
}

function editHealth(change: (draft: JsonObject) => void): void {
  parts.local.seeds.edit(HEALTHS, { name: NAME }, change);
}

/** An incident that is over, or is not. */
function seedIncident(name: string, isOver: boolean, uid = 'uid-node-a'): void {
  const { spec } = anIncident();
  const complete = { type: 'Complete', status: 'True', reason: 'HandedOver', message: '', lastTransitionTime: at(0) };
  const status = isOver ? { conditions: [complete], outcome: 'HandedOver', timings: { completedAt: at(0) } } : {};
  parts.local.seeds.seed(INCIDENTS, { metadata: { name }, spec: { ...spec, nodeUID: uid }, status });
}

async function cordonBy(incident: string): Promise<void> {
  await seedNode({
    unschedulable: true,
    annotations: { [ANNOTATION_CORDONED_BY]: incident },
    cordonedBy: CONTROLLER_MANAGER,
  });
  parts.local.seeds.edit(
    NODES,
    { name: NAME },
    (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), unschedulable: false };
    },
    'test',
  );
  parts.local.seeds.edit(
    NODES,
    { name: NAME },
    (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), unschedulable: true };
    },
    CONTROLLER_MANAGER,
  );
  await parts.clock.settle();
}

describe('a node that is new', () => {
  test('has the settings of its agent written, once, and goes with it', async () => {
    await seedNode();
    expect(await look(NAME)).toBeGreaterThan(parts.clock.now());
    const health = parts.local.read(HEALTHS, NAME);
    expect(health?.spec).toMatchObject({ policy: 'default', mode: 'Remediate' });
    expect(health?.metadata.ownerReferences).toMatchObject([{ kind: 'Node', name: NAME, uid: 'uid-node-a' }]);
    expect(health?.metadata.managedFields[0]).toMatchObject({ manager: CONTROLLER_MANAGER, operation: 'Apply' });
    await parts.clock.settle();
    await look(NAME);
    expect(writesOf('kubelethealths')).toHaveLength(1);
  });

  test('has its settings written over what somebody else has written', async () => {
    await seedNode();
    parts.local.seeds.seed(HEALTHS, { metadata: { name: NAME }, spec: { policy: 'x', mode: 'Observe' } });
    await parts.clock.settle();
    await look(NAME);
    expect(parts.local.read(HEALTHS, NAME)?.spec).toMatchObject({ policy: 'default', mode: 'Remediate' });
  });

  test('is not looked at once it is gone', async () => {
    expect(await look('node-x')).toBeUndefined();
    expect(parts.local.writes).toEqual([]);
  });
});

describe('the condition KubeletStuck', () => {
  const stuck = () => node().status.conditions.find(({ type }) => type === 'KubeletStuck');

  test('is written when it changes, and its incident is named', async () => {
    await parts.stuckNode(NAME);
    await look(NAME);
    expect(stuck()).toMatchObject({ status: 'True', reason: 'PLEGUnhealthy' });
    const before = writesOf('nodes').length;
    await parts.clock.settle();
    await look(NAME);
    await parts.clock.settle();
    expect(stuck()?.message).toContain(`incident ${incidents()[0]!.metadata.name}`);
    await look(NAME);
    await parts.clock.settle();
    await look(NAME);
    expect(writesOf('nodes')).toHaveLength(before + 1);
  });

  test('is written once more for a node that has come back under its name', async () => {
    await parts.stuckNode(NAME);
    for (let turn = 0; turn < 3; turn++) {
      await look(NAME);
      await parts.clock.settle();
    }
    const before = writesOf('nodes').length;
    const kept = parts.local.seeds.read(NODES, { name: NAME })!;
    parts.local.seeds.remove(NODES, { name: NAME });
    await parts.clock.settle();
    await look(NAME);
    parts.local.seeds.seed(NODES, {
      metadata: { name: NAME, uid: 'uid-node-a' },
      spec: {},
      status: objectAt(kept, 'status'),
    });
    await parts.clock.settle();
    await look(NAME);
    expect(writesOf('nodes').length).toBe(before + 1);
  });
});

describe('an incident', () => {
  test('is opened once, counted and told', async () => {
    await parts.stuckNode(NAME);
    await look(NAME);
    const [incident] = incidents();
    expect(incident?.spec).toMatchObject({
      nodeName: NAME,
      nodeUID: 'uid-node-a',
      trigger: { type: 'PLEGUnhealthy' },
      plan: { policy: 'default', mode: 'Remediate' },
    });
    const { name } = incident!.metadata;
    expect(parts.metrics.values.get('incidents_opened_total{trigger="PLEGUnhealthy"}')).toBe(1);
    await parts.clock.settle();
    expect(parts.events('PLEGUnhealthy')).toEqual([
      `PLEGUnhealthy Node/${NAME}`,
      `PLEGUnhealthy KubeletIncident/${name}`,
    ]);
    await look(NAME);
    expect(incidents()).toHaveLength(1);
  });

  test('is not opened again before the watch brings it', async () => {
    await parts.stuckNode(NAME);
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    await look(NAME);
    expect(parts.context.view.openIncidents()).toHaveLength(1);
    await look(NAME);
    expect(writesOf('kubeletincidents')).toEqual(['create']);
  });

  test('is opened under another name where somebody else has taken its own', async () => {
    await parts.stuckNode(NAME);
    await look(NAME);
    const [{ metadata, spec }] = incidents() as [KubeletIncident];
    parts.local.seeds.remove(INCIDENTS, { name: metadata.name });
    const manual = { ...spec, trigger: { ...spec.trigger, type: 'Manual', by: 'mallory' } };
    const plan = { ...spec.plan, mode: 'Capture' };
    const complete = {
      type: 'Complete',
      status: 'True',
      reason: 'CaptureOnly',
      message: '',
      lastTransitionTime: at(0),
    };
    parts.local.seeds.seed(INCIDENTS, {
      metadata: { name: metadata.name },
      spec: { ...manual, plan },
      status: { conditions: [complete], outcome: 'CaptureOnly' },
    });
    await createNodeReconciler({ ...parts.context, view: { ...parts.context.view, incidentsOf: () => [] } })(NAME);
    const types = incidents().map((incident) => [incident.metadata.name === metadata.name, incident.spec.trigger.type]);
    expect(types.sort()).toEqual([
      [false, 'PLEGUnhealthy'],
      [true, 'Manual'],
    ]);
  });

  test('that the last controller has opened is no error, and is not told twice', async () => {
    await parts.stuckNode(NAME);
    await look(NAME);
    await parts.clock.settle();
    const told = parts.events('PLEGUnhealthy').length;
    const again = createNodeReconciler({
      ...parts.context,
      view: { ...parts.context.view, incidentsOf: () => [] },
    });
    await again(NAME);
    await parts.clock.settle();
    expect(parts.events('PLEGUnhealthy')).toHaveLength(told);
    expect(incidents()).toHaveLength(1);
  });

  test('that cannot be opened is an error', async () => {
    await parts.stuckNode(NAME);
    parts.faults.onCall(({ verb }) => (verb === 'create' ? { kind: 'refused', status: 500 } : undefined));
    await expect(look(NAME)).rejects.toMatchObject({ class: 'transient' });
  });

  test('of another node of that name is not of this one, and the newest comes first', async () => {
    await seedNode();
    seedIncident('old', true);
    await parts.clock.advance(2_000);
    seedIncident('new', true);
    seedIncident('other', true, 'uid-before');
    await parts.clock.settle();
    const names = gatherNode(parts.context, NAME)?.incidents.map(({ metadata }) => metadata.name);
    expect(names).toEqual(['new', 'old']);
  });

  test('that follows another of the same trouble has a name of its own', async () => {
    await parts.stuckNode(NAME);
    await look(NAME);
    const { name } = incidents()[0]!.metadata;
    parts.local.seeds.edit(INCIDENTS, { name }, (draft) => {
      const complete = { type: 'Complete', status: 'True', reason: 'Outdated', message: '', lastTransitionTime: at(0) };
      draft['status'] = { conditions: [complete], outcome: 'Outdated', timings: { completedAt: at(0) } };
    });
    await parts.clock.settle();
    await look(NAME);
    expect(incidents()).toHaveLength(2);
  });
});

describe('an agent', () => {
  const { status } = aHealth();
  const nameOf = (at: number): string => `node-${String(at)}`;
  const inquiry = (name = NAME) => parts.local.read(HEALTHS, name)?.spec.inquiry;

  async function manyNodes(count: number, ready: 'True' | 'Unknown'): Promise<readonly string[]> {
    const names = Array.from({ length: count }, (_, at) => nameOf(at));
    for (const name of names) {
      const { metadata, spec, status: said } = aNode({ name, ready });
      parts.local.seeds.seed(NODES, { metadata: { name, uid: metadata.uid }, spec, status: said });
      parts.local.seeds.seed(HEALTHS, { metadata: { name }, status });
    }
    await parts.clock.settle();
    return names;
  }

  test('of a node at rest is asked when its heartbeat is missing', async () => {
    await seedNode();
    parts.local.seeds.seed(HEALTHS, { metadata: { name: NAME }, status });
    await parts.clock.settle();
    await look(NAME);
    await parts.clock.advance(389_000);
    await look(NAME);
    expect(inquiry()).toBeUndefined();
    await parts.clock.advance(1_000);
    await look(NAME);
    expect(inquiry()).toBeDefined();
  });

  test('that reports every 30 s, as older ones do, is never asked', async () => {
    await seedNode();
    parts.local.seeds.seed(HEALTHS, { metadata: { name: NAME }, status });
    for (let times = 0; times < 30; times++) {
      await parts.clock.advance(30_000);
      editHealth((draft) => {
        const agent = { ...objectAt(objectAt(draft, 'status'), 'agent'), reportedAt: at(parts.clock.monotonic()) };
        draft['status'] = { ...objectAt(draft, 'status'), agent };
      });
      await parts.clock.settle();
      await look(NAME);
    }
    expect(inquiry()).toBeUndefined();
  });

  test('is asked as soon as its node is not ready', async () => {
    await seedNode();
    parts.local.seeds.seed(HEALTHS, { metadata: { name: NAME }, status });
    await look(NAME);
    await seedNode({ ready: 'False' });
    await look(NAME);
    expect(inquiry()).toBeDefined();
  });

  test.each([
    ['a thousand nodes turn Unknown at once', 'Unknown', 0, 30],
    ['a thousand heartbeats are missing after an outage', 'True', 400_000, 15],
  ] as const)('is asked in its turn where %s', async (_name, ready, quietMs, most) => {
    const names = await manyNodes(1_000, ready);
    for (const name of names) await look(name);
    await parts.clock.advance(quietMs);
    const before = names.filter((name) => inquiry(name) !== undefined).length;
    const dueAt = await Promise.all(names.map(async (name) => await look(name)));
    const asked = names.filter((name) => inquiry(name) !== undefined).length;
    expect(asked).toBeLessThanOrEqual(most);
    expect(asked + before).toBeGreaterThan(0);
    expect(Math.max(...dueAt.map((at) => at ?? 0)) - parts.clock.now()).toBeLessThanOrEqual(400_000);
  });

  test('is not asked before the time that the API server asks to be left alone, nor is another one', async () => {
    const [one = '', other = ''] = await manyNodes(2, 'Unknown');
    // The settings are written first.
    parts.faults.onCall(({ verb, plural, body }) =>
      verb === 'apply' && plural === HEALTHS.plural && JSON.stringify(body).includes('inquiry')
        ? { kind: 'refused', status: 429, retryAfterSeconds: 30 }
        : undefined,
    );
    await expect(look(one)).rejects.toMatchObject({ class: 'throttled', retryAfterMs: 30_000 });
    parts.faults.onCall(undefined);
    for (const name of [one, other]) expect(await look(name)).toBeLessThanOrEqual(parts.clock.now() + 30_100);
    await parts.clock.advance(29_000);
    for (const name of [one, other]) await look(name);
    expect([one, other].map(inquiry)).toEqual([undefined, undefined]);
    await parts.clock.advance(1_100);
    for (const name of [one, other]) await look(name);
    expect([one, other].map((name) => inquiry(name) !== undefined)).toEqual([true, true]);
  });
});

describe('a cordon that was left', () => {
  test('by an incident that is gone is undone at once, and told', async () => {
    await cordonBy('gone');
    await look(NAME);
    expect(node().spec.unschedulable).toBe(false);
    await parts.clock.settle();
    expect(parts.events('NodeUncordoned')).toEqual([`NodeUncordoned Node/${NAME}`]);
  });

  test('by an incident that the copies do not show yet stays', async () => {
    await cordonBy('fresh');
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    seedIncident('fresh', false);
    await look(NAME);
    expect(node().spec.unschedulable).toBe(true);
  });

  test('on a node that is another one by now stays', async () => {
    await cordonBy('gone');
    parts.faults.mirror(NODES.plural, { kind: 'held' });
    const { annotations, ...rest } = {
      annotations: { [ANNOTATION_CORDONED_BY]: 'gone' },
      spec: { unschedulable: true },
    };
    parts.local.seeds.remove(NODES, { name: NAME });
    parts.local.seeds.seed(NODES, { metadata: { name: NAME, uid: 'uid-of-another', annotations }, ...rest });
    await look(NAME);
    expect(node().spec.unschedulable).toBe(true);
  });

  test('by an incident that is over is undone when the node has been well for five minutes without a break', async () => {
    await parts.stuckNode(NAME);
    await cordonBy('over');
    seedIncident('over', true);
    const heal = async (isWell: boolean): Promise<void> => {
      const state = isWell ? 'Healthy' : 'Unhealthy';
      editHealth((draft) => {
        const status = objectAt(draft, 'status');
        const agent = { ...objectAt(status, 'agent'), reportedAt: new Date(parts.clock.now()).toISOString() };
        draft['status'] = { ...status, agent, pleg: { ...objectAt(status, 'pleg'), state } };
      });
      await parts.clock.settle();
      await look(NAME);
    };
    const wait = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute++) {
        await parts.clock.advance(MINUTE);
        await heal(true);
      }
    };
    await heal(true);
    await wait(3);
    await heal(false);
    await wait(5);
    expect(node().spec.unschedulable).toBe(true);
    await wait(1);
    expect(node().spec.unschedulable).toBe(false);
  });
});

test('a cordon that somebody has made his own since it was decided on is left, and nothing is told of it', async () => {
  seedIncident('inc-1', true);
  await cordonBy('inc-1');
  const snapshot = { ...gatherNode(parts.context, NAME)!, wellMs: undefined, told: undefined };
  parts.local.seeds.edit(
    NODES,
    { name: NAME },
    (draft) => {
      draft['metadata'] = { ...objectAt(draft, 'metadata'), annotations: {} };
    },
    'kubectl-annotate',
  );
  await actOnNode(parts.context, snapshot, { kind: 'SweepCordon', incident: 'inc-1', why: 'its incident is over' });
  await parts.clock.settle();
  expect(node().spec.unschedulable).toBe(true);
  expect(parts.events('NodeUncordoned')).toEqual([]);
});
