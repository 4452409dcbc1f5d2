/** What `kubectl medic uninstall` refuses, and by which look it works. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, LEASES, NODES } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER, LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import type { Cluster, KubeObject, Manifest, Resource } from '../../../src/ports/cluster.ts';
import type { JsonObject } from '../../support/api-server/json.ts';
import { anIncident, aNode, at, T0 } from '../../support/builders/objects.ts';
import { quickClock } from '../../support/ui/quick-clock.ts';
import { NOW, runOffline, startBench, type Bench, type Ran } from './cli-harness.ts';

const LEADER = { name: LEADER_LEASE, namespace: 'kubelet-medic' };
let bench: Bench;

beforeEach(async () => {
  bench = await startBench(10);
  seedCordoned('node-a');
});
afterEach(async () => {
  await bench.server.close();
});

function seed(resource: Resource, object: KubeObject | Manifest): void {
  bench.server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

/** A node that the controller has cordoned. */
function seedCordoned(name: string): void {
  const { metadata, spec, status } = aNode({ name });
  seed(NODES, { metadata: { name, uid: metadata.uid }, spec, status });
  const cordon = (draft: JsonObject): void => {
    Object.assign(draft['metadata'] as JsonObject, {
      annotations: { 'kubelet-medic.io/cordoned-by': `${name}-x7k2q`, 'kubelet-medic.io/cordon-reason': 'stuck' },
    });
    draft['spec'] = { unschedulable: true };
  };
  bench.server.edit(NODES, { name }, cordon, CONTROLLER_MANAGER);
}

/** @param asked is called while the person is asked, who says yes. */
const answered = (asked: () => void): Promise<Ran> =>
  runOffline(['uninstall'], {
    stdin: 'yes\n',
    connect: (terminal) => {
      const note = (text: string): void => {
        terminal.note(text);
        if (text.includes('Type yes')) asked();
      };
      const clock = { ...quickClock(10), now: () => NOW };
      return Promise.resolve({ cluster: bench.cluster, clock, terminal: { ...terminal, note } });
    },
  });

const isCordoned = async (name: string): Promise<boolean> =>
  (await bench.cluster.get(NODES, { name }))?.spec.unschedulable === true;

const nobodyLeads = (): void => {
  bench.server.remove(LEASES, LEADER);
};

async function refused(reason: string): Promise<void> {
  const { code, err } = await bench.run('uninstall', '--yes');
  expect([code, err]).toEqual([1, expect.stringContaining(reason)]);
  expect(err).toContain('nothing is removed');
  expect(await isCordoned('node-a')).toBe(true);
  expect((await bench.run('uninstall', '--dry-run')).err).toContain(reason);
}

const UNSEEN = 'it cannot be seen whether an incident acts or a controller leads: ';

describe('who may not look', () => {
  test.each(['leases', 'kubeletincidents'])(
    'at %s is not taken for one who sees that nobody is at work',
    async (kind) => {
      if (kind !== 'leases') nobodyLeads();
      bench.server.deny(({ resource }) => resource === kind);
      await refused(UNSEEN);
    },
  );

  test('at the one lease, but may list them, is not either', async () => {
    bench.server.deny(({ resource, verb }) => resource === 'leases' && verb === 'get');
    await refused(UNSEEN);
  });

  test('cannot read an incident of another version either', async () => {
    nobodyLeads();
    const steps = [{ name: 'act-1', type: 'ActTwice', state: 'Requested', startedAt: at(0) }];
    const incident = anIncident({ node: 'node-a' });
    seed(INCIDENTS, { ...incident, status: { steps } });
    await refused(`${UNSEEN}KubeletIncident node-a-x7k2q`);
  });

  test('nor a lease', async () => {
    seed(LEASES, { metadata: LEADER, spec: { holderIdentity: 5 } });
    await refused(`${UNSEEN}Lease ${LEADER_LEASE}`);
  });
});

