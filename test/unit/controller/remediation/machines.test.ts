import { beforeEach, describe, expect, test } from '@jest/globals';
import { MACHINES, NODES, REMEDIATIONS } from '../../../../src/api/resources.ts';
import { askToReplace, nodeOfMachine } from '../../../../src/controller/remediation/machines.ts';
import { createRemediationReconciler } from '../../../../src/controller/remediation/reconcile-remediation.ts';
import { createRemediationView } from '../../../../src/controller/remediation/remediation-view.ts';
import type { RemediationSettings } from '../../../../src/controller/world.ts';
import { findCondition } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { MedicError } from '../../../../src/ports/errors.ts';
import { aNode, at, type NodeOptions } from '../../../support/builders/objects.ts';
import { aRemediation } from '../../../support/builders/remediations.ts';
import { createControllerContext, type ControllerParts } from '../../../support/controller-context.ts';

const REF = { apiVersion: MACHINES.apiVersion, namespace: 'default', name: 'machine-a', uid: 'm' };

let bench: ControllerParts;

beforeEach(async () => {
  bench = await createControllerContext();
});

function machine(status: object = {}, uid = 'm'): void {
  const health = { type: 'HealthCheckSucceeded', status: 'False', lastTransitionTime: at(0) };
  bench.local.seeds.seed(MACHINES, {
    metadata: { name: 'machine-a', namespace: 'default', uid },
    status: { nodeRef: { name: 'node-a' }, conditions: [health], ...status },
  });
}

function node(annotations: Readonly<Record<string, string>>, ready: NodeOptions = {}): void {
  const { spec, status } = aNode(ready);
  bench.local.seeds.seed(NODES, { metadata: { name: 'node-a', annotations }, spec, status });
}

const OURS = { 'cluster.x-k8s.io/machine': 'machine-a', 'cluster.x-k8s.io/cluster-namespace': 'default' };

describe('the node of a Machine', () => {
  test('is the one that it names and that names it', async () => {
    machine();
    node(OURS);
    expect(await nodeOfMachine(bench.context.world, REF)).toEqual({ kind: 'named', name: 'node-a' });
  });

  test.each<[string, string, () => void]>([
    ['there is no such Machine', 'NodeNotFound', () => undefined],
    [
      'it is another one of its name',
      'NodeNotFound',
      () => {
        machine({}, 'other');
      },
    ],
    [
      'it has no node yet',
      'NodeNotFound',
      () => {
        machine({ nodeRef: undefined });
      },
    ],
    [
      'its node is not here',
      'NodeNotFound',
      () => {
        machine();
      },
    ],
    [
      'the node is of a Machine of another namespace, whose node has the same name',
      'MachineMismatch',
      () => {
        machine();
        node({ ...OURS, 'cluster.x-k8s.io/cluster-namespace': 'others' });
      },
    ],
    [
      'the node is of no Machine',
      'MachineMismatch',
      () => {
        machine();
        node({});
      },
    ],
  ])('is nobody where %s', async (_, reason, given) => {
    given();
    expect(await nodeOfMachine(bench.context.world, REF)).toMatchObject({ kind: 'nobody', reason });
  });
});

describe('a Machine is replaced', () => {
  test.each<[string, object]>([
    ['is well', { conditions: [{ type: 'HealthCheckSucceeded', status: 'True' }] }],
    ['has not been checked', { conditions: [] }],
  ])('not where it %s', async (_, status) => {
    machine(status);
    expect(await askToReplace(bench.context.world, REF, 'why')).toBe('NotReplaced');
    expect(JSON.stringify(bench.local.seeds.read(MACHINES, REF))).not.toContain('OwnerRemediated');
  });
});

describe('a Machine whose node is there', () => {
  const others = { ...OURS, 'cluster.x-k8s.io/cluster-namespace': 'others' };

  test.each<[string, string, Readonly<Record<string, string>>, NodeOptions]>([
    ['waits, where it is Ready since Cluster API looked', 'ToBeReplaced', OURS, { since: 60_000 }],
    ['waits, where it is Ready since the same second', 'ToBeReplaced', OURS, { since: 500 }],
    ['is replaced, where it was Ready all the time: something else is wrong', 'Replaced', OURS, { since: -60_000 }],
    ['is replaced, where it is not Ready again', 'Replaced', OURS, { ready: 'Unknown', since: 60_000 }],
    ['is replaced, where the one that is Ready is of another Machine', 'Replaced', others, { since: 60_000 }],
  ])('%s', async (_, said, annotations, ready) => {
    machine();
    node(annotations, ready);
    expect(await askToReplace(bench.context.world, REF, 'why')).toBe(said);
    const isAsked = JSON.stringify(bench.local.seeds.read(MACHINES, REF)).includes('OwnerRemediated');
    expect(isAsked).toBe(said === 'Replaced');
  });

  test('waits where nobody says since when it is unhealthy', async () => {
    machine({ conditions: [{ type: 'HealthCheckSucceeded', status: 'False' }] });
    node(OURS, { since: -60_000 });
    expect(await askToReplace(bench.context.world, REF, 'why')).toBe('ToBeReplaced');
  });
});

