/**
 * What the controller takes from a kubelet, through the API server's node proxy: `nodes/proxy` is held by the controller
 * alone, never by a node's identity. Paths: kubernetes `pkg/kubelet/server/server.go`.
 */
import type { EvidenceKind } from '../../api/v1alpha1/parts/evidence.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Cluster } from '../../ports/cluster.ts';
import { cleanText } from '../../core/redaction/redact.ts';

interface KubeletFile {
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly path: string;
  readonly deadlineMs: number;
}

export interface Fetched {
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly source: string;
  /** undefined: it could not be read, and `message` says why. */
  readonly body: Buffer | undefined;
  readonly truncated: boolean;
  readonly message: string | undefined;
}

/** A kubelet of 10,000 goroutines has 8 MB; what is beyond this is cut, and said to be. */
const MAX_BYTES = 8 * 1024 * 1024;

export function dumpFile(number: number): KubeletFile {
  return {
    // Not the agent's name: an incident's manifest is keyed by it, and has two writers.
    name: `proxy-goroutines-${number}.txt`,
    kind: 'GoroutineDump',
    path: '/debug/pprof/goroutine?debug=2',
    deadlineMs: 10_000,
  };
}

/** Taken once. `/metrics` does not answer while the CRI hangs (measured); that it does not is a finding, so it has 2 s. */
export const ONCE: readonly KubeletFile[] = [
  { name: 'goroutine-counts.txt', kind: 'GoroutineCounts', path: '/debug/pprof/goroutine?debug=1', deadlineMs: 5_000 },
  { name: 'configz.json', kind: 'KubeletConfig', path: '/configz', deadlineMs: 2_000 },
  { name: 'healthz.txt', kind: 'KubeletHealthz', path: '/healthz?verbose', deadlineMs: 2_000 },
  { name: 'metrics.txt', kind: 'KubeletMetrics', path: '/metrics', deadlineMs: 2_000 },
];

function refusalOf(file: KubeletFile, status: number, body: Buffer): string | undefined {
  if (file.kind === 'KubeletHealthz' || status < 400) return undefined;
  return `the kubelet answered ${status}: ${cleanText(body.toString('utf8').trim().split('\n')[0] ?? '', 200)}`;
}

/** Never throws for what a kubelet or a proxy may do: the failure is the result. */
export async function fetchFile(
  cluster: Cluster,
  node: string,
  file: KubeletFile,
  signal: AbortSignal,
): Promise<Fetched> {
  const source = `nodes/${node}/proxy${file.path}`;
  const base = { name: file.name, kind: file.kind, source };
  try {
    const { status, body, truncated } = await cluster.proxyNode(node, file.path, {
      maxBytes: MAX_BYTES,
      deadlineMs: file.deadlineMs,
      signal,
    });
    const refusal = refusalOf(file, status, body);
    if (refusal !== undefined) return { ...base, body: undefined, truncated: false, message: refusal };
    return { ...base, body, truncated, message: truncated ? `cut at ${MAX_BYTES} bytes` : undefined };
  } catch (err) {
    if (signal.aborted || !isMedicError(err)) throw err;
    return { ...base, body: undefined, truncated: false, message: cleanText(`${err.code}: ${err.message}`, 512) };
  }
}
