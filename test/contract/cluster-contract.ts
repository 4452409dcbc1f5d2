/** What the Cluster port promises. The embedded API server and a real kube-apiserver both keep it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NODES, POLICIES, SECRETS } from '../../src/api/resources.ts';
import { AGENT_MANAGER, CONTROLLER_MANAGER } from '../../src/api/v1alpha1/names.ts';
import type { Cluster, KubeObject, Mirror, Resource } from '../../src/ports/cluster.ts';
import { MedicError } from '../../src/ports/errors.ts';
import { eventually } from '../support/real-time.ts';
import { actionRecord, condition, incidentManifest, step } from './objects.ts';

/** What the suite needs of a server. Its node proxy leads to a kubelet that answers as `test/contract/kubelet.ts` does. */
export interface ClusterUnderTest {
  /** `nobody` is known and may do nothing. */
  cluster(user: 'admin' | 'nobody'): Cluster;
  /** Cuts all connections that are open. */
  cutConnections(): Promise<void>;
  /** Cuts all connections, and watches cannot be resumed from before. Changes are made by `meanwhile`. */
  loseHistory(meanwhile: () => Promise<void>): Promise<void>;
  /** A Node whose kubelet answers. */
  readonly node: string;
  close(): Promise<void>;
}

const CONTROLLER = { manager: CONTROLLER_MANAGER };
const AGENT = { manager: AGENT_MANAGER };
const MANAGER = { manager: 'contract' };

let serial = 0;
/** A name that no other test uses. */
function unique(prefix: string): string {
  serial += 1;
  return `${prefix}-${process.pid}-${serial}`;
}

async function failure(work: Promise<unknown>): Promise<MedicError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MedicError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

export function describeClusterContract(name: string, start: () => Promise<ClusterUnderTest>): void {
  describe(name, () => {
    let under: ClusterUnderTest;
    let cluster: Cluster;
    beforeAll(async () => {
      under = await start();
      cluster = under.cluster('admin');
    }, 120_000);
    afterAll(async () => {
      await under.close();
    });
    const env = (): ClusterUnderTest => under;
    const admin = (): Cluster => cluster;
    describeObjects(admin);
    describePatches(admin);
    describeApply(admin);
    describeLists(admin);
    describeMirror(env);
    describeRefusals(env);
    describeNodeProxy(env);
  });
}

