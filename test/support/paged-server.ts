/** In a thread of its own, so that what it does is no work of the program under test: an API server that only lists, in pages. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { PagedKind } from './paged-cluster.ts';

const pki = (file: string): string =>
  readFileSync(new URL(`api-server/test-only-pki/${file}`, import.meta.url), 'utf8');

/** The object of that number: `#` in the text is the number. */
function itemOf({ template }: PagedKind, index: number): string {
  return template.replaceAll('#', String(index));
}

function pageOf(kind: PagedKind, from: number, limit: number): string {
  const until = Math.min(kind.count, from + limit);
  const items = Array.from({ length: until - from }, (_, index) => itemOf(kind, from + index));
  const next = until < kind.count ? String(until) : '';
  return `{"metadata":{"resourceVersion":"1000000","continue":"${next}"},"items":[${items.join(',')}]}`;
}

const kinds = workerData as Readonly<Record<string, PagedKind>>;

const server = createServer({ key: pki('server.key'), cert: pki('server.crt') }, (request, response) => {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const kind = kinds[url.pathname.split('/').at(-1) ?? ''] ?? { count: 0, template: '' };
  response.setHeader('content-type', 'application/json');
  // A watch that tells nothing.
  if (url.searchParams.get('watch') === 'true') response.flushHeaders();
  else {
    const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
    response.end(pageOf(kind, number('continue', 0), number('limit', kind.count)));
  }
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
