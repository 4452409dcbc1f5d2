/** Composition root of the node agent. The only place where it reads flags, the environment and signals. */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startAgent } from '../agent/agent.ts';
import type { World } from '../agent/world.ts';
import { readBucketSettings } from '../core/evidence/bucket-settings.ts';
import type { OwnCauses } from '../core/diagnosis/catalogue/own-causes.ts';
import { createHost, type LogLocation } from '../host/host.ts';
import type { NamedUnits } from '../host/unit/known-units.ts';
import { IN_POD, ON_HOST, type HostNamespaces, namespacesOf } from '../host/namespaces.ts';
import { createCluster } from '../kube/cluster.ts';
import type { Connection } from '../kube/connection/connection.ts';
import { createInClusterConnection, rereadFile } from '../kube/connection/in-cluster.ts';
import { withNodeToken } from '../kube/connection/node-token.ts';
import { requestNodeToken } from '../kube/token-request.ts';
import { createSystemClock } from '../platform/clock.ts';
import { serve } from '../platform/http.ts';
import { createLog, type LogLevel } from '../platform/log.ts';
import { giveGarbageBack } from '../platform/memory.ts';
import { createMetrics } from '../platform/metrics.ts';
import { loadOwnCauses } from '../platform/own-causes/load-own-causes.ts';
import { createPut } from '../platform/put-object.ts';
import { createSystemRandom } from '../platform/random.ts';

const USAGE = `kubelet-medic agent: watches the kubelet of its node, saves evidence, and restarts what it is asked to.

  --node-name NAME            the Node that it runs on (default: $NODE_NAME)
  --log-source SOURCE         where the kubelet's log is: auto, journald, journald:UNIT or file:GLOB (default auto: journald)
  --host-pid-namespace PID    a process of the host whose namespaces commands run in, or "none" on the host itself (default 1)
  --kubelet-unit UNIT         the systemd unit that runs the kubelet (default: the first of those known that runs)
  --runtime-unit UNIT         the systemd unit that runs the container runtime (default: the same)
  --cri-endpoint ENDPOINT     the CRI endpoint (default: that of the kubelet)
  --state-dir DIR             where it keeps the log cursor and open episodes (default /var/lib/kubelet-medic)
  --spool-dir DIR             where it keeps evidence (default: spool in the state folder)
  --spool-limit BYTES         bound of the evidence (default 536870912)
  --own-causes FILE           causes of your own, beside those of the catalogue (default: none)
  --bucket JSON               where evidence is copied to (default: $KUBELET_MEDIC_BUCKET; docs/evidence-bucket.md)
  --bucket-ca FILE            certificates in PEM to trust there in place of the usual ones
  --metrics-address HOST:PORT /healthz, /readyz, /metrics (default 127.0.0.1:9818)
  --log-level LEVEL           debug, info, warn, error (default info)
  --server URL                the API server, with --ca-file and --token-file (default: that of the pod)
  --node-token-seconds N      ask for a second token, of $SERVICE_ACCOUNT in $POD_NAMESPACE, that is bound to the Node, lives
                              for so long and outlives the pod (default: none)
`;

