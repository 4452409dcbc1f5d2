/** What the agent of a node may do, and what a thief of its token may not, on a real API server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVIDENCES, HEALTHS, INCIDENTS, LEASES, NODES, POLICIES } from '../../../src/api/resources.ts';
import { MAX_EVIDENCE_DATA } from '../../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import { ANNOTATION_BYTES, LABEL_UPLOAD } from '../../../src/api/v1alpha1/words/names.ts';
import type { Cluster, Manifest } from '../../../src/ports/cluster.ts';
import { actionRecord, condition, step } from '../../contract/objects.ts';
import { AGENT, CONTROLLER, failure, MANAGER } from '../../contract/subject.ts';
import { NAMESPACE, startIdentities, type Identities } from '../../support/identities.ts';
import { PODS } from '../../support/raw-resource.ts';
import { eventually } from '../../support/real-time.ts';
import { SECRETS } from '../../support/secrets.ts';
import { expectRefused } from './attack.ts';
import { digits, type EvidenceChange, evidenceOf, incidentOf } from './objects.ts';

const AGENT_STATUS = { ...AGENT, subresource: 'status', force: true } as const;
const CONTROLLER_STATUS = { ...CONTROLLER, subresource: 'status', force: true } as const;
const CORDON = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;

let ids: Identities;
let admin: Cluster;
let agentA: Cluster;
let unboundAgent: Cluster;
let controller: Cluster;
let reader: Cluster;
/** UID of the incident of node-a. */
let incidentUID = '';

const evidence = (change: EvidenceChange = {}): Manifest => evidenceOf('node-a', incidentUID, change);
const health = (name: string): Manifest => ({ metadata: { name }, status: { bootID: 'b' } });
const actions = (name: string): Manifest => ({
  metadata: { name },
  status: { actions: [actionRecord('capture-host')] },
});

async function open(name: string, status: object = { steps: [step('capture-host')] }): Promise<string> {
  const node = name.slice(0, 'node-a'.length);
  const { metadata } = await controller.create(INCIDENTS, incidentOf(node, name), CONTROLLER);
  await controller.apply(INCIDENTS, { metadata: { name }, status }, CONTROLLER_STATUS);
  return metadata.uid;
}

beforeAll(async () => {
  ids = await startIdentities();
  ({ admin } = ids);
  agentA = ids.connect(await ids.tokenOf('kubelet-medic-agent', 'node-a'));
  unboundAgent = ids.connect(await ids.tokenOf('kubelet-medic-agent'));
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller', 'node-b'));
  reader = (await ids.person('reader', 'kubelet-medic-evidence-reader')).cluster;
  await eventually('the controller has its rights', async () => {
    try {
      incidentUID = await open('node-a-bcdfg');
      return true;
    } catch {
      return false;
    }
  });
  await open('node-b-bcdfg');
  for (const name of ['node-a', 'node-b']) {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid: ids.nodeUIDs.get(name) }];
    await controller.apply(HEALTHS, { metadata: { name, ownerReferences }, spec: {} }, { ...CONTROLLER, force: true });
  }
  await eventually('the admission policies are in force', async () => {
    const answers = await Promise.allSettled([
      agentA.apply(HEALTHS, health('node-b'), AGENT_STATUS),
      agentA.create(EVIDENCES, evidence({ metadata: { name: `node-b-${digits()}` } }), AGENT),
    ]);
    return answers.every(({ status }) => status === 'rejected');
  });
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

