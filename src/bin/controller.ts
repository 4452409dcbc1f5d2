/** Composition root of the controller. The only place where it reads flags, the environment and signals. */
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTROLLER_MANAGER, LEADER_LEASE } from '../api/v1alpha1/words/names.ts';
import { cleanUp } from '../controller/clean-up.ts';
import type { EvidenceBucket } from '../controller/bucket/evidence-bucket.ts';
import { runController } from '../controller/controller.ts';
import type { Notifications } from '../controller/notification/notifications.ts';
import { testReceivers } from '../controller/notification/test-receivers.ts';
import type { Failpoint, World } from '../controller/world.ts';
import { readBucketSettings } from '../core/evidence/bucket-settings.ts';
import { readSettings } from '../core/notification/receiver.ts';
import { DEFAULT_BOUNDS } from '../core/decision/storage/bounds.ts';
import { createCluster } from '../kube/cluster.ts';
import type { Connection } from '../kube/connection/connection.ts';
import { createInClusterConnection } from '../kube/connection/in-cluster.ts';
import { runAsLeader } from '../runtime/leader-election.ts';
import { createSystemClock } from '../platform/clock.ts';
import { serve } from '../platform/http.ts';
import { createLog, type LogLevel } from '../platform/log.ts';
import { giveGarbageBack } from '../platform/memory.ts';
import { createMetrics } from '../platform/metrics.ts';
import { loadOwnCauses } from '../platform/own-causes/load-own-causes.ts';
import { createPost } from '../platform/outbound.ts';
import { createSystemRandom } from '../platform/random.ts';
import { createSecretFiles } from '../platform/secret-files.ts';

const USAGE = `kubelet-medic controller: decides what is done about a stuck kubelet, and never touches a host.

  --namespace NS          where its Lease is (default: $POD_NAMESPACE)
  --identity NAME         unique name of this process in the election (default: $POD_NAME)
  --metrics-address H:P   /healthz, /readyz, /metrics (default :8080)
  --log-level LEVEL       debug, info, warn, error (default info)
  --max-concurrent N      recoveries of all policies together that may be in flight at once (default 5)
  --max-evidence-mib N    what evidence may take of etcd, in MiB (default 64)
  --max-incident-mib N    what incidents may take of etcd, in MiB (default 56)
  --captures-per-minute N captures that may begin in a minute, 5 or more (default 120)
  --medik8s-leases BOOL   respect and take the maintenance leases of medik8s (default true)
  --remediations MACHINES answer other operators, and do so much with Machines of Cluster API: none, read, replace (default: off)
  --node-proxy            ask kubelets through the API server's node proxy where an agent has no dump
  --own-causes FILE       causes of your own, beside those of the catalogue (default: none)
  --notifications JSON    who is told of incidents (default: $KUBELET_MEDIC_NOTIFICATIONS; docs/notifications.md)
  --secrets FOLDER        where their Secret is mounted (default /etc/kubelet-medic/notifications)
  --notify-test           only send each of them a test message, say how it went, and end
  --bucket JSON           where evidence is copied to (default: $KUBELET_MEDIC_BUCKET; docs/evidence-bucket.md)
  --bucket-ca FILE        certificates in PEM to trust there in place of the usual ones
  --kubeconfig FILE       talk to a cluster from outside it
  --clean-up              only say that nobody keeps the conditions of Nodes any more, delete healths, and end: on uninstall
`;

const MIB = 1024 * 1024;