function describeObjects(admin: () => Cluster): void {
  test('a created object can be read, and has an identity', async () => {
    const name = unique('secret');
    const object = { metadata: { name, namespace: 'default' }, data: { a: 'YQ==' } };
    const created = await admin().create(SECRETS, object, MANAGER);
    expect(created.metadata.uid).not.toBe('');
    expect(created.metadata.resourceVersion).not.toBe('');
    expect(Date.parse(created.metadata.creationTimestamp)).toBeGreaterThan(0);
    expect(await admin().get(SECRETS, { name, namespace: 'default' })).toEqual(created);
    expect(created.data).toEqual({ a: 'YQ==' });
  });

  test('generateName gives each object its own name', async () => {
    const object = { metadata: { generateName: 'gen-', namespace: 'default' }, data: {} };
    const [a, b] = [await admin().create(SECRETS, object, MANAGER), await admin().create(SECRETS, object, MANAGER)];
    expect(a.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    expect(b.metadata.name).not.toBe(a.metadata.name);
  });

  test('creating what exists is a conflict', async () => {
    const object = { metadata: { name: unique('twice'), namespace: 'default' }, data: {} };
    await admin().create(SECRETS, object, MANAGER);
    const error = await failure(admin().create(SECRETS, object, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_EXISTS', 'conflict']);
  });

  test('what is not there is undefined to get and false to delete', async () => {
    expect(await admin().get(NODES, { name: 'no-such-node' })).toBeUndefined();
    expect(await admin().delete(NODES, { name: 'no-such-node' })).toBe(false);
  });

  test('delete keeps to the uid that it is given', async () => {
    const ref = { name: unique('delete'), namespace: 'default' };
    const { metadata } = await admin().create(SECRETS, { metadata: ref, data: {} }, MANAGER);
    const other = '00000000-0000-4000-8000-000000000000';
    expect((await failure(admin().delete(SECRETS, { ...ref, uid: other }))).class).toBe('conflict');
    expect(await admin().delete(SECRETS, { ...ref, uid: metadata.uid })).toBe(true);
    expect(await admin().get(SECRETS, ref)).toBeUndefined();
  });

  test('replacing an older version is a conflict', async () => {
    const ref = { name: unique('lease'), namespace: 'default' };
    const lease = { metadata: ref, spec: { holderIdentity: 'a', renewTime: '2026-11-24T10:00:00.123456Z' } };
    const first = await admin().create(LEASES, lease, MANAGER);
    const { resourceVersion } = first.metadata;
    const next = { metadata: { ...ref, resourceVersion }, spec: { ...lease.spec, holderIdentity: 'b' } };
    expect((await admin().replace(LEASES, next, MANAGER)).spec.holderIdentity).toBe('b');
    const error = await failure(admin().replace(LEASES, next, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
  });

  test('a write that changes nothing is no new version', async () => {
    const ref = { name: unique('same') };
    const object = { metadata: ref, spec: { mode: 'Capture' } };
    const first = await admin().apply(HEALTHS, object, CONTROLLER);
    const second = await admin().apply(HEALTHS, object, CONTROLLER);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });
}

function describePatches(admin: () => Cluster): void {
  test('a JSON patch whose test holds is done, and one whose test fails is a conflict that changes nothing', async () => {
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    const cordon = [
      { op: 'test', path: '/metadata/name', value: name },
      { op: 'add', path: '/spec/unschedulable', value: true },
      { op: 'add', path: '/metadata/annotations', value: { 'kubelet-medic.io/cordoned-by': 'x' } },
    ] as const;
    const cordoned = await admin().jsonPatch(NODES, { name }, cordon, MANAGER);
    expect([cordoned.spec.unschedulable, cordoned.metadata.annotations]).toEqual([
      true,
      { 'kubelet-medic.io/cordoned-by': 'x' },
    ]);
    const uncordon = [
      { op: 'test', path: '/metadata/annotations/kubelet-medic.io~1cordoned-by', value: 'somebody else' },
      { op: 'remove', path: '/spec/unschedulable' },
    ] as const;
    const error = await failure(admin().jsonPatch(NODES, { name }, uncordon, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
    expect((await admin().get(NODES, { name }))?.spec.unschedulable).toBe(true);
  });

  test('a JSON patch of what is not there is absent, and of a path that is not there a conflict', async () => {
    const remove = [{ op: 'remove', path: '/spec/unschedulable' }] as const;
    expect((await failure(admin().jsonPatch(NODES, { name: 'none' }, remove, MANAGER))).class).toBe('absent');
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    expect((await failure(admin().jsonPatch(NODES, { name }, remove, MANAGER))).class).toBe('conflict');
  });

  test('a JSON patch of an old resourceVersion is a conflict', async () => {
    const name = unique('node');
    const { metadata } = await admin().create(NODES, { metadata: { name } }, MANAGER);
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    ] as const;
    await admin().jsonPatch(NODES, { name }, patch, MANAGER);
    expect((await failure(admin().jsonPatch(NODES, { name }, patch, MANAGER))).class).toBe('conflict');
  });

  test('the node condition of ours is added beside those of the kubelet', async () => {
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    const kubelet = { metadata: { name }, status: { conditions: [condition('Ready', 'False', 'KubeletNotReady')] } };
    await admin().apply(NODES, kubelet, { manager: 'kubelet', subresource: 'status' });
    const ours = { metadata: { name }, status: { conditions: [condition('KubeletStuck', 'True', 'PLEGUnhealthy')] } };
    const node = await admin().apply(NODES, ours, { ...CONTROLLER, subresource: 'status' });
    expect(node.status.conditions.map(({ type }) => type).sort()).toEqual(['KubeletStuck', 'Ready']);
  });
}

function describeApply(admin: () => Cluster): void {
  const statusOf = async (name: string) => (await admin().get(INCIDENTS, { name }))?.status;

  test('spec and status are written apart, and only the spec counts generations', async () => {
    const name = unique('incident');
    const manifest = { ...incidentManifest(name), status: { outcome: 'Recovered' } };
    const created = await admin().create(INCIDENTS, manifest, CONTROLLER);
    expect([created.status.outcome, created.metadata.generation]).toEqual([undefined, 1]);
    const status = { metadata: { name }, spec: { nodeName: 'other' }, status: { action: 'RestartKubelet' } };
    const applied = await admin().apply(INCIDENTS, status, { ...CONTROLLER, subresource: 'status' });
    expect([applied.spec.nodeName, applied.status.action, applied.metadata.generation]).toEqual([
      created.spec.nodeName,
      'RestartKubelet',
      1,
    ]);
    const approve = [{ op: 'add', path: '/spec/approval', value: { decision: 'Approve', by: 'jane' } }] as const;
    const approved = await admin().jsonPatch(INCIDENTS, { name }, approve, MANAGER);
    expect([approved.metadata.generation, approved.status.action]).toEqual([2, 'RestartKubelet']);
  });

  test('two managers own their own items of one status', async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const controller = { ...CONTROLLER, subresource: 'status' } as const;
    const agent = { ...AGENT, subresource: 'status' } as const;
    const steps = { metadata: { name }, status: { steps: [step('capture-host')], conditions: [] } };
    await admin().apply(INCIDENTS, steps, controller);
    const actions = { metadata: { name }, status: { actions: [actionRecord('capture-host')] } };
    await admin().apply(INCIDENTS, actions, agent);
    const more = { metadata: { name }, status: { steps: [step('capture-host', 'Succeeded'), step('act-1')] } };
    await admin().apply(INCIDENTS, more, controller);
    const status = await statusOf(name);
    expect(status?.steps?.map(({ name: item, state }) => [item, state])).toEqual([
      ['capture-host', 'Succeeded'],
      ['act-1', 'Requested'],
    ]);
    expect(status?.actions?.map((action) => action.name)).toEqual(['capture-host']);
  });

  test('what a manager no longer applies is removed, unless another one owns it too', async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const controller = { ...CONTROLLER, subresource: 'status' } as const;
    const agent = { ...AGENT, subresource: 'status' } as const;
    const evidence = { name: 'a', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: AT, source: 's' };
    const both = [evidence, { ...evidence, name: 'b' }];
    await admin().apply(INCIDENTS, { metadata: { name }, status: { evidence: both, action: 'x' } }, controller);
    await admin().apply(INCIDENTS, { metadata: { name }, status: { evidence: [both[0]] } }, agent);
    await admin().apply(INCIDENTS, { metadata: { name }, status: { action: 'x' } }, controller);
    expect((await statusOf(name))?.evidence?.map((item) => item.name)).toEqual(['a']);
    await admin().apply(INCIDENTS, { metadata: { name }, status: {} }, agent);
    const status = await statusOf(name);
    expect([status?.evidence ?? [], status?.action]).toEqual([[], 'x']);
  });

  test("another manager's field with another value is a conflict that names it, and force takes it over", async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const agent = { ...AGENT, subresource: 'status' } as const;
    const state = (value: string) => ({ metadata: { name }, status: { steps: [step('act-1', value)] } });
    await admin().apply(INCIDENTS, state('Requested'), { ...CONTROLLER, subresource: 'status' });
    await admin().apply(INCIDENTS, state('Requested'), agent);
    const error = await failure(admin().apply(INCIDENTS, state('Failed'), agent));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
    expect(error.message).toContain('.status.steps[name="act-1"].state');
    expect(error.message).toContain(CONTROLLER_MANAGER);
    await admin().apply(INCIDENTS, state('Failed'), { ...agent, force: true });
    expect((await statusOf(name))?.steps?.[0]?.state).toBe('Failed');
    const back = await failure(admin().apply(INCIDENTS, state('Requested'), { ...CONTROLLER, subresource: 'status' }));
    expect(back.class).toBe('conflict');
  });

  test('apply to an object that is not there creates it, its status does not', async () => {
    const name = unique('health');
    const status = { ...AGENT, subresource: 'status' } as const;
    const error = await failure(admin().apply(HEALTHS, { metadata: { name }, status: {} }, status));
    expect(error.class).toBe('absent');
    const created = await admin().apply(HEALTHS, { metadata: { name }, spec: { mode: 'Capture' } }, CONTROLLER);
    expect([created.metadata.name, created.spec.mode, created.spec.logWindow]).toEqual([name, 'Capture', '15m']);
  });

  test('apply keeps to the resourceVersion and the uid that it is given', async () => {
    const name = unique('health');
    const spec = { mode: 'Capture' };
    const { metadata } = await admin().apply(HEALTHS, { metadata: { name }, spec }, CONTROLLER);
    const { resourceVersion } = metadata;
    const changed = { metadata: { name, resourceVersion }, spec: { mode: 'Observe' } };
    await admin().apply(HEALTHS, changed, CONTROLLER);
    expect((await failure(admin().apply(HEALTHS, { ...changed, spec }, CONTROLLER))).class).toBe('conflict');
    const uid = '00000000-0000-4000-8000-000000000000';
    expect((await failure(admin().apply(HEALTHS, { metadata: { name, uid }, spec }, CONTROLLER))).class).toBe(
      'conflict',
    );
  });
}

const AT = '2026-11-24T10:00:00Z';

function describeLists(admin: () => Cluster): void {
  test('a list of many pages is whole, and selectors narrow it', async () => {
    const run = unique('many');
    const names = Array.from({ length: 260 }, (_, index) => `${run}-${index}`);
    for (let from = 0; from < names.length; from += 26) {
      await Promise.all(
        names
          .slice(from, from + 26)
          .map((name, index) =>
            admin().create(
              LEASES,
              { metadata: { name, namespace: 'default', labels: { run, parity: index % 2 === 0 ? 'even' : 'odd' } } },
              MANAGER,
            ),
          ),
      );
    }
    const all = await admin().list(LEASES, { labelSelector: `run=${run}` });
    expect(all.items.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    expect(Number(all.resourceVersion)).toBeGreaterThan(0);
    const even = await admin().list(LEASES, { namespace: 'default', labelSelector: `run=${run},parity=even` });
    expect(even.items).toHaveLength(130);
    const one = await admin().list(LEASES, { namespace: 'default', fieldSelector: `metadata.name=${run}-7` });
    expect(one.items.map(({ metadata }) => metadata.name)).toEqual([`${run}-7`]);
    expect((await admin().list(LEASES, { namespace: 'kube-system', labelSelector: `run=${run}` })).items).toEqual([]);
  }, 60_000);

  test('incidents can be selected by their node', async () => {
    const [a, b] = [unique('incident'), unique('incident')];
    await admin().create(INCIDENTS, incidentManifest(a, `node-of-${a}`), CONTROLLER);
    await admin().create(INCIDENTS, incidentManifest(b, `node-of-${b}`), CONTROLLER);
    const { items } = await admin().list(INCIDENTS, { fieldSelector: `spec.nodeName=node-of-${a}` });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([a]);
  });

  test('an object that the parser refuses is named beside the others', async () => {
    const run = unique('malformed');
    for (const name of [`${run}-good`, `${run}-bad`]) {
      await admin().create(SECRETS, { metadata: { name, namespace: 'default', labels: { run } }, data: {} }, MANAGER);
    }
    const picky: Resource = {
      ...SECRETS,
      parse: (raw) => {
        const object = SECRETS.parse(raw);
        if (object.metadata.name.endsWith('bad')) throw new Error('this one is bad');
        return object;
      },
    };
    const listed = await admin().list(picky, { labelSelector: `run=${run}` });
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual([`${run}-good`]);
    expect(listed.malformed).toEqual([{ name: `${run}-bad`, message: 'this one is bad' }]);
  });
}

type Seen = [what: 'added' | 'changed' | 'deleted', name: string];

function watchNames<T extends KubeObject>(mirror: Mirror<T>): Seen[] {
  const seen: Seen[] = [];
  mirror.onChange((current, previous) => {
    const name = (current ?? previous)?.metadata.name ?? '';
    seen.push([current === undefined ? 'deleted' : previous === undefined ? 'added' : 'changed', name]);
  });
  return seen;
}

function describeMirror(env: () => ClusterUnderTest): void {
  const stop = new AbortController();
  afterAll(() => {
    stop.abort();
  });
  const secret = (run: string, name: string, value = 'YQ==') => ({
    metadata: { name, namespace: 'default', labels: { run } },
    data: { value },
  });

  test('a mirror follows what is added, changed and deleted, and says how fresh it is', async () => {
    const cluster = env().cluster('admin');
    const run = unique('mirror');
    await cluster.create(SECRETS, secret(run, `${run}-0`), MANAGER);
    const mirror = cluster.mirror(SECRETS, { namespace: 'default', labelSelector: `run=${run}` }, stop.signal);
    expect(mirror.freshAt()).toBeUndefined();
    const seen = watchNames(mirror);
    await mirror.whenSynced();
    expect(mirror.get(`${run}-0`, 'default')?.data).toEqual({ value: 'YQ==' });
    await cluster.create(SECRETS, secret(run, `${run}-1`), MANAGER);
    await cluster.create(SECRETS, secret('another-run', unique('other')), MANAGER);
    const patch = [{ op: 'replace', path: '/data/value', value: 'Yg==' }] as const;
    await cluster.jsonPatch(SECRETS, { name: `${run}-1`, namespace: 'default' }, patch, MANAGER);
    await cluster.delete(SECRETS, { name: `${run}-0`, namespace: 'default' });
    await eventually('the mirror has all of it', () => seen.length === 4);
    expect(seen).toEqual([
      ['added', `${run}-0`],
      ['added', `${run}-1`],
      ['changed', `${run}-1`],
      ['deleted', `${run}-0`],
    ]);
    expect(mirror.list().map(({ metadata, data }) => [metadata.name, data])).toEqual([[`${run}-1`, { value: 'Yg==' }]]);
    expect(mirror.freshAt()).toBeGreaterThan(0);
  });

  test('a mirror goes on after its watch is cut, and misses nothing', async () => {
    const cluster = env().cluster('admin');
    const run = unique('cut');
    const mirror = cluster.mirror(SECRETS, { labelSelector: `run=${run}` }, stop.signal);
    const seen = watchNames(mirror);
    await mirror.whenSynced();
    for (const index of [0, 1, 2]) {
      await env().cutConnections();
      await cluster.create(SECRETS, secret(run, `${run}-${index}`), MANAGER);
    }
    await eventually('the mirror has all of it', () => mirror.list().length === 3);
    expect(seen).toEqual([0, 1, 2].map((index) => ['added', `${run}-${index}`]));
  }, 30_000);

  test('a mirror whose history is gone lists anew, and says what changed in between', async () => {
    const cluster = env().cluster('admin');
    const run = unique('gone');
    for (const index of [0, 1]) await cluster.create(SECRETS, secret(run, `${run}-${index}`), MANAGER);
    const mirror = cluster.mirror(SECRETS, { labelSelector: `run=${run}` }, stop.signal);
    await mirror.whenSynced();
    const seen = watchNames(mirror);
    await env().loseHistory(async () => {
      await cluster.delete(SECRETS, { name: `${run}-0`, namespace: 'default' });
      await cluster.create(SECRETS, secret(run, `${run}-2`), MANAGER);
    });
    await eventually('the mirror has all of it', () => seen.length === 2, 40_000);
    expect([...seen].sort()).toEqual([
      ['added', `${run}-2`],
      ['deleted', `${run}-0`],
    ]);
    await cluster.delete(SECRETS, { name: `${run}-1`, namespace: 'default' });
    await eventually('it goes on watching', () => mirror.list().length === 1);
  }, 90_000);

  test('a mirror that is stopped before its first list says so with the reason of its signal', async () => {
    const own = new AbortController();
    const mirror = env().cluster('nobody').mirror(SECRETS, {}, own.signal);
    own.abort(new Error('enough'));
    await expect(mirror.whenSynced()).rejects.toThrow('enough');
  });
}

function describeRefusals(env: () => ClusterUnderTest): void {
  test('what is not allowed is denied, in reading and in writing', async () => {
    const nobody = env().cluster('nobody');
    const object = { metadata: { name: unique('denied'), namespace: 'default' }, data: {} };
    for (const work of [
      nobody.list(NODES),
      nobody.get(NODES, { name: 'a' }),
      nobody.create(SECRETS, object, MANAGER),
    ]) {
      const error = await failure(work);
      expect([error.code, error.class]).toEqual(['E_KUBE_DENIED', 'denied']);
      expect(error.message).toContain('nobody');
    }
  });

  test.each([
    ['an unknown word', { mode: 'Explode' }, 'spec.mode'],
    ['a number out of bounds', { budget: { maxConcurrent: 0 } }, 'spec.budget.maxConcurrent'],
    ['a bad duration', { evidence: { deadline: 'soon' } }, 'spec.evidence.deadline'],
    ['a bad percentage', { budget: { maxUnhealthy: '120%' } }, 'spec.budget.maxUnhealthy'],
    ['a wrong type', { paused: 'yes' }, 'spec.paused'],
    [
      'a selector without values',
      { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      'spec.nodeSelector.matchExpressions[0]',
    ],
  ])('%s in a policy is invalid, and the message names the field', async (_what, spec, field) => {
    const object = { metadata: { name: unique('policy') }, spec };
    const error = await failure(env().cluster('admin').create(POLICIES, object, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_INVALID', 'invalid']);
    expect(error.message).toContain(field);
  });

  test('fields that are left out get their defaults', async () => {
    const object = { metadata: { name: unique('policy') }, spec: { mode: 'Capture' } };
    const policy = await env().cluster('admin').create(POLICIES, object, MANAGER);
    expect(policy.spec).toMatchObject({ mode: 'Capture', strategy: 'RestoreFirst', budget: { maxUnhealthy: '50%' } });
  });

  test('a call ends with its signal and at its deadline', async () => {
    const cluster = env().cluster('admin');
    await expect(cluster.list(NODES, {}, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const slow = cluster.proxyNode(env().node, '/slow', { maxBytes: 100, deadlineMs: 300 });
    const error = await failure(slow);
    expect([error.code, error.class]).toEqual(['E_KUBE_DEADLINE', 'transient']);
  });
}

function describeNodeProxy(env: () => ClusterUnderTest): void {
  const get = (path: string, maxBytes = 1000) => env().cluster('admin').proxyNode(env().node, path, { maxBytes });

  test("a kubelet's answer comes through, with path and query as they are", async () => {
    const answer = await get('/echo/a%2Fb?debug=2');
    expect([answer.status, answer.body.toString(), answer.truncated]).toEqual([200, 'GET /echo/a%2Fb?debug=2 ', false]);
  });

  test('a PUT comes through with its body', async () => {
    const request = { method: 'PUT', body: '4', maxBytes: 1000 } as const;
    const answer = await env().cluster('admin').proxyNode(env().node, '/echo/flags/v', request);
    expect(answer.body.toString()).toBe('PUT /echo/flags/v 4');
  });

  test('a long answer is cut at its bound', async () => {
    const answer = await get('/long', 1000);
    expect([answer.status, answer.body.length, answer.truncated]).toEqual([200, 1000, true]);
  });

  test.each([
    ['/forbidden', 403, 'Forbidden (user=x, verb=get, resource=nodes, subresource=proxy)'],
    ['/missing', 404, '404 page not found'],
    ['/broken', 500, '[-]syncloop failed'],
  ])("a kubelet's own %s is an answer", async (path, status, text) => {
    const answer = await get(path);
    expect([answer.status, answer.body.toString().trim()]).toEqual([status, text]);
  });

  test("the API server's own denial is an error, and so is a node that is not there", async () => {
    const request = { maxBytes: 1000 };
    const denied = await failure(env().cluster('nobody').proxyNode(env().node, '/echo', request));
    expect([denied.code, denied.class]).toEqual(['E_KUBE_DENIED', 'denied']);
    const absent = await failure(env().cluster('admin').proxyNode('no-such-node', '/echo', request));
    expect(absent.class).toBe('absent');
  });
}