describe('the agent of a node', () => {
  test('reads health and incidents, and writes the status of its own', async () => {
    expect((await agentA.list(HEALTHS)).items).toHaveLength(2);
    expect((await agentA.list(INCIDENTS)).items).toHaveLength(2);
    const written = await agentA.apply(HEALTHS, health('node-a'), AGENT_STATUS);
    expect(written.status.bootID).toBe('b');
    const incident = await agentA.apply(INCIDENTS, actions('node-a-bcdfg'), AGENT_STATUS);
    expect(incident.status.actions).toHaveLength(1);
  });

  test('gets its Node and a policy, which it reads before it acts', async () => {
    expect((await agentA.get(NODES, { name: 'node-a' }))?.metadata.name).toBe('node-a');
    expect(await agentA.get(POLICIES, { name: 'gone' })).toBeUndefined();
  });

  test("cannot write another node's health or incident, and is told why", async () => {
    const words = 'the agent of node node-a may not write the status of';
    await expectRefused(agentA.apply(HEALTHS, health('node-b'), AGENT_STATUS), `${words} kubelethealths/node-b`);
    await expectRefused(
      agentA.apply(INCIDENTS, actions('node-b-bcdfg'), AGENT_STATUS),
      `${words} kubeletincidents/node-b-bcdfg`,
    );
  });

  test.each<readonly [string, () => Promise<unknown>]>([
    ['a spec', () => agentA.apply(HEALTHS, { metadata: { name: 'node-a' }, spec: { mode: 'Observe' } }, AGENT)],
    ['a new incident', () => agentA.create(INCIDENTS, incidentOf('node-a', 'node-a-own22'), AGENT)],
    ['the end of an incident', () => agentA.delete(INCIDENTS, { name: 'node-a-bcdfg' })],
    ['a list of policies', () => agentA.list(POLICIES)],
    ['a change of a policy', () => agentA.apply(POLICIES, { metadata: { name: 'prod' }, spec: {} }, AGENT)],
    ['a list of nodes', () => agentA.list(NODES)],
    ['a cordon of its own node', () => agentA.jsonPatch(NODES, { name: 'node-a' }, CORDON, AGENT)],
    ['a condition of its own node', () => agentA.apply(NODES, { metadata: { name: 'node-a' } }, AGENT_STATUS)],
    ['pods', () => agentA.list(PODS)],
    ['secrets', () => agentA.list(SECRETS, { namespace: NAMESPACE })],
    ['the node proxy of its own node', () => agentA.proxyNode('node-a', '/pods', { maxBytes: 100 })],
    ['leases', () => agentA.get(LEASES, { name: 'node-a', namespace: 'kube-node-lease' })],
    ['read evidence', () => agentA.list(EVIDENCES)],
    ['read evidence of its own', () => agentA.get(EVIDENCES, { name: 'node-a-000000000000' })],
  ])('has no right to %s', async (_what, work) => {
    await expectRefused(work());
  });

  test('writes nothing with a token that names no node', async () => {
    await expectRefused(unboundAgent.apply(HEALTHS, health('node-a'), AGENT_STATUS), 'must name its node');
    await expectRefused(unboundAgent.create(EVIDENCES, evidence(), AGENT), 'must name its node');
  });
});

describe('of the status of its incident an agent does not write (M3)', () => {
  const AT = '2026-11-24T10:00:00Z';
  const diagnosis = {
    cause: 'x',
    class: 'KubeletDeadlock',
    confidence: 'High',
    summary: 's',
    restartKubelet: 'Helps',
    restartRuntime: 'Helps',
    recommendation: 'r',
  };
  const FIELDS: Readonly<Record<string, unknown>> = {
    steps: [step('act-1')],
    conditions: [condition('Complete', 'True', 'Recovered')],
    diagnosis,
    timings: { detectedAt: AT },
    pattern: { summary: 's', incidents: ['node-b-bcdfg'] },
    action: 'RestartKubelet',
    outcome: 'Recovered',
    evidenceCount: 3,
    observedGeneration: 7,
  };

  test.each(Object.keys(FIELDS))('%s', async (field) => {
    const patch = [{ op: 'add', path: `/status/${field}`, value: FIELDS[field] }] as const;
    const how = { ...AGENT, subresource: 'status' } as const;
    const write = agentA.jsonPatch(INCIDENTS, { name: 'node-a-bcdfg' }, patch, how);
    await expectRefused(write, 'nothing else of an incident');
  });

  test('what the controller saved', async () => {
    const entry = { name: 'a', kind: 'HostFacts', by: 'Controller', state: 'Captured', at: AT, source: 's' };
    const patch = [{ op: 'add', path: '/status/evidence', value: [entry] }] as const;
    const how = { ...AGENT, subresource: 'status' } as const;
    await expectRefused(agentA.jsonPatch(INCIDENTS, { name: 'node-a-bcdfg' }, patch, how), "none of the controller's");
  });
});