const { env } = process;
const { values } = parseArgs({
  options: {
    namespace: { type: 'string', default: env['POD_NAMESPACE'] ?? 'kubelet-medic' },
    identity: { type: 'string', default: env['POD_NAME'] ?? `controller-${process.pid}` },
    'metrics-address': { type: 'string', default: ':8080' },
    'log-level': { type: 'string', default: 'info' },
    'max-concurrent': { type: 'string', default: '5' },
    'max-evidence-mib': { type: 'string', default: String(DEFAULT_BOUNDS.evidenceBytes / MIB) },
    'max-incident-mib': { type: 'string', default: String(DEFAULT_BOUNDS.incidentBytes / MIB) },
    'captures-per-minute': { type: 'string', default: String(DEFAULT_BOUNDS.capturesPerMinute) },
    'medik8s-leases': { type: 'string', default: 'true' },
    remediations: { type: 'string' },
    'node-proxy': { type: 'boolean', default: false },
    'own-causes': { type: 'string' },
    notifications: { type: 'string', default: env['KUBELET_MEDIC_NOTIFICATIONS'] ?? '' },
    secrets: { type: 'string', default: '/etc/kubelet-medic/notifications' },
    'notify-test': { type: 'boolean', default: false },
    bucket: { type: 'string', default: env['KUBELET_MEDIC_BUCKET'] ?? '' },
    'bucket-ca': { type: 'string' },
    kubeconfig: { type: 'string' },
    'clean-up': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

type NumberFlag = 'max-concurrent' | 'max-evidence-mib' | 'max-incident-mib' | 'captures-per-minute';

function logLevel(text: string): LogLevel {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  process.stderr.write(`--log-level ${text}: it is one of debug, info, warn, error\n`);
  process.exit(2);
}

function medik8sLeases(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  process.stderr.write(`--medik8s-leases ${text}: it is true or false\n`);
  process.exit(2);
}

/** Whether other operators may ask for a node, and what may be done with Machines then. */
function remediations(): Pick<World, 'remediations'> {
  const machines = values.remediations;
  if (machines === undefined) return {};
  if (machines === 'none' || machines === 'read' || machines === 'replace') return { remediations: { machines } };
  process.stderr.write(`--remediations ${machines}: it is one of none, read, replace\n`);
  process.exit(2);
}

function wholeNumber(flag: NumberFlag, least: number): number {
  const text = values[flag];
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= least && text.trim() !== '') return count;
  process.stderr.write(`--${flag} ${text}: it is a whole number, ${least} or more\n`);
  process.exit(2);
}

/** What is wrong with them is said, and stops no recovery: nobody is told then. */
function notifications(): Notifications | undefined {
  const { notifications: text, namespace, secrets } = values;
  metrics.gauge('notifications_refused', 0);
  if (text.trim() === '') return undefined;
  const read = readSettings(text);
  if (typeof read !== 'string')
    return { ...read, namespace, post: createPost(env), secret: createSecretFiles(secrets) };
  metrics.gauge('notifications_refused', 1);
  log.error('The settings of notifications cannot be used, and nobody is told', {
    flag: '--notifications',
    detail: read,
  });
  if (values['notify-test']) process.exit(2);
  return undefined;
}

/** What is wrong with it is said, and stops no recovery: nothing is copied then. */
async function evidenceBucket(): Promise<EvidenceBucket | undefined> {
  const { bucket: text, 'bucket-ca': caFile } = values;
  metrics.gauge('bucket_refused', 0);
  if (text.trim() === '') return undefined;
  const settings = readBucketSettings(text);
  try {
    if (typeof settings === 'string') throw new Error(settings);
    const ca = caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') };
    // Loaded on demand, from a bundle of its own: without a bucket it costs nothing.
    const { createS3Bucket } = await import('../s3/s3-bucket.ts');
    return { settings, client: createS3Bucket({ settings, env, ...ca }) };
  } catch (err) {
    metrics.gauge('bucket_refused', 1);
    log.error('The settings of the bucket cannot be used, and no evidence is copied', { flag: '--bucket', err });
    return undefined;
  }
}

/** Memory that the containers of a pod share: what is there outlives a container, and its file system may be read-only. */
const POD_MEMORY = '/dev/shm';

/** Tests end the process at a failpoint, once in the life of its pod. */
function failAt(name: Failpoint): void {
  if (env['KUBELET_MEDIC_FAILPOINT'] !== name) return;
  try {
    closeSync(openSync(join(POD_MEMORY, `failpoint-${name}`), 'wx'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return; // It has already been hit.
    throw error;
  }
  // Not SIGKILL: the first process of a PID namespace does not take it from itself (pid_namespaces(7)).
  process.exit(137);
}

async function connect(kubeconfig: string | undefined): Promise<Connection> {
  if (kubeconfig === undefined) {
    return createInClusterConnection({
      host: env['KUBERNETES_SERVICE_HOST'],
      port: env['KUBERNETES_SERVICE_PORT'],
      clock,
    });
  }
  // Loaded on demand: it brings the typed client with it, and in a cluster nobody needs that.
  const { createKubeconfigConnection } = await import('../kube/connection/kubeconfig.ts');
  return createKubeconfigConnection({ files: [kubeconfig], clock });
}

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const clock = createSystemClock();
const random = createSystemRandom();
const log = createLog({ level: logLevel(values['log-level']), fields: { program: 'controller' } });
const metrics = createMetrics('controller');
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info('Stopping', { signal });
    stop.abort(new Error(`stopped by ${signal}`));
  });
}

let leads = false;

/** By then it has looked at everything once, and the heap is three times what is left of that. */
const LOOKED_MS = 10_000;

/** The Job that runs it has two minutes. */
const CLEAN_UP_MS = 100_000;

async function main(): Promise<void> {
  const told = notifications();
  if (values['notify-test']) {
    process.exitCode = await testReceivers({ clock, notifications: told }, (line) => process.stdout.write(`${line}\n`));
    return;
  }
  const cluster = createCluster(await connect(values.kubeconfig), { clock, random, log, compression: false });
  if (values['clean-up']) {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(CLEAN_UP_MS)]);
    const failures = await cleanUp({ cluster, clock, log }, values.namespace, signal);
    if (failures > 0) process.exitCode = 1;
    return;
  }
  const bucket = await evidenceBucket();
  const world: World = {
    cluster,
    clock,
    random,
    log,
    metrics,
    ownCauses: await loadOwnCauses(values['own-causes'], { log, metrics }),
    nodeProxy: values['node-proxy'],
    medik8sLeases: medik8sLeases(values['medik8s-leases']),
    ...remediations(),
    maxInCluster: wholeNumber('max-concurrent', 0),
    storage: {
      evidenceBytes: wholeNumber('max-evidence-mib', 1) * MIB,
      incidentBytes: wholeNumber('max-incident-mib', 1) * MIB,
      capturesPerMinute: wholeNumber('captures-per-minute', 5),
    },
    ...(told === undefined ? {} : { notifications: told }),
    ...(bucket === undefined ? {} : { bucket }),
    onSynced: () => {
      setTimeout(giveGarbageBack, LOOKED_MS).unref();
    },
    failpoint: failAt,
  };
  const served = await serve({
    address: values['metrics-address'],
    health: { process: () => undefined },
    // A follower is ready: it is ready to take over.
    ready: { process: () => undefined },
    metrics,
  });
  metrics.gauge('leader', 0);
  const end = await runAsLeader(
    {
      cluster,
      clock,
      random,
      log,
      lease: { name: LEADER_LEASE, namespace: values.namespace },
      identity: values.identity,
      manager: CONTROLLER_MANAGER,
      signal: stop.signal,
    },
    async (term) => {
      leads = true;
      metrics.gauge('leader', 1);
      await runController(world, term);
    },
  );
  // A lost lease ends the process, and waits for nothing: somebody else may lead in a moment.
  if (end === 'lost') process.exitCode = 1;
  else await served.close();
}

async function run(): Promise<void> {
  try {
    await main();
  } catch (err) {
    log.error('The controller has ended by an error', { err, leads });
    process.exitCode = 1;
  }
  await log.close();
  process.exit();
}

void run();
