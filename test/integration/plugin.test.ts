/** The plugin as a person runs it, on a real API server: a program of its own, a kubeconfig with a client certificate. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installCrds } from '../support/raw-resource.ts';
import { realClock, realRandom } from '../support/real-time.ts';

const PROGRAM = fileURLToPath(new URL('../../src/bin/kubectl-medic.ts', import.meta.url));
const TEST = { manager: 'test' };

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
}, 60_000);

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
  }, 120_000);

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
    const second = await medic('reject', 'held', '--reason', 'no');
    expect(second.code).toBe(1);
    expect(second.err).toContain('has been approved by jane@example.com');
  }, 120_000);

  test('says in one line that something is not there', async () => {
    expect(await medic('capture', 'nope')).toEqual({ code: 1, out: '', err: 'error: there is no node nope\n' });
  }, 60_000);
});
