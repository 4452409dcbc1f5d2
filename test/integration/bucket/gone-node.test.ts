/**
 * The whole way on a real API server with the chart's walls and a real S3 server: the programs themselves, with the tokens of their
 * accounts, copy what the spool of a node has, and a person who has Kubernetes' rights alone has it when the node is gone.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { EVIDENCES, HEALTHS, INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { sha256 } from '../../../src/core/evidence/manifest.ts';
import { createGrantKey } from '../../../src/core/evidence/sealed-grant.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { condition } from '../../contract/objects.ts';
import { AGENT, CONTROLLER } from '../../contract/subject.ts';
import { type Child, startChild } from '../../support/child.ts';
import { type Identities, NAMESPACE, startIdentities } from '../../support/identities.ts';
import { eventually } from '../../support/real-time.ts';
import { S3_CREDENTIALS, S3_REGION, type S3Server, startS3Server } from '../../support/s3-server.ts';
import { createTempFolder } from '../../support/temp-folder.ts';
import { digits, evidenceOf, incidentOf } from '../walls/objects.ts';

const program = (name: string): string => fileURLToPath(new URL(`../../../src/bin/${name}.ts`, import.meta.url));
const INCIDENT = 'node-a-bcdfg';
/** More than one KubeletEvidence holds, and nothing that could be compressed. */
const LARGE = Buffer.from(Array.from({ length: 1_300_000 }, (_, at) => (at * at * 31 + (at >> 7)) & 255));
const FILES: Readonly<Record<string, Buffer>> = {
  'kubelet.log.gz': gzipSync('I1124 10:00:00 kubelet.go:1] PLEG is not healthy\n'),
  'processes.txt.gz': LARGE,
};

const folder = createTempFolder();
const running: Child[] = [];
let s3: S3Server;
let ids: Identities;
let settings: Record<string, unknown>;
/** Of node-a. */
let agentToken = '';

beforeAll(async () => {
  s3 = await startS3Server({ folder: folder.path, bucket: 'evidence' });
  settings = { name: 'evidence', region: S3_REGION, endpoint: s3.endpoint, prefix: 'cluster-a/' };
  const values = Object.entries(settings).map(([key, value]) => `evidence.bucket.${key}=${String(value)}`);
  ids = await startIdentities(...values);
  agentToken = await ids.tokenOf('kubelet-medic-agent', 'node-a');
}, 600_000);
afterAll(async () => {
  for (const child of running) await child.stop();
  await s3.stop();
  await ids.stop();
});

function kubeconfig(name: string, token: string): string {
  const { port, ca } = ids.plane;
  const cluster = { server: `https://127.0.0.1:${String(port)}`, 'certificate-authority': folder.write('ca.crt', ca) };
  return folder.write(
    name,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    }),
  );
}

/** With this environment alone beside that of the test. */
function start(name: string, env: Readonly<Record<string, string>>, flags: readonly string[]): Child {
  const set = Object.entries({ ...env, KUBELET_MEDIC_BUCKET: JSON.stringify(settings) }).map(
    ([key, value]) => `${key}=${value}`,
  );
  const argv = [
    '-u',
    'AWS_ACCESS_KEY_ID',
    '-u',
    'AWS_SECRET_ACCESS_KEY',
    ...set,
    process.execPath,
    program(name),
    ...flags,
  ];
  const child = startChild('env', argv, join(folder.path, `${name}.log`));
  running.push(child);
  return child;
}

function startAgent(): Child {
  const state = join(folder.path, 'state');
  const token = folder.write('token', agentToken);
  return start('agent', {}, [
    '--node-name=node-a',
    `--log-source=file:${state}/kubelet*.log`,
    '--host-pid-namespace=none',
    `--state-dir=${state}`,
    '--metrics-address=127.0.0.1:0',
    `--server=https://127.0.0.1:${String(ids.plane.port)}`,
    `--ca-file=${folder.write('ca.crt', ids.plane.ca)}`,
    `--token-file=${token}`,
  ]);
}

