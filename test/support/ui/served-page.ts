/** `kubectl medic ui` on a cluster of a test. */
import { runUi } from '../../../src/cli/ui/run-ui.ts';
import { createSystemClock } from '../../../src/platform/clock.ts';
import { serveLoopback } from '../../../src/platform/loopback-server.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { withReviews, type ReviewOptions } from '../reviews.ts';
import type { PageAddress } from './page-client.ts';

export interface ServedPage extends PageAddress {
  readonly url: string;
  /** All that it has written to the terminal. */
  readonly printed: () => string;
  /** Rejects where the plugin ends by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function servePage(
  cluster: Cluster,
  { clock = createSystemClock(), ...reviews }: ReviewOptions & { readonly clock?: Clock } = {},
): Promise<ServedPage> {
  const end = new AbortController();
  let printed = '';
  const told = Promise.withResolvers<string>();
  const terminal = {
    out: (text: string): void => {
      printed += text;
      if (text.startsWith('http')) told.resolve(text.trim());
    },
    note: (text: string): void => {
      printed += text;
    },
    paint: (_: string, text: string): string => text,
  };
  const session = { cluster: withReviews(cluster, reviews), clock, terminal, server: 'https://prod.example:6443' };
  const ended = runUi(session, { port: 0, version: '1.2.3', serve: serveLoopback }, end.signal);
  ended.catch((error: unknown) => {
    told.reject(error);
  });
  const url = await told.promise;
  const { origin, hash } = new URL(url);
  return {
    url,
    origin,
    token: hash.slice(1),
    printed: () => printed,
    ended,
    async stop(): Promise<void> {
      end.abort();
      await ended.catch(() => undefined);
    },
  };
}
