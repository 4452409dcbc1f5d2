/** The plugin as a person runs it, on a real API server: a program of its own, a kubeconfig with a client certificate. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { gzipSync } from 'node:zlib';
import { EVIDENCES, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { AGENT_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { sha256 } from '../../src/core/evidence/manifest.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startChild, type Child } from '../support/child.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installCrds } from '../support/raw-resource.ts';
import { realClock, realRandom } from '../support/real-time.ts';

const PROGRAM = fileURLToPath(new URL('../../src/bin/kubectl-medic.ts', import.meta.url));
const AGENT_PROGRAM = fileURLToPath(new URL('../../src/bin/agent.ts', import.meta.url));
const TEST = { manager: 'test' };
const SAVED = 'node-a-saved';

let plane: ControlPlane;
let cluster: Cluster;
let kubeconfig = '';

beforeAll(async () => {
  plane = await startControlPlane();
  cluster = createCluster(plane.connection('admin'), {
    clock: realClock,
    random: realRandom,
    log: createRecordingLog(),
  });
  await installCrds(cluster);
  await cluster.create(NODES, { metadata: { name: 'node-a' } }, TEST);
  await cluster.create(POLICIES, { metadata: { name: 'prod' }, spec: { mode: 'Remediate' } }, TEST);
  kubeconfig = writeKubeconfig();
}, 400_000);
afterAll(async () => {
  await plane.stop();
});

function writeKubeconfig(): string {
  const { cert, key } = plane.issue('jane', '/O=system:masters/CN=jane@example.com');
  const ca = join(plane.folder, 'ca-of-kubeconfig.crt');
  writeFileSync(ca, plane.ca);
  const file = join(plane.folder, 'kubeconfig');
  writeFileSync(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${plane.port}`, 'certificate-authority': ca } }],
      users: [{ name: 'u', user: { 'client-certificate': cert, 'client-key': key } }],
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    }),
  );
  return file;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function medic(...argv: readonly string[]): Promise<Ran> {
  return await new Promise((resolve) => {
    const env = { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: '1' };
    const child = execFile(process.execPath, [PROGRAM, ...argv], { env, timeout: 60_000 }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

/** A real agent of node-a, on this host without its services, with a spool of its own. */
function startAgent(stateFolder: string): Child {
  const [ca, token] = [join(plane.folder, 'ca-of-agent.crt'), join(plane.folder, 'token-of-agent')];
  writeFileSync(ca, plane.ca);
  writeFileSync(token, 'admin', { mode: 0o600 });
  const flags = {
    'node-name': 'node-a',
    'log-source': `file:${stateFolder}/kubelet*.log`,
    'host-pid-namespace': 'none',
    'state-dir': stateFolder,
    'metrics-address': '127.0.0.1:0',
    server: `https://127.0.0.1:${plane.port}`,
    'ca-file': ca,
    'token-file': token,
  };
  const argv = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return startChild(process.execPath, [AGENT_PROGRAM, ...argv], join(plane.folder, 'agent.log'));
}

/** An incident whose log is in the spool of the node. */
async function seedSaved(stateFolder: string, log: Buffer): Promise<void> {
  const bundle = join(stateFolder, 'spool', SAVED);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'kubelet.log.gz'), log);
  const { spec } = anIncident({ node: 'node-a', plan: aPlan({ mode: 'Capture' }) });
  await cluster.create(
    INCIDENTS,
    { metadata: { name: SAVED }, spec: JSON.parse(JSON.stringify(spec)) as object },
    TEST,
  );
  const head = { kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: '2026-11-24T10:00:00Z', source: 'journald' };
  const [kept, gone] = ['kubelet.log.gz', 'runtime.log.gz'].map((name) => ({
    ...head,
    name,
    location: `spool://node-a/${SAVED}/${name}`,
    bytes: log.length,
    sha256: sha256(log),
  }));
  const status = { evidence: [kept, gone] };
  const how = { manager: AGENT_MANAGER, subresource: 'status' } as const;
  await cluster.apply(INCIDENTS, { metadata: { name: SAVED }, status }, how);
}