async function startController(): Promise<Child> {
  const token = await ids.tokenOf('kubelet-medic-controller');
  return start('controller', S3_CREDENTIALS, [
    `--kubeconfig=${kubeconfig('controller.yaml', token)}`,
    `--namespace=${NAMESPACE}`,
    '--metrics-address=127.0.0.1:0',
  ]);
}

/** An incident that is over, as controller and agent have left it. */
async function leaveIncident(controller: Cluster): Promise<void> {
  const spool = join(folder.path, 'state', 'spool', INCIDENT);
  mkdirSync(spool, { recursive: true });
  const at = new Date().toISOString();
  const evidence = Object.entries(FILES).map(([name, bytes]) => {
    writeFileSync(join(spool, name), bytes);
    const head = { name, kind: 'KubeletLog', by: 'Agent', state: 'Captured', at, source: 'journald' };
    return { ...head, location: `spool://node-a/${INCIDENT}/${name}`, bytes: bytes.length, sha256: sha256(bytes) };
  });
  await controller.create(
    INCIDENTS,
    incidentOf('node-a', INCIDENT, { nodeUID: ids.nodeUIDs.get('node-a') }),
    CONTROLLER,
  );
  const agent = ids.connect(agentToken);
  const status = { subresource: 'status', force: true } as const;
  await agent.apply(INCIDENTS, { metadata: { name: INCIDENT }, status: { evidence } }, { ...AGENT, ...status });
  const over = {
    outcome: 'Recovered',
    timings: { completedAt: at },
    conditions: [condition('Complete', 'True', 'Recovered')],
  };
  await controller.apply(INCIDENTS, { metadata: { name: INCIDENT }, status: over }, { ...CONTROLLER, ...status });
}

async function incident(): Promise<KubeletIncident | undefined> {
  return await ids.admin.get(INCIDENTS, { name: INCIDENT });
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function medic(config: string, ...argv: readonly string[]): Promise<Ran> {
  return await new Promise((resolve) => {
    const env = { ...process.env, KUBECONFIG: config, NO_COLOR: '1' };
    const child = execFile(
      process.execPath,
      [program('kubectl-medic'), ...argv],
      { env, timeout: 90_000 },
      (_, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err });
      },
    );
  });
}

describe('a node with evidence in its spool', () => {
  test('has it copied by its own agent, which has no credentials, and the record says where it is', async () => {
    const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
    await leaveIncident(controller);
    await startController();
    startAgent();
    await eventually('it is recorded', async () => (await incident())?.status.bucket?.state === 'Complete', 90_000);
    const { bucket } = (await incident())?.status ?? {};
    expect(bucket?.uri).toBe(`s3://evidence/cluster-a/node-a/${INCIDENT}`);
    expect(bucket?.objects.map(({ sha256: sum }) => sum).sort()).toEqual(Object.values(FILES).map(sha256).sort());
    for (const { key, sha256: sum } of bucket?.objects ?? []) {
      const bytes = s3.object(`cluster-a/node-a/${INCIDENT}/${key}`);
      expect(bytes === undefined ? undefined : sha256(bytes)).toBe(sum);
    }
    // What a copy of it in etcd, in an audit log or in a backup would show.
    await eventually(
      'no grant is left',
      async () => (await ids.admin.get(HEALTHS, { name: 'node-a' }))?.spec.bucket === undefined,
    );
    for (const name of ['agent', 'controller']) {
      expect(readFileSync(join(folder.path, `${name}.log`), 'utf8')).not.toMatch(
        /X-Amz-(Signature|Credential)|medic-secret/,
      );
    }
  }, 180_000);

  test('gives it to a person with rights in Kubernetes alone when the node is gone', async () => {
    for (const child of running.slice(1)) await child.stop();
    await ids.admin.delete(NODES, { name: 'node-a' });
    const reader = await ids.tokenOfPerson('jane', 'kubelet-medic-evidence-reader', 'kubelet-medic-capture');
    const output = join(folder.path, 'bundle');
    const { code, out, err } = await medic(
      kubeconfig('jane.yaml', reader),
      'evidence',
      INCIDENT,
      '-o',
      output,
      '--timeout',
      '60s',
    );
    expect({ code, out, err }).toMatchObject({ code: 0 });
    for (const [name, bytes] of Object.entries(FILES))
      expect(readFileSync(join(output, name)).equals(bytes)).toBe(true);
    const uploads = (await ids.admin.list(EVIDENCES)).items.filter(({ spec }) => spec.expiresAt !== undefined);
    expect(uploads.map(({ spec }) => spec.parts).sort()).toEqual([1, 3, 3, 3]);
  }, 180_000);

  test('gives nothing to a person who may not read evidence', async () => {
    const token = await ids.tokenOfPerson('joe', 'kubelet-medic-view');
    const output = join(folder.path, 'nothing');
    const { code, out } = await medic(
      kubeconfig('joe.yaml', token),
      'evidence',
      INCIDENT,
      '-o',
      output,
      '--timeout',
      '2s',
    );
    expect(code).toBe(1);
    expect(out).toContain('no right');
  }, 60_000);
});

