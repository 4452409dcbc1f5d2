/**
 * A cluster for the commands of the documents: a real API server with the controllers and the scheduler of Kubernetes, so that
 * Deployments, Jobs and namespaces come and go. Of its nodes only the kubelet is missing; what one says of pods is said for it.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { createCluster } from '../../../src/kube/cluster.ts';
import { isMedicError } from '../../../src/ports/errors.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { startChild } from '../../support/child.ts';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from '../../support/control-plane.ts';
import { startFakeKubelet, type FakeKubelet } from '../../support/fake-kubelet.ts';
import { realClock, realRandom } from '../../support/real-time.ts';
import { retryDeletions } from '../../support/terminating-crds.ts';

export interface Machine {
  readonly plane: ControlPlane;
  /** Of the group system:masters. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly kubelet: FakeKubelet;
  /** @throws where the API server refuses, unless the answer is one of `fine`. */
  readonly api: (method: string, path: string, body?: object, fine?: readonly number[]) => Promise<unknown>;
  stop(): Promise<void>;
}

/** Those whose work shows in what a command of a document waits for. */
const CONTROLLERS =
  'deployment replicaset daemonset job namespace garbage-collector serviceaccount root-ca-certificate-publisher'
    .split(' ')
    .map((name) => `${name}-controller`);

function writeKubeconfig(plane: ControlPlane): string {
  const { cert, key } = plane.issue('jane', '/O=system:masters/CN=jane@example.com');
  const server = `https://127.0.0.1:${plane.port}`;
  const file = join(plane.folder, 'kubeconfig');
  const ca = Buffer.from(plane.ca).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'docs',
    clusters: [{ name: 'docs', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'jane', user: { 'client-certificate': cert, 'client-key': key } }],
    contexts: [{ name: 'docs', context: { cluster: 'docs', user: 'jane' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

type Api = Machine['api'];

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send({ port, ca }: ControlPlane, method: string, path: string, body?: object): Promise<Answer> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: 'Bearer admin', 'content-type': type };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, ca, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** A kind is not served at once after its CRD is there. */
const NOT_YET = [429, 503];

function apiOf(plane: ControlPlane): Api {
  return async (method, path, body, fine = []) => {
    let answer = await send(plane, method, path, body);
    for (let tries = 0; tries < 100 && NOT_YET.includes(answer.status); tries++) {
      await sleep(100);
      answer = await send(plane, method, path, body);
    }
    const { status, text } = answer;
    if (status >= 300 && !fine.includes(status)) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text) as unknown;
  };
}

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        deletionTimestamp: z.optional(z.string()),
        ownerReferences: z.optional(z.array(z.object({ kind: z.string() }))),
      }),
      spec: z.object({
        nodeName: z.optional(z.string()),
        containers: z.array(z.object({ name: z.string(), image: z.string() })),
      }),
      status: z.object({ phase: z.optional(z.string()) }),
    }),
  ),
});
type Pod = z.infer<typeof Pods>['items'][number];

/** What a kubelet says of a pod that it has started; one of a Job has ended at once. */
function statusOf(pod: Pod): object {
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const isJob = pod.metadata.ownerReferences?.[0]?.kind === 'Job';
  const state = isJob
    ? { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } }
    : { running: { startedAt: at } };
  return {
    phase: isJob ? 'Succeeded' : 'Running',
    startTime: at,
    podIP: '192.0.2.10',
    podIPs: [{ ip: '192.0.2.10' }],
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: isJob && type.endsWith('Ready') ? 'False' : 'True',
      lastTransitionTime: at,
    })),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      ...{ name, image, imageID: image, containerID: `containerd://${name}` },
      ...{ ready: !isJob, started: !isJob, restartCount: 0, state },
    })),
  };
}

/** Looks after the pods of all nodes until the signal ends it. */
async function tendPods(api: Api, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = Pods.parse(await api('GET', '/api/v1/pods'));
    for (const pod of items.filter(({ spec }) => spec.nodeName !== undefined)) {
      const { name, namespace, deletionTimestamp } = pod.metadata;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      if (deletionTimestamp !== undefined) await api('DELETE', `${path}?gracePeriodSeconds=0`, undefined, [404, 409]);
      else if (pod.status.phase === 'Pending') {
        await api('PATCH', `${path}/status`, { status: statusOf(pod) }, [404, 409]);
      }
    }
    await sleep(150);
  }
}

/** Six requests each time. */
const RETRY_MS = 2_000;

/** @throws all but a refusal by an API server that is busy. */
function retryLater(error: unknown): void {
  if (!isMedicError(error) || !['transient', 'throttled'].includes(error.class)) throw error;
}

/** Sees to it that a command which waits until CRDs have gone does not wait for minutes, until the signal ends it. */
async function tendCrds(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  const cluster = createCluster(plane.connection('admin'), options);
  while (!signal.aborted) {
    await retryDeletions(cluster).catch(retryLater);
    await sleep(RETRY_MS);
  }
}

const LOG = '{"level":"info","message":"This is the leader now","controller":"kubelet-medic-controller"}\n';

export async function startMachine(): Promise<Machine> {
  const plane = await startControlPlane();
  const binaries = controlPlaneBinaries();
  const kubeconfig = writeKubeconfig(plane);
  const api = apiOf(plane);
  const common = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'];
  const start = (name: string, ...flags: readonly string[]): ReturnType<typeof startChild> =>
    startChild(join(binaries, name), [...common, ...flags], join(plane.folder, `${name}.log`));
  const programs = [
    start('kube-scheduler'),
    start('kube-controller-manager', `--controllers=${CONTROLLERS.join(',')}`),
  ];
  const kubelet = await startFakeKubelet(async () => ({ status: 200, body: LOG }));
  const ended = new AbortController();
  const tending = Promise.all([tendPods(api, ended.signal), tendCrds(plane, ended.signal)]);
  tending.catch(() => undefined);
  return {
    plane,
    kubeconfig,
    kubectl: join(binaries, 'kubectl'),
    kubelet,
    api,
    async stop(): Promise<void> {
      ended.abort();
      await tending;
      for (const program of programs) await program.stop();
      await kubelet.close();
      await plane.stop();
    },
  };
}

/** @returns what the program printed. @throws with all of it where it does not end with 0. */
export function mustRun(program: string, argv: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): string {
  return execFileSync(program, argv, {
    env,
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
