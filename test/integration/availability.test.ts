/** Processes and connections that come and go, on a real API server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LEASES, NODES } from '../../src/api/resources.ts';
import { SECRETS } from '../support/secrets.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { createKubeconfigConnection } from '../../src/kube/connection/kubeconfig.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { MANAGER } from '../contract/subject.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startChild, type Child } from '../support/child.ts';
import { installCrds } from '../support/raw-resource.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';

let plane: ControlPlane;
let admin: Cluster;
const options = { clock: realClock, random: realRandom, log: createRecordingLog() };

beforeAll(async () => {
  plane = await startControlPlane();
  admin = createCluster(plane.connection('admin'), options);
});

afterAll(async () => {
  await plane.stop();
});

function writeKubeconfig(name: string, user: unknown): string {
  const file = join(plane.folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://127.0.0.1:${plane.port}`,
          'certificate-authority-data': Buffer.from(plane.ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'ns' } }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

describe('leader election between processes', () => {
  const electors: Child[] = [];
  afterAll(async () => {
    await Promise.all(electors.map((elector) => elector.stop()));
  });

  function startElector(identity: string): Child {
    const script = fileURLToPath(new URL('../support/elector.ts', import.meta.url));
    const ca = join(plane.folder, 'pki', 'ca.crt');
    const argv = [script, '--server', `https://127.0.0.1:${plane.port}`, '--ca', ca, '--token', 'admin'];
    const elector = startChild(process.execPath, [...argv, '--identity', identity], join(plane.folder, identity));
    electors.push(elector);
    return elector;
  }

  /** When it said so, on the wall clock of this machine. */
  function times(elector: Child, word: string): readonly number[] {
    return elector
      .output()
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => Number(line.split(' ')[1]));
  }
  const leads = (elector: Child): boolean => times(elector, 'leads').length > 0;
  const holder = async (): Promise<string | undefined> =>
    (await admin.get(LEASES, { name: 'elected', namespace: 'default' }))?.spec.holderIdentity;

  test('a stopped leader is replaced, and gives up as soon as it goes on', async () => {
    const a = startElector('a');
    await eventually('a leads', () => leads(a));
    const b = startElector('b');
    // Longer than the lease: a renews it.
    await realClock.sleep(7_000, new AbortController().signal);
    expect([await holder(), leads(b)]).toEqual(['a', false]);

    a.signal('SIGSTOP');
    const stoppedAt = Date.now();
    await eventually('b leads', () => leads(b));
    expect(times(b, 'leads')[0]! - stoppedAt).toBeGreaterThan(1_000);
    expect(times(a, 'leads').at(-1)!).toBeLessThan(times(b, 'leads')[0]!);

    a.signal('SIGCONT');
    const wentOnAt = Date.now();
    await eventually('a ends', () => !a.isAlive());
    expect(times(a, 'lost')).toHaveLength(1);
    // A timer of the work may be due before the one that finds the loss: one turn, and no more.
    expect(times(a, 'leads').filter((at) => at >= wentOnAt).length).toBeLessThanOrEqual(1);
    expect(await holder()).toBe('b');
    expect(b.isAlive()).toBe(true);
  });

  test('a leader that is told to end hands over at once', async () => {
    const b = electors[1]!;
    const c = startElector('c');
    await realClock.sleep(2_000, new AbortController().signal);
    const holders: (string | undefined)[] = [];
    const watched = new AbortController();
    const leases = admin.mirror(LEASES, { namespace: 'default' }, watched.signal);
    leases.onChange((lease) => holders.push(lease?.spec.holderIdentity));
    await leases.whenSynced();
    await b.stop();
    expect(times(b, 'stopped')).toHaveLength(1);
    await eventually('c leads', () => leads(c));
    await eventually('the mirror has seen c', () => holders.at(-1) === 'c');
    watched.abort();
    // b has given the lease back: c need not wait until it expires.
    expect(holders.filter((holder, index) => holder !== holders[index - 1]).slice(-2)).toEqual(['', 'c']);
    expect(times(b, 'leads').at(-1)!).toBeLessThan(times(c, 'leads')[0]!);
    const lease = await admin.get(LEASES, { name: 'elected', namespace: 'default' });
    expect(lease?.spec).toMatchObject({ holderIdentity: 'c', leaseDurationSeconds: 6, leaseTransitions: 2 });
  });
});