describe('the walls around the bucket', () => {
  const refused = /Forbidden|forbidden|denied/;

  test('an agent says nothing of the bucket in an incident, and grants nothing to itself or others', async () => {
    const agent = ids.connect(agentToken);
    const record = { state: 'Complete', at: new Date().toISOString(), uri: 's3://other', objects: [] };
    const status = { ...AGENT, subresource: 'status', force: true } as const;
    const open = 'node-a-bcdfh';
    const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
    await controller.create(INCIDENTS, incidentOf('node-a', open), CONTROLLER);
    const claim = agent.apply(INCIDENTS, { metadata: { name: open }, status: { bucket: record } }, status);
    await expect(claim).rejects.toThrow('an agent writes its own actions and evidence');
    const spec = { bucket: { id: 'x', sealed: 'y' } };
    for (const name of ['node-a', 'node-b']) {
      await expect(agent.apply(HEALTHS, { metadata: { name }, spec }, { ...AGENT, force: true })).rejects.toThrow(
        refused,
      );
    }
    const bucket = { key: createGrantKey().publicKey };
    const other = agent.apply(HEALTHS, { metadata: { name: 'node-b' }, status: { bucket } }, status);
    await expect(other).rejects.toThrow(refused);
  });

  test('the controller adds uploads that expire, and no evidence of an agent that stays', async () => {
    const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
    const uid = (await incident())?.metadata.uid ?? '';
    const labels = { 'kubelet-medic.io/upload': 'true' };
    const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const add = (expiresAt: string | undefined, metadata: object, by = 'Agent'): Promise<unknown> => {
      const spec = expiresAt === undefined ? {} : { expiresAt };
      return controller.create(
        EVIDENCES,
        evidenceOf('node-a', uid, { spec, metadata: { name: `node-a-${digits()}`, ...metadata }, entry: { by } }),
        CONTROLLER,
      );
    };
    await add(inMs(3_600_000), { labels });
    const node = { 'kubelet-medic.io/node': 'node-a' };
    await add(inMs(3_600_000), { labels: { ...labels, ...node } });
    const other = add(inMs(3_600_000), { labels: { ...labels, 'kubelet-medic.io/node': 'node-b' } });
    await expect(other).rejects.toThrow('of its own node');
    await expect(add(inMs(3_600_000), { labels: node })).rejects.toThrow('has the label');
    await expect(add(inMs(3_600_000), { labels: { ...labels, app: 'x' } })).rejects.toThrow('has the label');
    await expect(add(undefined, {})).rejects.toThrow(refused);
    await expect(add(inMs(3_600_000), {})).rejects.toThrow(refused);
    await expect(add(inMs(3 * 3_600_000), { labels })).rejects.toThrow(refused);
    await expect(add(inMs(3_600_000), { labels }, 'Controller')).rejects.toThrow(refused);
  });

  test('what an incident says of the bucket is said once', async () => {
    const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
    const how = { manager: 'kubelet-medic-controller-bucket', subresource: 'status', force: true } as const;
    const objects = (await incident())?.status.bucket?.objects ?? [];
    const record = { state: 'GivenUp', at: new Date().toISOString(), uri: 's3://evidence/other', objects };
    const change = controller.apply(INCIDENTS, { metadata: { name: INCIDENT }, status: { bucket: record } }, how);
    await expect(change).rejects.toThrow('what is in the bucket is said once');
  });
});