const { env } = process;
const { values } = parseArgs({
  options: {
    'node-name': { type: 'string', default: env['NODE_NAME'] ?? '' },
    'log-source': { type: 'string', default: 'auto' },
    'host-pid-namespace': { type: 'string', default: '1' },
    'kubelet-unit': { type: 'string' },
    'runtime-unit': { type: 'string' },
    'cri-endpoint': { type: 'string' },
    'state-dir': { type: 'string', default: '/var/lib/kubelet-medic' },
    'spool-dir': { type: 'string' },
    'spool-limit': { type: 'string', default: String(512 * 1024 * 1024) },
    'metrics-address': { type: 'string', default: '127.0.0.1:9818' },
    'log-level': { type: 'string', default: 'info' },
    server: { type: 'string' },
    'ca-file': { type: 'string' },
    'token-file': { type: 'string' },
    'node-token-seconds': { type: 'string' },
    'own-causes': { type: 'string' },
    bucket: { type: 'string', default: env['KUBELET_MEDIC_BUCKET'] ?? '' },
    'bucket-ca': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** By then it has looked at everything once. */
const STARTED_MS = 30_000;

/** How long a stop may take: the kubelet gives 30 s, and nobody wants to wait for them. */
const STOP_LIMIT_MS = 5_000;

function refuseFlag(flag: string, message: string): never {
  process.stderr.write(`--${flag} ${message}\n`);
  process.exit(2);
}

function logLevel(text: string): LogLevel {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  return refuseFlag('log-level', `${text}: it is one of debug, info, warn, error`);
}

function nodeName(text: string): string {
  return text === '' ? refuseFlag('node-name', 'is needed, or NODE_NAME in the environment') : text;
}

function logLocation(text: string): LogLocation {
  if (text === 'auto' || text === 'journald') return { kind: 'journald' };
  const colon = text.indexOf(':');
  const [kind, rest] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  if (kind === 'journald' && rest !== '') return { kind: 'journald', unit: rest };
  if (kind === 'file' && rest.startsWith('/')) return { kind: 'file', pattern: rest };
  return refuseFlag('log-source', `${text}: it is auto, journald, journald:UNIT or file:/ABSOLUTE/GLOB`);
}

function namespaces(text: string): HostNamespaces {
  if (text === 'none') return ON_HOST;
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid < 1) return refuseFlag('host-pid-namespace', `${text}: it is a PID, or none`);
  return pid === 1 ? IN_POD : namespacesOf(pid);
}

function namedUnits(): NamedUnits {
  const { 'kubelet-unit': kubelet, 'runtime-unit': runtime } = values;
  for (const [flag, unit] of [
    ['kubelet-unit', kubelet],
    ['runtime-unit', runtime],
  ] as const) {
    if (unit !== undefined && !/^[\w.@:-]{1,240}\.service$/.test(unit)) refuseFlag(flag, `${unit}: it is NAME.service`);
  }
  return { ...(kubelet === undefined ? {} : { kubelet }), ...(runtime === undefined ? {} : { runtime }) };
}

function spoolLimit(text: string): number {
  const bytes = Number(text);
  if (Number.isSafeInteger(bytes) && bytes >= 1024 * 1024) return bytes;
  return refuseFlag('spool-limit', `${text}: it is a number of bytes, 1048576 or more`);
}

function ownConnection(): Connection {
  const { server, 'ca-file': caFile, 'token-file': tokenFile } = values;
  if (server === undefined) {
    const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']];
    return createInClusterConnection({ host, port, clock });
  }
  if (caFile === undefined || tokenFile === undefined) return refuseFlag('server', 'needs --ca-file and --token-file');
  const [ca, token] = [rereadFile(caFile, clock), rereadFile(tokenFile, clock)];
  let material = { ca: '' };
  return {
    server,
    async tls(): Promise<{ readonly ca: string }> {
      const text = await ca(false);
      if (text !== material.ca) material = { ca: text };
      return material;
    },
    authorization: async (refused) => `Bearer ${(await token(refused !== undefined)).trim()}`,
  };
}

function connection(): Connection {
  const own = ownConnection();
  const text = values['node-token-seconds'];
  if (text === undefined) return own;
  const seconds = Number(text);
  if (!Number.isSafeInteger(seconds) || seconds < 600) {
    return refuseFlag('node-token-seconds', `${text}: it is a number of seconds, 600 or more`);
  }
  const [namespace, account] = [env['POD_NAMESPACE'] ?? '', env['SERVICE_ACCOUNT'] ?? ''];
  if (namespace === '' || account === '') {
    return refuseFlag('node-token-seconds', 'needs POD_NAMESPACE and SERVICE_ACCOUNT in the environment');
  }
  const owner = { namespace, account, node: nodeName(values['node-name']) };
  const asked = createCluster(own, { clock, random, log });
  return withNodeToken(own, { request: () => requestNodeToken(asked, owner, seconds), clock, log });
}

/** Tests end the process right after a reservation, once: the marker outlives the container. */
function failOnce(stateFolder: string): void {
  try {
    mkdirSync(stateFolder, { recursive: true });
    closeSync(openSync(join(stateFolder, 'failpoint-action-reserved'), 'wx'));
  } catch {
    return; // It has already been hit.
  }
  process.kill(process.pid, 'SIGKILL');
}

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const clock = createSystemClock();
const random = createSystemRandom();
const metrics = createMetrics('agent');
const log = createLog({ level: logLevel(values['log-level']), fields: { program: 'agent' } });
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info('Stopping', { signal });
    stop.abort(new Error(`stopped by ${signal}`));
    // What does not stop in time is cut off: all that matters is on disk or in the API already.
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
  });
}

