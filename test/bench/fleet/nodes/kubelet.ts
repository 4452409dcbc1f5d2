/** A kubelet's writes to its Node: a heartbeat when nothing changes, and its Ready condition when that does. */
import { NODES } from '../../../../src/api/resources.ts';
import { toTime } from '../../../../src/core/time/timestamp.ts';
import type { Cluster, JsonPatchOperation } from '../../../../src/ports/cluster.ts';
import { realClock } from '../../../support/real-time.ts';
import { KUBELETS_CONDITIONS, READY_INDEX } from '../seed/node-manifest.ts';

/** `nodeStatusReportFrequency` of the kubelet's configuration. */
const HEARTBEAT_MS = 300_000;

const KUBELET = { manager: 'kubelet', subresource: 'status' } as const;

function beats(now: string): readonly JsonPatchOperation[] {
  return Array.from({ length: KUBELETS_CONDITIONS }, (_, index) => ({
    op: 'replace',
    path: `/status/conditions/${String(index)}/lastHeartbeatTime`,
    value: now,
  }));
}

/** @param message why it is not ready; undefined: it is. */
export async function postReady(cluster: Cluster, name: string, message: string | undefined): Promise<void> {
  const now = toTime(Date.now());
  const path = `/status/conditions/${String(READY_INDEX)}`;
  const said =
    message === undefined
      ? { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { status: 'False', reason: 'KubeletNotReady', message };
  const value = { type: 'Ready', ...said, lastHeartbeatTime: now, lastTransitionTime: now };
  await cluster.jsonPatch(NODES, { name }, [...beats(now), { op: 'replace', path, value }], KUBELET);
}

/** Runs until the signal, at a time of its own within each period. */
export async function runHeartbeat(
  cluster: Cluster,
  name: string,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<never> {
  let waitMs = Math.random() * HEARTBEAT_MS;
  for (;;) {
    await realClock.sleep(waitMs, signal);
    await cluster.jsonPatch(NODES, { name }, beats(toTime(Date.now())), KUBELET).catch(failed);
    waitMs = HEARTBEAT_MS;
  }
}

/** How long a node that flaps stays as it is: between these, by chance. */
const FLAP_MS = [15_000, 45_000] as const;
const NO_NETWORK =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized';

/** A node whose network comes and goes. */
export async function runFlapping(
  cluster: Cluster,
  name: string,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<never> {
  const [least, most] = FLAP_MS;
  for (let ready = true; ; ready = !ready) {
    await realClock.sleep(least + Math.random() * (most - least), signal);
    await postReady(cluster, name, ready ? NO_NETWORK : undefined).catch(failed);
  }
}