describe('records of an agent', () => {
  const ACT = {
    name: 'act-1',
    type: 'Act',
    state: 'Requested',
    action: 'RestartKubelet',
    startedAt: '2026-11-24T10:00:00Z',
  };
  const record = (change: object = {}): object => ({ ...actionRecord('act-1'), action: 'RestartKubelet', ...change });
  const records = (name: string, ...actions: readonly object[]): Promise<unknown> =>
    agentA.apply(INCIDENTS, { metadata: { name }, status: { actions } }, AGENT_STATUS);

  test('go from what a step asks for to its end', async () => {
    await open('node-a-ccccc', { steps: [step('capture-host', 'Failed'), ACT] });
    await records('node-a-ccccc', actionRecord('capture-host', 'Succeeded'), record());
    const ended = record({ state: 'Succeeded', issuedAt: '2026-11-24T10:00:01Z', message: 'pid 1 -> 2' });
    await records('node-a-ccccc', actionRecord('capture-host', 'Succeeded'), ended);
  });

  test.each<readonly [string, object, object]>([
    ['of a step that nobody asked for', ACT, record({ name: 'act-2' })],
    ['of another action than the step’s', ACT, record({ action: 'RebootNode' })],
    ['of a step that is over', { ...ACT, state: 'Skipped' }, record()],
    ['of an act under the name of a capture', step('act-1x'), record({ name: 'act-1x' })],
    ['of a step that is the controller’s', { ...step('cordon'), type: 'Cordon' }, actionRecord('cordon')],
    ['that is done before it is reserved', ACT, record({ state: 'Succeeded' })],
  ])('are not written %s', async (_what, asked, written) => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name, { steps: [asked] });
    await expectRefused(records(name, written), 'records what a step of its incident asks for');
  });

  test.each<readonly [string, object]>([
    ['how it ended', { state: 'Failed' }],
    ['what was said of it', { state: 'Succeeded', message: 'another' }],
    ['that it is open again', { state: 'Reserved' }],
  ])('that have ended are frozen: %s', async (_what, change) => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name, { steps: [ACT] });
    await records(name, record());
    await records(name, record({ state: 'Succeeded' }));
    await expectRefused(records(name, record(change)), 'neither changed nor removed');
  });

  test('that are reserved keep what they are of', async () => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name, { steps: [ACT] });
    await records(name, record({ unit: 'kubelet.service' }));
    const words = 'one that is reserved only ends';
    await expectRefused(records(name, record({ unit: 'sshd.service', state: 'Succeeded' })), words);
    await expectRefused(records(name, record({ unit: 'kubelet.service', reservedAt: '2026-11-24T11:00:00Z' })), words);
  });

  test('are never removed', async () => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name, { steps: [ACT] });
    await records(name, record());
    const remove = [{ op: 'remove', path: '/status/actions' }] as const;
    const error = await failure(agentA.jsonPatch(INCIDENTS, { name }, remove, { ...AGENT, subresource: 'status' }));
    expect(error.message).toMatch(/neither changed nor removed|actions only grow/);
  });

  test('of evidence that is in the API server stay as they are', async () => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name);
    const at = '2026-11-24T10:00:00Z';
    const dump = { name: 'd', kind: 'GoroutineDump', by: 'Agent', state: 'Captured', at, source: 's', sha256: 'a' };
    const kept = { ...dump, location: 'evidence://node-a-000000000001' };
    const log = { ...dump, name: 'l', kind: 'KubeletLog', location: 'spool://node-a/x/l' };
    const saved = (...list: readonly object[]): Promise<unknown> =>
      agentA.apply(INCIDENTS, { metadata: { name }, status: { evidence: list } }, AGENT_STATUS);
    await saved(kept, log);
    await saved(kept, { ...log, message: 'gone' });
    await expectRefused(saved({ ...kept, sha256: 'b' }, log), 'neither changed nor removed');
    await expectRefused(saved(log), 'neither changed nor removed');
  });

  test('are bounded in number and size by the schema', async () => {
    const name = `node-a-${digits().slice(-5)}`;
    await open(name, { steps: [ACT] });
    const many = Array.from({ length: 33 }, (_, i) => record({ name: `act-${String(i)}` }));
    expect((await failure(records(name, ...many))).message).toContain('must have at most 32 items');
    expect((await failure(records(name, record({ message: 'x'.repeat(1025) })))).message).toContain('1024');
  });
});