/** What is wrong with it is said, and stops nothing: nothing is uploaded then. */
function evidenceBucket(): World['bucket'] {
  const { bucket: text, 'bucket-ca': caFile } = values;
  if (text.trim() === '') return undefined;
  const settings = readBucketSettings(text);
  try {
    if (typeof settings === 'string') throw new Error(settings);
    return { settings, put: createPut(env, caFile === undefined ? undefined : readFileSync(caFile, 'utf8')) };
  } catch (err) {
    log.error('The settings of the bucket cannot be used, and no evidence is copied', { flag: '--bucket', err });
    return undefined;
  }
}

function createWorld(ownCauses: OwnCauses): World {
  const stateFolder = values['state-dir'];
  const endpoint = values['cri-endpoint'];
  const host = createHost({
    namespaces: namespaces(values['host-pid-namespace']),
    log: logLocation(values['log-source']),
    units: namedUnits(),
    spool: {
      folder: values['spool-dir'] ?? join(stateFolder, 'spool'),
      limitBytes: spoolLimit(values['spool-limit']),
    },
    stateFolder: join(stateFolder, 'state'),
    clock,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const bucket = evidenceBucket();
  const failpoint = env['KUBELET_MEDIC_FAILPOINT'] === 'action-reserved';
  return {
    node: nodeName(values['node-name']),
    // Put there by the bundler.
    version: process.env['KUBELET_MEDIC_VERSION'] ?? 'development',
    pod: env['POD_NAME'],
    namespace: env['POD_NAMESPACE'],
    cluster: createCluster(connection(), { clock, random, log }),
    host,
    clock,
    random,
    log,
    metrics,
    ownCauses,
    ...(bucket === undefined ? {} : { bucket }),
    onCaptured: giveGarbageBack,
    ...(failpoint
      ? {
          onReserved: () => {
            failOnce(stateFolder);
          },
        }
      : {}),
  };
}

async function main(): Promise<void> {
  const world = createWorld(await loadOwnCauses(values['own-causes'], { log, metrics }));
  log.info('Starting', { node: world.node, version: world.version, source: values['log-source'] });
  const agent = startAgent(world, stop.signal);
  setTimeout(giveGarbageBack, STARTED_MS).unref();
  const served = await serve({
    address: values['metrics-address'],
    health: { watch: () => (agent.health().ok ? undefined : agent.health().message) },
    ready: { report: () => (agent.readiness().ok ? undefined : agent.readiness().message) },
    metrics,
  });
  try {
    await agent.done;
  } finally {
    await served.close();
  }
}

async function run(): Promise<void> {
  try {
    await main();
  } catch (err) {
    if (!stop.signal.aborted) {
      log.error('The agent has ended by an error', { err });
      process.exitCode = 1;
    }
  }
  await log.close();
  process.exit();
}

void run();
