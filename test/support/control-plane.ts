/**
 * A real kube-apiserver and etcd for integration tests: on free ports, in a folder of their own, and gone when stopped.
 * `test/lab/build.sh` builds them from their Go modules where the cache has none.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../../src/kube/connection/connection.ts';
import { createAuthority, createTokenKeys, type Authority } from './certificates.ts';
import { startChild, type Child } from './child.ts';
import { eventually } from './real-time.ts';

export interface ControlPlane {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  /** Where etcd answers, in clear text. */
  readonly etcdUrl: string;
  /** PEM file of the key that signs tokens of service accounts. */
  readonly tokenKeyFile: string;
  /** For files of the test's own; it goes with the control plane. */
  readonly folder: string;
  /** With a bearer token: of `admin` (system:masters), of `nobody` (no rights), or another token as it is. */
  connection(token: string, port?: number): Connection;
  /** Files of a client certificate. `subject`: `/O=GROUP/CN=NAME`. */
  issue(name: string, subject: string): { readonly cert: string; readonly key: string };
  /** Stops the API server, runs `whileDown`, and starts it again on the same port. */
  restartApiServer(whileDown?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 90_000;

/** The folder of the binaries. The build takes about 5 minutes, once. */
export function controlPlaneBinaries(): string {
  const script = fileURLToPath(new URL('../lab/build.sh', import.meta.url));
  return (
    execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .at(-1) ?? ''
  );
}

/** @param flags more of them for the API server. */
export async function startControlPlane(flags: readonly string[] = []): Promise<ControlPlane> {
  const binaries = controlPlaneBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'kubelet-medic-control-plane-'));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const pki = join(folder, 'pki');
  mkdirSync(pki);
  const authority = createAuthority(pki);
  const etcd = startEtcd(binaries, folder, [etcdPort, peerPort]);
  const argv = [...apiServerFlags(folder, authority, { etcdPort, port }), ...flags];
  const startApi = (): Child => startChild(join(binaries, 'kube-apiserver'), argv, join(folder, 'kube-apiserver.log'));
  let api = startApi();
  const material = { ca: authority.ca };

  async function stop(): Promise<void> {
    await api.stop();
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await untilReady(port, authority.ca, () => api);
  } catch (error) {
    const log = readFileSync(join(folder, 'kube-apiserver.log'), 'utf8').slice(-4000);
    await stop();
    throw new Error(`the control plane has not started; the end of its log:\n${log}`, { cause: error });
  }
  return {
    port,
    ca: authority.ca,
    etcdUrl: `http://127.0.0.1:${etcdPort}`,
    tokenKeyFile: join(pki, 'sa.key'),
    folder,
    connection: (token, at = port) => ({
      server: `https://127.0.0.1:${at}`,
      tls: () => Promise.resolve(material),
      authorization: () => Promise.resolve(`Bearer ${token}`),
    }),
    issue: (name, subject) => authority.issue(name, subject),
    async restartApiServer(whileDown): Promise<void> {
      await api.stop();
      await whileDown?.();
      api = startApi();
      await untilReady(port, authority.ca, () => api);
    },
    stop,
  };
}

function startEtcd(binaries: string, folder: string, [client, peer]: readonly [number, number]): Child {
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const argv = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // Its data is thrown away.
    '--unsafe-no-fsync',
  ];
  return startChild(join(binaries, 'etcd'), argv, join(folder, 'etcd.log'));
}

function apiServerFlags(
  folder: string,
  authority: Authority,
  ports: { readonly etcdPort: number; readonly port: number },
): readonly string[] {
  const pki = join(folder, 'pki');
  const serving = authority.issue('apiserver', '/CN=kube-apiserver', 'IP:127.0.0.1,DNS:localhost');
  const kubelet = authority.issue('apiserver-kubelet', '/O=system:masters/CN=apiserver-kubelet');
  const keys = createTokenKeys(pki);
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, 'admin,admin,admin,"system:masters"\nnobody,nobody,nobody,\n', { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdPort}`,
    `--secure-port=${ports.port}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${join(folder, 'apiserver')}`,
    `--client-ca-file=${authority.caFile}`,
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--kubelet-client-certificate=${kubelet.cert}`,
    `--kubelet-client-key=${kubelet.key}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--token-auth-file=${tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${keys.publicKey}`,
    `--service-account-signing-key-file=${keys.privateKey}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    '--shutdown-delay-duration=0s',
  ];
}

async function untilReady(port: number, ca: string, api: () => Child): Promise<void> {
  await eventually(
    'the API server is ready',
    async () => {
      if (!api().isAlive()) throw new Error('the API server has ended');
      return await isReady(port, ca);
    },
    START_LIMIT_MS,
  );
}

function isReady(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer admin' };
    const probe = request({ host: '127.0.0.1', port, path: '/readyz', ca, headers, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    probe.on('timeout', () => probe.destroy());
    probe.on('error', () => {
      resolve(false);
    });
    probe.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