describe('evidence', () => {
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const sized = (data: string, size: string): EvidenceChange => ({
    metadata: { annotations: { [ANNOTATION_BYTES]: size } },
    spec: { data },
  });
  const LABELS = { [LABEL_UPLOAD]: 'true' };
  const upload = (hours = 1): EvidenceChange => ({
    metadata: { labels: LABELS },
    spec: { expiresAt: inHours(hours) },
  });

  test('is added as large as an object may be', async () => {
    const data = 'A'.repeat(MAX_EVIDENCE_DATA);
    const { metadata } = await agentA.create(EVIDENCES, evidence({ spec: { data } }), AGENT);
    expect(metadata.annotations).toEqual({ [ANNOTATION_BYTES]: String(data.length) });
    expect(await controller.delete(EVIDENCES, { name: metadata.name, uid: metadata.uid })).toBe(true);
  });

  test('is added by the agent of its node, in parts, and as an upload that expires', async () => {
    expect((await agentA.create(EVIDENCES, evidence(), AGENT)).spec.data).toBe('AA==');
    await agentA.create(EVIDENCES, evidence({ metadata: { name: `node-a-${digits()}.15` } }), AGENT);
    await agentA.create(EVIDENCES, evidence(upload()), AGENT);
    const labels = { 'kubelet-medic.io/node': 'node-a' };
    const labelled = await agentA.create(EVIDENCES, evidence({ metadata: { labels } }), AGENT);
    expect(labelled.metadata.labels).toEqual(labels);
  });

  test.each<readonly [string, () => EvidenceChange, string]>([
    ['of another node', () => ({ spec: { nodeName: 'node-b' } }), 'may not add evidence of another node'],
    ['under the name of another node', () => ({ metadata: { name: `node-b-${digits()}` } }), 'is named by its node'],
    ['under a longer name', () => ({ metadata: { name: `node-a-b-${digits()}` } }), 'is named by its node'],
    ['of an owner that is another object', () => ({ owner: { kind: 'KubeletHealth' } }), 'is owned by its incident'],
    ['of another incident', () => ({ owner: { uid: 'other' } }), 'is owned by its incident'],
    ['of an incident of another name', () => ({ owner: { name: 'other' } }), 'is owned by its incident'],
    [
      'of an incident of another node',
      () => ({ owner: { name: 'node-b-bcdfg' }, spec: { incident: 'node-b-bcdfg' } }),
      'is of an incident of its node',
    ],
    [
      'of an incident of a node whose name begins with this one’s',
      () => ({ owner: { name: 'node-a-b-bcdfg' }, spec: { incident: 'node-a-b-bcdfg' } }),
      'is of an incident of its node',
    ],
    ['of nobody', () => ({ metadata: { ownerReferences: [] } }), 'is owned by its incident'],
    ['that nobody can delete', () => ({ metadata: { finalizers: ['a.b/c'] } }), 'has no finalizers'],
    ['that lies about its size', () => sized('AAAAAAAA', '4'), 'how many bytes its data has'],
    ['that does not say its size', () => ({ metadata: { annotations: {} } }), 'how many bytes its data has'],
    ['that counts characters, not bytes', () => sized('ä€😀', '3'), 'how many bytes its data has'],
    ['with an annotation of others', () => ({ metadata: { annotations: { a: 'b' } } }), 'how many bytes its data has'],
    ['that the controller took', () => ({ entry: { by: 'Controller' } }), 'that it took itself'],
    ['that expires without the label', () => ({ spec: { expiresAt: inHours(1) } }), 'has the label'],
    ['with the label that never expires', () => ({ metadata: { labels: LABELS } }), 'has the label'],
    [
      'with the label of another node',
      () => ({ metadata: { labels: { 'kubelet-medic.io/node': 'node-b' } } }),
      'of its own node',
    ],
    ['with a label of others', () => ({ metadata: { labels: { app: 'x' } } }), 'has the label'],
    ['that expires in three hours', () => upload(3), 'within two hours'],
  ])('is not added by an agent: %s', async (_what, change, words) => {
    await expectRefused(agentA.create(EVIDENCES, evidence(change()), AGENT), words);
  });

  test('is neither changed nor deleted by an agent, and changed by nobody', async () => {
    const { name } = (await agentA.create(EVIDENCES, evidence(), AGENT)).metadata;
    const patch = [{ op: 'replace', path: '/spec/data', value: 'AAA=' }] as const;
    await expectRefused(agentA.jsonPatch(EVIDENCES, { name }, patch, AGENT));
    await expectRefused(agentA.delete(EVIDENCES, { name }));
    expect((await failure(admin.jsonPatch(EVIDENCES, { name }, patch, MANAGER))).message).toContain('is immutable');
  });

  test('is read by who has the role for it, and that is all he may do', async () => {
    const { name } = (await agentA.create(EVIDENCES, evidence(), AGENT)).metadata;
    expect((await reader.list(EVIDENCES)).items.length).toBeGreaterThan(0);
    expect((await reader.get(EVIDENCES, { name }))?.spec.data).toBe('AA==');
    await expectRefused(reader.delete(EVIDENCES, { name }));
    await expectRefused(reader.create(EVIDENCES, evidence(), MANAGER));
    await expectRefused(reader.list(INCIDENTS));
    await expectRefused(reader.list(PODS, { namespace: NAMESPACE }));
    await expectRefused(reader.list(SECRETS, { namespace: NAMESPACE }));
    await expectRefused(reader.list(NODES));
  });

  test('is listed by its label and deleted by the controller, which adds none without the node proxy', async () => {
    const { metadata } = await agentA.create(EVIDENCES, evidence(upload()), AGENT);
    const { items } = await controller.list(EVIDENCES, { labelSelector: `${LABEL_UPLOAD}=true` });
    expect(items.map(({ metadata: { name } }) => name)).toContain(metadata.name);
    expect(await controller.delete(EVIDENCES, { name: metadata.name, uid: metadata.uid })).toBe(true);
    await expectRefused(
      controller.create(EVIDENCES, evidence({ entry: { by: 'Controller' } }), CONTROLLER),
      'is forbidden',
    );
  });
});