describe('the plugin on a real API server', () => {
  test('opens a capture under the name of the client certificate, and shows it', async () => {
    const { code, out, err } = await medic('capture', 'node-a', '--reason', 'odd latency');
    expect({ code, err }).toMatchObject({ code: 0 });
    const name = out.trim();
    const incident = await cluster.get(INCIDENTS, { name });
    expect(incident?.spec).toMatchObject({
      nodeName: 'node-a',
      trigger: { type: 'Manual', by: 'jane@example.com', message: 'odd latency' },
      plan: { policy: 'prod', mode: 'Capture' },
    });
    expect((await medic('show', name)).out).toContain('Manual: odd latency (asked for by jane@example.com)');
    expect((await medic('history', 'node-a')).out).toContain(name);
    expect((await medic('history', 'node-b')).out).toBe('');
  });

  test('decides once, and the API server holds to it', async () => {
    const { spec } = anIncident({ node: 'node-a', plan: aPlan({ mode: 'Remediate', strategy: 'DiagnoseFirst' }) });
    await cluster.create(
      INCIDENTS,
      { metadata: { name: 'held' }, spec: JSON.parse(JSON.stringify(spec)) as object },
      TEST,
    );
    expect(await medic('approve', 'held', '--reason', 'seen')).toMatchObject({
      code: 0,
      out: 'held approved by jane@example.com\n',
    });
    expect((await cluster.get(INCIDENTS, { name: 'held' }))?.spec.approval).toEqual({
      decision: 'Approve',
      by: 'jane@example.com',
      reason: 'seen',
    });
    const { out: report } = await medic('report', 'held', '--no-upload');
    expect(report).toContain('approved by jane@example.com');
    expect(report).toMatch(/<dt>When<\/dt>\s*<dd>\s*<time datetime="20\d\d-[^"]+Z">/);
    const second = await medic('reject', 'held', '--reason', 'no');
    expect(second.code).toBe(1);
    expect(second.err).toContain('has been approved by jane@example.com');
  });

  test('opens one capture however often it is asked for', async () => {
    await cluster.create(NODES, { metadata: { name: 'node-c' } }, TEST);
    const asked = await Promise.all([1, 2, 3].map(async () => await medic('capture', 'node-c', '-o', 'name')));
    expect(new Set(asked.map(({ out }) => out)).size).toBe(1);
    const { items } = await cluster.list(INCIDENTS, { fieldSelector: 'spec.nodeName=node-c' });
    expect(items).toHaveLength(1);
  }, 60_000);

  test('excludes a node and takes that back, under the name that it asks as', async () => {
    const asAda = ['--as', 'ada@example.com', '--as-group', 'system:masters'];
    const marks = async (): Promise<unknown> => (await cluster.get(NODES, { name: 'node-a' }))?.metadata.annotations;
    expect(await medic('exclude', 'node-a', '--reason', 'firmware', ...asAda)).toMatchObject({ code: 0 });
    expect(await marks()).toMatchObject({
      'kubelet-medic.io/exclude': 'true',
      'kubelet-medic.io/exclude-reason': 'ada@example.com: firmware',
    });
    const seen = await medic('preflight', 'node-a');
    expect(seen.code).toBe(5);
    expect(seen.out).toContain('the node is annotated kubelet-medic.io/exclude=true');
    expect((await medic('exclude', 'node-a', '--undo')).code).toBe(0);
    expect(await marks()).not.toHaveProperty(['kubelet-medic.io/exclude']);
    for (const name of ['Jürgen', '山田 🚑']) {
      const asName = ['--as', name, '--as-group', 'system:masters'];
      expect(await medic('exclude', 'node-a', '--reason', 'é', ...asName)).toMatchObject({ code: 0 });
      expect(await marks()).toMatchObject({ 'kubelet-medic.io/exclude-reason': `${name}: é` });
      expect((await medic('exclude', 'node-a', '--undo')).code).toBe(0);
    }
    const mallory = await medic('status', '--as', 'mallory');
    expect(mallory.code).toBe(1);
    expect(mallory.err).toContain('User "mallory" cannot list resource');
  }, 60_000);

  test('shows the fleet, and completes names', async () => {
    const { code, out } = await medic('status');
    expect(code).toBe(0);
    expect(out).toMatch(/^no controller has led: kubectl get pods .*\n2 nodes: 0 healthy, 2 not; /);
    expect(out).toMatch(/^node-a +Ready unknown, no agent /m);
    expect((await medic('__complete', 'capture', '')).out).toBe('node-a\nnode-c\n:4\n');
  }, 60_000);

  test('says in one line that something is not there', async () => {
    expect(await medic('capture', 'nope')).toEqual({ code: 1, out: '', err: 'error: there is no node nope\n' });
  });

  test('has a real agent upload what is in its spool, and says what is not there', async () => {
    const stateFolder = join(plane.folder, 'agent');
    const log = gzipSync('I1124 10:00:00.000000       1 kubelet.go:1] PLEG is not healthy\n');
    await seedSaved(stateFolder, log);
    await cluster.create(HEALTHS, { metadata: { name: 'node-a' }, spec: {} }, TEST);
    const output = join(plane.folder, 'bundle');
    const without = await medic('evidence', SAVED, '-o', output, '--timeout', '2s');
    expect(without.code).toBe(1);
    expect(without.out).toContain('the agent of node-a did not answer within 2s');
    const agent = startAgent(stateFolder);
    try {
      const { code, out, err } = await medic('evidence', SAVED, '-o', output, '--timeout', '30s');
      expect({ out, err, log: agent.output() }).toMatchObject({
        out: expect.stringMatching(/verified +kubelet\.log\.gz/),
      });
      expect(out).toMatch(/missing +runtime\.log\.gz +the agent of node-a says: it is gone from the spool/);
      expect(code).toBe(1);
      expect(readFileSync(join(output, 'kubelet.log.gz'))).toEqual(log);
    } finally {
      await agent.stop();
    }
    const { items } = await cluster.list(EVIDENCES, { labelSelector: 'kubelet-medic.io/upload=true' });
    expect(items.map(({ spec }) => spec.entry.state).sort()).toEqual(['Captured', 'Failed']);
  });
});
