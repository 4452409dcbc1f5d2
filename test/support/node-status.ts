/** What kubelets, and the controller that looks after their silence, write to Nodes. */
import { NODES } from '../../src/api/resources.ts';
import { toTime } from '../../src/core/time/timestamp.ts';
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

export interface Reporting {
  /** The node's. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The kubelet cannot reach the API server. */
  readonly isCut?: () => boolean;
}

/** Node-lifecycle-controller's default grace. */
const SILENT_MS = 40_000;

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

/** Posts what the simulated kubelet says of itself, as a kubelet does, and Unknown where it says nothing for 40 s. */
export async function keepStatus(
  seeds: Seeds,
  name: string,
  host: SimulatedHost,
  { clock, signal, isCut = () => false }: Reporting,
): Promise<void> {
  let last = '';
  let cutAt: number | undefined;
  for (;;) {
    await clock.sleep(1_000, signal);
    cutAt = isCut() || host.isNotReporting() ? (cutAt ?? clock.monotonic()) : undefined;
    const said = saidNow(host, clock.now(), cutAt === undefined ? undefined : clock.monotonic() - cutAt);
    if (said === undefined) continue;
    const words = JSON.stringify([said['status'], said['message']]);
    const uid = words === last ? undefined : seeds.read(NODES, { name })?.metadata.uid;
    if (uid === undefined) continue;
    last = words;
    setReady(seeds, name, { lastTransitionTime: toTime(clock.now()), ...said });
  }
}
