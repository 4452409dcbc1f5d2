/** From `helm install` to a cluster in which nothing is left: a real helm, a real API server, and the plugin as a person runs it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NAMESPACES, NODES } from '../../../src/api/resources.ts';
import { CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { cordonNode } from '../../../src/controller/node-cordon.ts';
import { setStuck } from '../../../src/controller/node/node-condition.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import { createCluster } from '../../../src/kube/cluster.ts';
import { readOwnCauses } from '../../../src/platform/own-causes/read-own-causes.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { Readable } from 'node:stream';
import { anIncident, at } from '../../support/builders/objects.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { createControllerWorld } from '../../support/controller-world.ts';
import { startHelm, type Helm } from '../../support/helm.ts';
import { realClock, realRandom } from '../../support/real-time.ts';

const NAMESPACE = 'kubelet-medic';
const TEST = { manager: 'test' } as const;
const CHART = new URL('../../../charts/kubelet-medic', import.meta.url).pathname;

let helm: Helm;
let admin: Cluster;
/** With the rights of its account. */
let controller: Cluster;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function medic(argv: readonly string[], stdin = '', cluster = admin): Promise<Ran> {
  const ran = { code: 0, out: '', err: '' };
  const terminal = {
    out: (text: string) => void (ran.out += text),
    note: (text: string) => void (ran.err += text),
    paint: (_colour: string, text: string) => text,
  };
  const code = await runProgram(['uninstall', ...argv], {
    terminal,
    stdin: Readable.from([stdin]),
    clock: realClock,
    version: 'test',
    readOwnCauses,
    processes: () => Promise.reject(new Error('it reads no process')),
    serveLocally: () => Promise.reject(new Error('it serves nothing')),
    inputEnd: () => new AbortController().signal,
    connect: () => Promise.resolve({ cluster, clock: realClock, terminal }),
  });
  return { ...ran, code };
}

/** A cluster whose writes end after so many, as for somebody whose laptop goes to sleep. */
function cutOff(cluster: Cluster, writes: number): Cluster {
  let left = writes;
  const write = <T>(work: () => Promise<T>): Promise<T> =>
    left-- > 0 ? work() : Promise.reject(new Error('the connection is gone'));
  return {
    ...cluster,
    jsonPatch: (...argv) => write(() => cluster.jsonPatch(...argv)),
    apply: (...argv) => write(() => cluster.apply(...argv)),
    delete: (...argv) => write(() => cluster.delete(...argv)),
  };
}

const lease = (name: string, namespace: string, holder: string): Promise<unknown> => {
  const now = toMicroTime(Date.now());
  const spec = { holderIdentity: holder, leaseDurationSeconds: 30, acquireTime: now, renewTime: now };
  return admin.apply(LEASES, { metadata: { name, namespace }, spec }, { manager: CONTROLLER_MANAGER, force: true });
};

async function seedIncident(name: string, node: string, status: object): Promise<void> {
  const { spec } = anIncident({ node });
  await controller.create(INCIDENTS, { metadata: { name }, spec }, { manager: CONTROLLER_MANAGER });
  const how = { manager: CONTROLLER_MANAGER, subresource: 'status', force: true } as const;
  await controller.apply(INCIDENTS, { metadata: { name }, status }, how);
}

const ACTING = {
  steps: [
    { name: 'act-1', type: 'Act', state: 'Requested', action: 'RestartKubelet', startedAt: at(0), deadline: at(0) },
  ],
};
const FINISHED = {
  steps: [{ ...ACTING.steps[0], state: 'Succeeded' }],
};

beforeAll(async () => {
  helm = await startHelm();
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  admin = createCluster(helm.plane.connection('admin'), options);
  const installed = helm.helm('install', 'kubelet-medic', CHART, '-n', NAMESPACE, '--create-namespace');
  if (installed.status !== 0) throw new Error(installed.output);
  await admin.create(NAMESPACES, { metadata: { name: 'medik8s-leases' } }, TEST);
  const token = helm.kubectl('create', 'token', 'kubelet-medic-controller', '-n', NAMESPACE).output.trim();
  controller = createCluster(helm.plane.connection(token), options);
  const { world } = createControllerWorld();
  const asController = { ...world, cluster: controller, clock: realClock };
  for (const name of ['ours', 'persons', 'taken-over', 'plain']) {
    // Of an object that is made without a field the API server never keeps who writes which.
    await admin.create(NODES, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } }, TEST);
    await admin.create(HEALTHS, { metadata: { name }, spec: {} }, TEST);
  }
  const node = async (name: string) => (await admin.get(NODES, { name }))!;
  await cordonNode(asController, await node('ours'), 'ours-aaaaa', 'stuck');
  await cordonNode(asController, await node('taken-over'), 'taken-over-aaaaa', 'stuck');
  for (const verb of ['uncordon', 'cordon']) helm.kubectl(verb, 'taken-over');
  helm.kubectl('cordon', 'persons');
  helm.kubectl('annotate', 'node', 'persons', 'kubelet-medic.io/exclude=true');
  const claim = { status: 'True', reason: 'PLEGUnhealthy', message: 'm' } as const;
  for (const name of ['ours', 'persons']) await setStuck(asController, await node(name), claim);
  const other = { type: 'Other', status: 'True', reason: 'R', message: 'm' };
  const status = { conditions: [other, { ...other, type: 'KubeletStuck' }] };
  const how = { manager: 'another', subresource: 'status' } as const;
  await admin.apply(NODES, { metadata: { name: 'plain' }, status }, how);
  await admin.apply(NODES, { metadata: { name: 'ours' }, status: { conditions: [other] } }, how);
  await seedIncident('ours-aaaaa', 'ours', ACTING);
  await seedIncident('gone-aaaaa', 'gone', FINISHED);
  await lease('node-ours', 'medik8s-leases', 'kubelet-medic/ours-aaaaa');
  await lease('node-plain', 'medik8s-leases', 'nmo/maintenance');
}, 900_000);

