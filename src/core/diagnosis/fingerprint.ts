/** The same for the same fault on other nodes, pods and addresses, with other builds and Go versions. */
import { createHash } from 'node:crypto';
import type { Stack } from './analysis/facts.ts';
import { isLibrary } from './analysis/function-names.ts';

/** What differs between Go versions, gRPC releases and wrappers is left out: Kubernetes' own functions and those of runtimes stay. */
const PASSING =
  /google\.golang\.org\/|go\.opentelemetry\.io\/|\/util\/wait\.|^runtime|cri-client\/|cri-api\/|kubelet\/(?:cri\/)?remote\./;
const CRI_CALL = /google\.golang\.org\/grpc/;
const MANAGER = /\(\*kubegenericruntimemanager\)\./;

/** A runtime that hangs is met now in one call, now in another: only what the kubelet wanted of it counts. */
function withoutCall(names: readonly string[]): readonly string[] {
  if (!names.some((name) => CRI_CALL.test(name))) return names;
  return names.slice(
    Math.max(
      0,
      names.findLastIndex((name) => MANAGER.test(name)),
    ),
  );
}

/** A kubelet that hangs in the relist of one pod does so next time in that of all. */
function ofAllPods(name: string): string {
  return name.replace(/\.relistpod$/, '.relist').replace(/\.getpod$/, '.getpods');
}

/** @param upTo how many frames from the leaf count; what is below them is how the goroutine was started. */
export function fingerprintOf(cause: string, stack: Stack | undefined, upTo: number): string {
  const names = withoutCall((stack?.names ?? []).slice(0, upTo)).filter(
    (name) => !isLibrary(name) && !PASSING.test(name),
  );
  return createHash('sha256')
    .update([cause, ...names.map(ofAllPods)].join('\n'))
    .digest('hex')
    .slice(0, 16);
}
