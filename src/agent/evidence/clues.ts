/** Texts in the logs of kubelet, runtime and kernel that name a known cause; the diagnosis reads what they pick out. */
import type { EvidenceKind } from '../../api/v1alpha1/evidence.ts';
import { type CluePattern, logClues } from '../../core/evidence/log-clues.ts';

/** Logs that are looked through. */
const LOGS: readonly EvidenceKind[] = ['KubeletLog', 'RuntimeLog', 'KernelLog'];

/** Sources: the issues of Kubernetes, containerd, runc, systemd and the kernel that the catalogue of causes cites. */
const CLUES: readonly CluePattern[] = [
  'PLEG is not healthy',
  'container runtime is down',
  'GenericPLEG: Unable to retrieve pods',
  'trying to send message larger than max',
  'received message larger than max',
  'validate CRI v1 runtime API',
  'container runtime status check may not have completed yet',
  'sync Loop took longer than expected',
  'Timed out while waiting for StopUnit',
  'Failed to start transient scope unit',
  'exceeds 10000-thread limit',
  'unable to open slave mount',
  'get state for',
  'failed to reserve sandbox name',
  'error reserving ctr name',
  'ttrpc: closed',
  'no space left on device',
  'too many open files',
  'cannot allocate memory',
  'Resource temporarily unavailable',
  'blocked for more than',
  'not responding, still trying',
  'rcu_sched detected stalls',
  'soft lockup',
  'invoked oom-killer',
  'I/O error',
  'Remounting filesystem read-only',
  'unregister_netdevice: waiting for',
  /\bPSI\b.*\bfull avg10=[5-9]\d/,
];
const BOUNDS = { maxLines: 32, maxLength: 512 };

/** Clues of one artifact; none if it is no log. */
export function cluesOf(name: string, kind: EvidenceKind, bytes: Buffer): readonly string[] {
  if (!LOGS.includes(kind)) return [];
  return logClues([{ name, text: bytes.toString('utf8') }], CLUES, BOUNDS);
}