test('a controller that is told to end hands over within two seconds', async () => {
  const namespace = 'default';
  await installCrds(admin);
  const user = { token: 'admin' };
  const kubeconfig = writeKubeconfig('controllers', user);
  const program = fileURLToPath(new URL('../../src/bin/controller.ts', import.meta.url));
  const start = (name: string): Child => {
    const flags = ['--namespace', namespace, '--identity', name, '--metrics-address', '127.0.0.1:0'];
    return startChild(process.execPath, [program, '--kubeconfig', kubeconfig, ...flags], join(plane.folder, name));
  };
  const holder = async (): Promise<string | undefined> =>
    (await admin.get(LEASES, { name: 'kubelet-medic-controller', namespace }))?.spec.holderIdentity;
  const first = start('controller-1');
  await eventually('it is in sync', () => first.output().includes('Controller is in sync'));
  const second = start('controller-2');
  await eventually('it waits', () => second.output().includes('waiting to lead'));
  try {
    // Each of its writes that is on its way is waited for; there is none.
    const toldAt = performance.now();
    first.signal('SIGTERM');
    await eventually('the other one leads', async () => (await holder()) === 'controller-2');
    expect(performance.now() - toldAt).toBeLessThan(2_000);
    expect(first.output()).toContain('the lease is free');
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
});

test('mirrors go on after the API server has been away, and know that they were not fresh', async () => {
  const stop = new AbortController();
  const [nodes, secrets] = [admin.mirror(NODES, {}, stop.signal), admin.mirror(SECRETS, {}, stop.signal)];
  await Promise.all([nodes.whenSynced(), secrets.whenSynced()]);
  let downAt = 0;
  await plane.restartApiServer(async () => {
    // What was on its way when the server went down has arrived by then.
    await realClock.sleep(1_000, stop.signal);
    downAt = performance.now();
    await realClock.sleep(3_000, stop.signal);
    expect(nodes.freshAt()).toBeLessThan(downAt);
  });
  await admin.create(NODES, { metadata: { name: 'after' } }, MANAGER);
  await admin.create(SECRETS, { metadata: { name: 'after', namespace: 'default' }, data: {} }, MANAGER);
  await eventually(
    'both see it',
    () => nodes.get('after') !== undefined && secrets.get('after', 'default') !== undefined,
  );
  expect(nodes.freshAt()).toBeGreaterThan(downAt + 3_000);
  stop.abort();
});

describe('a kubeconfig', () => {
  function connect(file: string): ReturnType<typeof createKubeconfigConnection> {
    return createKubeconfigConnection({ files: [join(plane.folder, 'not-there'), file], clock: realClock });
  }

  test('with a client certificate is who the certificate says', async () => {
    const { cert, key } = plane.issue('jane', '/O=system:masters/CN=jane');
    const connection = connect(writeKubeconfig('by-certificate', { 'client-certificate': cert, 'client-key': key }));
    expect(connection.namespace).toBe('ns');
    expect((await createCluster(connection, options).list(NODES)).malformed).toEqual([]);
  });

  test('with an exec plugin asks it for a token, and again when the token is refused', async () => {
    const plugin = join(plane.folder, 'plugin');
    const count = join(plane.folder, 'count');
    const credential =
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
    // Its first token is one that the server does not know.
    writeFileSync(
      plugin,
      `#!/bin/sh\necho x >> ${count}\n[ "$(wc -l < ${count})" -gt 1 ] && t=admin || t=expired\nprintf '${credential}' $t\n`,
    );
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    const cluster = createCluster(connect(writeKubeconfig('by-plugin', { exec })), options);
    expect((await cluster.list(NODES)).malformed).toEqual([]);
  });
});
