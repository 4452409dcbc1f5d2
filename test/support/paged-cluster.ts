/** A cluster of any size that lists and does no more, served from a thread of its own. */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Connection } from '../../src/kube/connection/connection.ts';

export interface PagedKind {
  readonly count: number;
  /** JSON of one object; `#` in it is its number. */
  readonly template: string;
}

export interface PagedCluster {
  connection(): Connection;
  stop(): Promise<void>;
}

/** @param kinds by plural; all others have no objects. */
export async function startPagedCluster(kinds: Readonly<Record<string, PagedKind>>): Promise<PagedCluster> {
  const worker = new Worker(new URL('paged-server.ts', import.meta.url), { workerData: kinds });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  const ca = readFileSync(new URL('api-server/test-only-pki/ca.crt', import.meta.url), 'utf8');
  const material = { ca };
  return {
    connection: () => ({
      server: `https://127.0.0.1:${port}`,
      tls: () => Promise.resolve(material),
      authorization: () => Promise.resolve('Bearer test'),
    }),
    stop: async () => {
      await worker.terminate();
    },
  };
}