afterAll(async () => {
  await helm.stop();
});

const conditions = async (name: string): Promise<readonly string[]> =>
  ((await admin.get(NODES, { name }))?.status.conditions ?? []).map(({ type }) => type);

describe('while the release is there', () => {
  test('nothing is removed: an incident acts, and a controller leads', async () => {
    await lease('kubelet-medic-controller', NAMESPACE, 'pod-1');
    const refused = await medic(['--yes']);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('incident ours-aaaaa acts on ours');
    expect(refused.err).toContain(`helm uninstall RELEASE -n ${NAMESPACE}`);
    const dry = await medic(['--dry-run']);
    expect(dry).toMatchObject({
      code: 0,
      err: expect.stringContaining('would be refused now: incident ours-aaaaa acts'),
    });
    expect((await admin.get(NODES, { name: 'ours' }))?.spec.unschedulable).toBe(true);
  }, 60_000);

  test('it tells what is there, and what stays', async () => {
    const { out } = await medic(['--dry-run']);
    expect(out).toMatch(/^cordons of ours +1 +ours +uncordoned$/m);
    expect(out).toMatch(/^marks of cordons that are not ours +1 +taken-over +removed; the cordon stays$/m);
    expect(out).toMatch(/^conditions KubeletStuck +2 +ours, persons +removed$/m);
    expect(out).toMatch(/^exclusions and drill labels of people +1 +persons +stays$/m);
    expect(out).toMatch(/^maintenance leases of ours +1 +node-ours +given back$/m);
    expect(out).toMatch(/^kubeletincidents\.kubelet-medic\.io +2 +/m);
    expect(out).toContain('Nodes that are gone took theirs along, if their disks are: gone.');
  }, 60_000);
});

describe('when the release is gone', () => {
  beforeAll(async () => {
    helm.helm('uninstall', 'kubelet-medic', '-n', NAMESPACE, '--no-hooks');
    await lease('kubelet-medic-controller', NAMESPACE, '');
  }, 60_000);

  test('somebody who does not say yes removes nothing', async () => {
    for (const answer of ['', 'y\n', 'no\nyes\n'])
      expect(await medic([], answer)).toMatchObject({ code: 1, err: expect.stringContaining('nothing is removed') });
    expect(await conditions('ours')).toContain('KubeletStuck');
  }, 60_000);

  test('whoever is cut off begins again, and records can be kept', async () => {
    await expect(medic(['--yes', '--keep-records'], '', cutOff(admin, 2))).rejects.toThrow('the connection is gone');
    const { code, out } = await medic(['--keep-records'], 'yes\n');
    expect(code).toBe(0);
    expect(out).toContain('Left in the midst of an act, which nobody finishes: ours-aaaaa');
    const kept = (await admin.list(INCIDENTS)).items.map(({ metadata }) => metadata.name);
    expect(kept.sort()).toEqual(['gone-aaaaa', 'ours-aaaaa']);
    await expect(admin.list(HEALTHS)).rejects.toMatchObject({ class: 'absent' });
  }, 120_000);

  test('what was not kept is gone, and what is of others is as it was', async () => {
    expect((await medic(['--yes'])).code).toBe(0);
    const [ours, persons, taken] = await Promise.all(
      ['ours', 'persons', 'taken-over'].map((name) => admin.get(NODES, { name })),
    );
    expect(ours?.spec.unschedulable).toBe(false);
    expect(ours?.metadata.annotations).toEqual({});
    expect(persons?.spec.unschedulable).toBe(true);
    expect(persons?.metadata.annotations).toEqual({ 'kubelet-medic.io/exclude': 'true' });
    expect([taken?.spec.unschedulable, taken?.metadata.annotations]).toEqual([true, {}]);
    expect([await conditions('ours'), await conditions('persons')]).toEqual([['Other'], []]);
    expect(await conditions('plain')).toEqual(['Other', 'KubeletStuck']);
    const leases = await admin.list(LEASES, { namespace: 'medik8s-leases' });
    expect(leases.items.map(({ metadata, spec }) => [metadata.name, spec.holderIdentity])).toEqual([
      ['node-ours', ''],
      ['node-plain', 'nmo/maintenance'],
    ]);
  }, 120_000);

  test('a third time there is nothing to do, and no object of ours is anywhere', async () => {
    const { code, out } = await medic([]);
    expect(code).toBe(0);
    expect(out).toMatch(/^WHAT .*\nexclusions and drill labels of people +1 +persons +stays\n/);
    const kinds = helm.kubectl('api-resources', '--verbs=list', '-o', 'name').output.trim().split('\n').join(',');
    const all = helm.kubectl('get', kinds, '-A', '-o', 'name').output.split('\n');
    const left = all.filter((name) => name.includes('medic') && !name.startsWith('event'));
    expect(left.sort()).toEqual([`namespace/${NAMESPACE}`]);
  }, 120_000);
});
