/** The CRI endpoint of the kubelet, kept for a while: it is asked for at every probe. */
import type { Clock } from '../../ports/clock.ts';
import type { FoundProcess } from '../process/find-process.ts';
import { findEndpoint, readConfig } from '../process/kubelet-process.ts';
import type { HostNamespaces } from '../namespaces.ts';

const KEEP_MS = 30_000;

export interface EndpointOptions {
  readonly namespaces: HostNamespaces;
  readonly clock: Clock;
  /** The kubelet's process; undefined: none runs. */
  readonly kubelet: (signal: AbortSignal) => Promise<FoundProcess | undefined>;
  /** From the configuration; it is used as it is. */
  readonly fixed: string | undefined;
}

/** Of a kubelet that does not run now, the last that was known; before that, a well-known socket. */
export function createEndpointFinder({
  namespaces,
  clock,
  kubelet: find,
  fixed,
}: EndpointOptions): (signal: AbortSignal) => Promise<string | undefined> {
  let known: string | undefined;
  let knownAt = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    if (fixed !== undefined) return fixed;
    if (clock.monotonic() - knownAt < KEEP_MS) return known;
    const kubelet = await find(signal);
    if (kubelet !== undefined || known === undefined) {
      const argv = kubelet?.argv ?? [];
      const config = await readConfig(namespaces, argv, signal);
      const found = await findEndpoint(namespaces, { argv, config }, signal);
      known = found;
      // Without a kubelet or an endpoint the next one asks again.
      if (kubelet !== undefined && found !== undefined) knownAt = clock.monotonic();
    }
    return known;
  };
}
