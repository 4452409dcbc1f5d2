import { beforeEach, describe, expect, test } from '@jest/globals';
import { MACHINES, NODES, REMEDIATIONS } from '../../../../src/api/resources.ts';
import { askToReplace, nodeOfMachine } from '../../../../src/controller/remediation/machines.ts';
import { createRemediationReconciler } from '../../../../src/controller/remediation/reconcile-remediation.ts';
import { createRemediationView } from '../../../../src/controller/remediation/remediation-view.ts';
import type { RemediationSettings } from '../../../../src/controller/world.ts';
import { findCondition } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { MedicError } from '../../../../src/ports/errors.ts';
import { aNode, at, type NodeOptions, T0 } from '../../../support/builders/objects.ts';
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

async function ask(): ReturnType<typeof askToReplace> {
  return await askToReplace(bench.context.world, { machine: REF, askedAt: T0, message: 'why' });
}

function isMarked(): boolean {
  return JSON.stringify(bench.local.seeds.read(MACHINES, REF) ?? {}).includes('OwnerRemediated');
}

function checked(status: 'True' | 'False', since: number): object {
  return { conditions: [{ type: 'HealthCheckSucceeded', status, lastTransitionTime: at(since) }] };
}

describe('a Machine', () => {
  test.each<[string, string, () => void]>([
    [
      'waits, where Cluster API has not said yet why it was asked for',
      'ToBeReplaced',
      () => {
        machine(checked('True', -3_600_000));
      },
    ],
    [
      'waits, where it was well in the second in which it was asked for',
      'ToBeReplaced',
      () => {
        machine(checked('True', 0));
      },
    ],
    [
      'waits, where it was never checked',
      'ToBeReplaced',
      () => {
        machine({ conditions: [] });
      },
    ],
    [
      'is not replaced, where it is well since',
      'NotReplaced',
      () => {
        machine(checked('True', 1_000));
      },
    ],
    ['is not replaced, where it is gone', 'NotReplaced', () => undefined],
    [
      'is not replaced, where it is another one of its name',
      'NotReplaced',
      () => {
        machine({}, 'other');
      },
    ],
  ])('%s', async (_, said, given) => {
    given();
    expect([await ask(), isMarked()]).toEqual([said, false]);
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
    expect(await ask()).toBe(said);
    expect(isMarked()).toBe(said === 'Replaced');
  });

  test('waits where nobody says since when it is unhealthy', async () => {
    machine({ conditions: [{ type: 'HealthCheckSucceeded', status: 'False' }] });
    node(OURS, { since: -60_000 });
    expect(await ask()).toBe('ToBeReplaced');
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
    expect(isMarked()).toBe(false);
    expect(await answer('replace', 1, false)).toMatchObject({ machine: 'Replaced' });
  });

  test('is patient with a MachineHealthCheck, which makes it first and says that the Machine is unhealthy afterwards', async () => {
    machine(checked('True', -3_600_000));
    expect(await answer('replace', 3)).toMatchObject({ machine: 'ToBeReplaced', againMs: 15_000 });
    await bench.clock.advance(600_000);
    expect(await answer('replace', 3, false)).toMatchObject({ machine: 'ToBeReplaced', againMs: 15_000 });
    machine(checked('False', 600_000));
    expect(await answer('replace', 1, false)).toMatchObject({ machine: 'Replaced', againMs: undefined });
    expect(isMarked()).toBe(true);
  });

  test('waits for Cluster API to look again where its node is Ready again', async () => {
    machine();
    node({ ...OURS, 'kubelet-medic.io/exclude': 'true' }, { since: 60_000 });
    await bench.clock.settle();
    const waiting = { answer: 'False NodeExcluded', machine: 'ToBeReplaced', againMs: 15_000 };
    expect(await answer('replace', 3)).toMatchObject(waiting);
    expect(isMarked()).toBe(false);
    node({ ...OURS, 'kubelet-medic.io/exclude': 'true' }, { ready: 'False', since: 90_000 });
    expect(await answer('replace', 1, false)).toMatchObject({ machine: 'Replaced', againMs: undefined });
  });

  test('replaces nothing where the chart does not allow it', async () => {
    machine();
    expect(await answer('read')).toMatchObject({ answer: 'False NodeNotFound', machine: 'NotReplaced' });
    expect(isMarked()).toBe(false);
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
