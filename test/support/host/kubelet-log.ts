/** Lines as kubelets of two eras write them. */
import { formatDuration } from '../../../src/core/time/duration.ts';
import type { KubeletProfile } from './scenario.ts';

/** klog's header: `E1124 10:09:33.815416      95 kubelet.go:2646]`. */
function header(severity: 'I' | 'E' | 'W', at: number, pid: number, namespaces: string): string {
  const iso = new Date(at).toISOString();
  const date = iso.slice(5, 10).replace('-', '');
  return `${severity}${date} ${iso.slice(11, 23)}000 ${String(pid).padStart(7)} ${namespaces}]`;
}

export interface LineContext {
  readonly at: number;
  readonly pid: number;
  readonly profile: KubeletProfile;
}

export function versionLine({ at, pid, profile }: LineContext): string {
  if (profile.log === 'plain') return `${header('I', at, pid, 'server.go:408')} Version: ${profile.version}`;
  return `${header('I', at, pid, 'server.go:545')} "Kubelet version" kubeletVersion="${profile.version}"`;
}

export function mainLoopLine({ at, pid, profile }: LineContext): string {
  if (profile.log === 'plain') return `${header('I', at, pid, 'kubelet.go:1773')} Starting kubelet main sync loop.`;
  return `${header('I', at, pid, 'kubelet.go:2622')} "Starting kubelet main sync loop"`;
}

/** `reasons` as the sync loop lists them. */
export function skippingLine({ at, pid, profile }: LineContext, reasons: readonly string[]): string {
  if (profile.log === 'plain') {
    return `${header('I', at, pid, 'kubelet.go:1829')} skipping pod synchronization - [${reasons.join(' ')}]`;
  }
  const list = reasons.length === 1 ? (reasons[0] ?? '') : `[${reasons.join(', ')}]`;
  return `${header('E', at, pid, 'kubelet.go:2646')} "Skipping pod synchronization" err="${list}"`;
}

export function relistFailedLine({ at, pid }: LineContext): string {
  const err = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
  return `${header('E', at, pid, 'generic.go:312')} "GenericPLEG: Unable to retrieve pods" err="${err}"`;
}

export function cannotStartLine({ at, pid }: LineContext): string {
  const err =
    'failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unavailable desc = connection error';
  return `${header('E', at, pid, 'run.go:72')} "command failed" err="${err}"`;
}

/** client-go quotes the URL of the request; `error` is what its transport says. */
export function leaseFailedLine({ at, pid }: LineContext, error: string): string {
  const url = 'https://10.0.0.1:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-a?timeout=10s';
  return `${header('E', at, pid, 'controller.go:195')} "Failed to update lease" err="Put \\"${url}\\": ${error}"`;
}

/** Something that a healthy kubelet says now and then, with a secret that must not leave the node. */
export function ordinaryLine({ at, pid }: LineContext, count: number): string {
  if (count % 5 === 0) {
    return `${header('I', at, pid, 'round_trippers.go:466')} curl -v -XGET -H "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzaW11bGF0ZWQifQ.c2lnbmF0dXJl" 'https://10.0.0.1:6443/api/v1/nodes'`;
  }
  return `${header('I', at, pid, 'kubelet.go:2737')} "SyncLoop (housekeeping)" count=${String(count)}`;
}

export const RUNTIME_DOWN = 'container runtime is down';
export const YET_TO_BE_SUCCESSFUL = 'PLEG is not healthy: pleg has yet to be successful';

export function breachReason(elapsedMs: number, thresholdMs: number): string {
  return `PLEG is not healthy: pleg was last seen active ${formatDuration(elapsedMs)} ago; threshold is ${formatDuration(thresholdMs)}`;
}
