/** The same for the same fault on other nodes, pods and addresses, with other builds and Go versions. */
import { createHash } from 'node:crypto';
import type { Stack } from './analysis/facts.ts';
import { isLibrary } from './analysis/names.ts';

/** What differs between Go versions, gRPC releases and wrappers is left out: Kubernetes' own functions and those of runtimes stay. */
const PASSING =
  /google\.golang\.org\/|go\.opentelemetry\.io\/|\/util\/wait\.|^runtime|cri-client\/|cri-api\/|kubelet\/(?:cri\/)?remote\./;

/** @param upTo how many frames from the leaf count; what is below them is how the goroutine was started. */
export function fingerprintOf(cause: string, stack: Stack | undefined, upTo: number): string {
  const names = (stack?.names ?? []).slice(0, upTo).filter((name) => !isLibrary(name) && !PASSING.test(name));
  return createHash('sha256')
    .update([cause, ...names].join('\n'))
    .digest('hex')
    .slice(0, 16);
}