describe('a request of a MachineHealthCheck', () => {
  async function answer(
    machines: RemediationSettings['machines'],
    times = 2,
    isNew = true,
  ): Promise<Record<string, unknown>> {
    const { metadata } = aRemediation({ owner: 'Machine' });
    const { name, namespace = '', uid, ownerReferences } = metadata;
    const spec = { whenNotHealed: 'ReplaceMachine' };
    const seeded = { metadata: { name, namespace, uid, ownerReferences }, spec };
    if (isNew) bench.local.seeds.seed(REMEDIATIONS, seeded);
    const world = { ...bench.context.world, remediations: { machines } };
    const requests = createRemediationView(world, new AbortController().signal);
    await requests.mirror?.whenSynced();
    const reconcile = createRemediationReconciler({ ...bench.context, world, requests });
    let againAt: number | undefined;
    for (let time = 0; time < times; time += 1) {
      againAt = await reconcile('default/node-a');
      await bench.clock.settle();
    }
    const { status } = requests.mirror!.get(name, namespace)!;
    const succeeded = findCondition(status.conditions, 'Succeeded');
    return {
      answer: `${succeeded?.status} ${succeeded?.reason}`,
      machine: status.machine,
      againMs: againAt === undefined ? undefined : againAt - bench.clock.now(),
      message: succeeded?.message,
    };
  }

  test('for a node that is not healed has its Machine replaced', async () => {
    machine();
    await bench.stuckNode('node-a');
    bench.local.seeds.edit(NODES, { name: 'node-a' }, (draft) => {
      draft['metadata'] = {
        name: 'node-a',
        uid: 'uid-node-a',
        annotations: { ...OURS, 'kubelet-medic.io/exclude': 'true' },
      };
    });
    await bench.clock.settle();
    expect(await answer('replace')).toMatchObject({ answer: 'False NodeExcluded', machine: 'Replaced' });
    expect(JSON.stringify(bench.local.seeds.read(MACHINES, REF))).toContain('kubelet-medic: the node is annotated');
  });

  test('is answered before the Machine is touched, so that who dies in between asks again', async () => {
    machine();
    expect(await answer('replace', 1)).toMatchObject({ answer: 'False NodeNotFound', machine: 'ToBeReplaced' });
    expect(JSON.stringify(bench.local.seeds.read(MACHINES, REF))).not.toContain('OwnerRemediated');
    expect(await answer('replace', 1, false)).toMatchObject({ machine: 'Replaced' });
  });

  test('waits for Cluster API to look again where its node is Ready again', async () => {
    machine();
    node({ ...OURS, 'kubelet-medic.io/exclude': 'true' }, { since: 60_000 });
    await bench.clock.settle();
    const waiting = { answer: 'False NodeExcluded', machine: 'ToBeReplaced', againMs: 15_000 };
    expect(await answer('replace', 3)).toMatchObject(waiting);
    expect(JSON.stringify(bench.local.seeds.read(MACHINES, REF))).not.toContain('OwnerRemediated');
    node({ ...OURS, 'kubelet-medic.io/exclude': 'true' }, { ready: 'False', since: 90_000 });
    expect(await answer('replace', 1, false)).toMatchObject({ machine: 'Replaced', againMs: undefined });
  });

  test('replaces nothing where the chart does not allow it', async () => {
    machine();
    expect(await answer('read')).toMatchObject({ answer: 'False NodeNotFound', machine: 'NotReplaced' });
    expect(JSON.stringify(bench.local.seeds.read(MACHINES, REF))).not.toContain('OwnerRemediated');
  });

  test('reads no Machine where it may not', async () => {
    expect(await answer('none')).toMatchObject({
      message: 'otherOperators.machineHealthCheck of the chart is off',
    });
    const { world } = bench.context;
    const denied = (): never => {
      throw new MedicError('E_KUBE_DENIED', 'denied', 'machines is forbidden');
    };
    bench = {
      ...bench,
      context: { ...bench.context, world: { ...world, cluster: { ...world.cluster, get: denied } } },
    };
    bench.local.seeds.remove(REMEDIATIONS, { name: 'node-a', namespace: 'default' });
    expect(await answer('read')).toMatchObject({
      answer: 'False NodeNotFound',
      message: 'the Machine of the node cannot be read: machines is forbidden',
    });
  });
});
