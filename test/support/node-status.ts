/** What kubelets, and the controller that looks after their silence, write to Nodes. */
import { LEASES, NODES } from '../../src/api/resources.ts';
import { toMicroTime, toTime } from '../../src/core/time/timestamp.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { isObject, listAt, objectAt, type JsonObject } from './api-server/json.ts';
import type { Seeds } from './api-server/seeds.ts';
import type { SimulatedHost } from './host/simulated-host.ts';

export interface SeededNode {
  readonly labels?: Readonly<Record<string, string>>;
  readonly uid?: string;
}

/** A node that has been well for a day. */
export function seedNode(seeds: Seeds, name: string, now: number, { labels = {}, uid }: SeededNode = {}): void {
  const time = toTime(now - 86_400_000);
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
    lastTransitionTime: time,
    lastHeartbeatTime: time,
  };
  seeds.seed(NODES, {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels }, ...(uid === undefined ? {} : { uid }) },
    spec: {},
    status: { conditions: [ready], nodeInfo: { kubeletVersion: 'v1.36.3' } },
  });
}

function setReady(seeds: Seeds, name: string, said: JsonObject): void {
  seeds.edit(NODES, { name }, (draft) => {
    const status = objectAt(draft, 'status');
    const others = listAt(status, 'conditions').filter((item) => !isObject(item) || item['type'] !== 'Ready');
    draft['status'] = { ...status, conditions: [...others, { type: 'Ready', ...said }] };
  });
}

/** What the kubelet's Lease is named by, and what it says. Nobody reads it while the Node is Ready, so it is written with the status. */
export function renewLease(seeds: Seeds, name: string, now: number): void {
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: toMicroTime(now) };
  seeds.seed(LEASES, { metadata: { name, namespace: 'kube-node-lease' }, spec });
}

export interface Reporting {
  /** The node's. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The kubelet cannot reach the API server. */
  readonly isCut?: () => boolean;
}

/** Node-lifecycle-controller's default grace. */
const SILENT_MS = 40_000;
/** A kubelet that was cut off tries again so much later than its agent may: it tries every 10 s. */
const BACK_MS = 9_000;

/** What the Node's Ready condition should say now; undefined: as it is. */
function saidNow(host: SimulatedHost, now: number, silentMs: number | undefined): JsonObject | undefined {
  if (silentMs !== undefined && silentMs >= SILENT_MS) {
    const message = 'Kubelet stopped posting node status.';
    return { status: 'Unknown', reason: 'NodeStatusUnknown', message };
  }
  const ready = silentMs === undefined ? host.ready() : undefined;
  if (ready === undefined) return undefined;
  const { lastTransitionAt, ...said } = ready;
  return { ...said, lastTransitionTime: toTime(lastTransitionAt), lastHeartbeatTime: toTime(now) };
}

const NEVER = (): boolean => false;

function wordsOf(said: JsonObject | undefined): string {
  return JSON.stringify([said?.['status'], said?.['message']]);
}

function report(seeds: Seeds, name: string, now: number, said: JsonObject): void {
  if (said['status'] !== 'Unknown') renewLease(seeds, name, now);
  setReady(seeds, name, { lastTransitionTime: toTime(now), ...said });
}

/** Posts what the simulated kubelet says of itself, as a kubelet does, and Unknown where it says nothing for 40 s. */
export async function keepStatus(
  seeds: Seeds,
  name: string,
  host: SimulatedHost,
  { clock, signal, isCut = NEVER }: Reporting,
): Promise<void> {
  let last = '';
  let silentSince = Number.POSITIVE_INFINITY;
  let wasCut = false;
  renewLease(seeds, name, clock.now());
  for (;;) {
    await clock.sleep(wasCut && !isCut() ? BACK_MS : 1_000, signal);
    wasCut = isCut();
    const now = clock.monotonic();
    const isSilent = wasCut || host.isNotReporting();
    silentSince = isSilent ? Math.min(silentSince, now) : Number.POSITIVE_INFINITY;
    const said = saidNow(host, clock.now(), isSilent ? now - silentSince : undefined);
    const words = wordsOf(said);
    if (said === undefined || words === last || seeds.read(NODES, { name }) === undefined) continue;
    last = words;
    report(seeds, name, clock.now(), said);
  }
}