describe('an act', () => {
  beforeEach(nobodyLeads);

  function acting(deadlineAgoMs: number, state: 'Requested' | 'Failed'): KubeletIncident {
    const deadline = at(NOW - T0 - deadlineAgoMs);
    return anIncident({
      node: 'node-a',
      status: {
        steps: [{ name: 'act-1', type: 'Act', state, action: 'RestartRuntime', startedAt: at(0), deadline }],
        actions: [{ name: 'act-1', action: 'RestartRuntime', state: 'Reserved', reservedAt: at(0), issuedAt: at(0) }],
      },
    });
  }

  test.each(['Requested', 'Failed'] as const)(
    'that the agent has begun is waited for after its deadline too, its step %s',
    async (state) => {
      seed(INCIDENTS, acting(1_000, state));
      await refused('incident node-a-x7k2q acts on node-a');
      seed(INCIDENTS, acting(299_000, state));
      await refused('incident node-a-x7k2q acts on node-a');
    },
  );

  test.each([
    ['is waited for', 1_000, 1],
    ['that died is not', 301_000, 0],
  ])('of an incident that is over, whose agent %s', async (_what, deadlineAgoMs, code) => {
    const { status, ...rest } = acting(deadlineAgoMs, 'Failed');
    seed(INCIDENTS, { ...rest, status: { ...status, outcome: 'Cancelled', completedAt: at(0) } });
    if (code === 1) await refused('incident node-a-x7k2q acts on node-a');
    else expect((await bench.run('uninstall', '--yes')).code).toBe(0);
  });

  test('of an incident that is over, and has no end of its act, is not waited for for ever', async () => {
    const { status, ...rest } = acting(0, 'Failed');
    const steps = status.steps?.map(({ deadline: _none, ...step }) => step);
    seed(INCIDENTS, { ...rest, status: { ...status, steps, outcome: 'Cancelled', completedAt: at(0) } });
    expect((await bench.run('uninstall', '--yes')).code).toBe(0);
  });

  test.each([undefined, 'Cancelled'])(
    'is waited for beside one of which nobody has told the end, the outcome %s',
    async (outcome) => {
      const [lost, now] = [acting(301_000, 'Failed').status, acting(-60_000, 'Requested').status];
      const second = <T extends object>(all: readonly T[] = []): readonly T[] =>
        all.map((one) => ({ ...one, name: 'act-2' }));
      const status = {
        ...{ ...lost, ...(outcome === undefined ? {} : { outcome, completedAt: at(0) }) },
        steps: [...(lost.steps ?? []), ...second(now.steps)],
        actions: [...(lost.actions ?? []), ...second(now.actions)],
      };
      seed(INCIDENTS, { ...acting(0, 'Failed'), status });
      await refused('incident node-a-x7k2q acts on node-a');
    },
  );

  test('is waited for where its incident is closed while it is looked for', async () => {
    seed(INCIDENTS, acting(-60_000, 'Requested'));
    let lists = 0;
    const cluster: Cluster = {
      ...bench.cluster,
      list: async (resource, query, call) => {
        const listed = await bench.cluster.list(resource, query, call);
        if (resource.plural === INCIDENTS.plural && ++lists === 1) {
          const { status, ...rest } = acting(-60_000, 'Requested');
          seed(INCIDENTS, { ...rest, status: { ...status, outcome: 'Cancelled', completedAt: at(0) } });
        }
        return listed;
      },
    };
    const { code, err } = await bench.runWith({ cluster }, 'uninstall', '--yes');
    expect([code, err]).toEqual([1, expect.stringContaining('incident node-a-x7k2q acts on node-a')]);
  });

  test('of an agent that died is not waited for for ever', async () => {
    seed(INCIDENTS, acting(301_000, 'Requested'));
    const { out } = await bench.run('uninstall', '--yes');
    expect(out).toContain('Left in the midst of an act, which nobody finishes: node-a-x7k2q');
    expect(await isCordoned('node-a')).toBe(false);
  });
});

describe('what happens while the person is asked', () => {
  beforeEach(nobodyLeads);

  test('is removed too', async () => {
    const { out } = await answered(() => {
      seedCordoned('node-b');
    });
    expect([await isCordoned('node-a'), await isCordoned('node-b')]).toEqual([false, false]);
    expect(out).toContain('node/node-b uncordoned');
  });

  test('is a reason to refuse too', async () => {
    const { code, err } = await answered(() => {
      bench.server.deny(({ resource }) => resource === 'leases');
    });
    expect([code, err]).toEqual([1, expect.stringContaining(UNSEEN)]);
    expect(await isCordoned('node-a')).toBe(true);
  });
});

describe('marks of a cordon', () => {
  beforeEach(nobodyLeads);

  const seedMarked = (annotations: Readonly<Record<string, string>>): void => {
    const { metadata, spec, status } = aNode({ name: 'node-b' });
    seed(NODES, { metadata: { name: 'node-b', uid: metadata.uid, annotations }, spec, status });
  };

  test.each([
    ['the reason alone', { 'kubelet-medic.io/cordon-reason': 'stuck' }],
    ['no incident by name', { 'kubelet-medic.io/cordoned-by': '', 'kubelet-medic.io/cordon-reason': 'stuck' }],
  ])('with %s go', async (_name, annotations) => {
    seedMarked(annotations);
    const { out } = await bench.run('uninstall', '--yes');
    expect(out).toContain('marks on node/node-b removed\n');
    expect((await bench.cluster.get(NODES, { name: 'node-b' }))?.metadata.annotations).toEqual({});
  });

  test('are not said to be removed where they have gone meanwhile', async () => {
    seedMarked({ 'kubelet-medic.io/cordon-reason': 'stuck' });
    const cluster: Cluster = {
      ...bench.cluster,
      get: async (resource, ref) => {
        if (ref.name === 'node-b') seedMarked({});
        return await bench.cluster.get(resource, ref);
      },
    };
    const { code, out } = await bench.runWith({ cluster }, 'uninstall', '--yes');
    expect(code).toBe(0);
    expect(out).not.toContain('marks on node/node-b removed');
  });
});
