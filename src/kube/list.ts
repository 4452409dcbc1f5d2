/** Lists in pages, so that neither side holds a big collection at once. */
import * as z from 'zod/mini';
import type { Clock } from '../ports/clock.ts';
import type { KubeObject, ListQuery, Listed, Malformed, Resource } from '../ports/cluster.ts';
import { isMedicError } from '../ports/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import { malformedError } from './errors.ts';
import { tryParse } from './parsed.ts';
import { listPath } from './paths.ts';

const PAGE_SIZE = 100;
/** Bound of one answer, decompressed. Objects are at most 1.5 MiB each (etcd's request limit), mostly some KiB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const Page = z.object({
  metadata: z.object({ resourceVersion: z._default(z.string(), ''), continue: z._default(z.string(), '') }),
  items: z.nullish(z.array(z.unknown())),
});

export interface ListReader {
  /** GETs a path and returns the JSON of the answer. */
  readonly read: (path: string, what: string) => Promise<unknown>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * All pages of a list. A continue token that has expired on the way starts it once more, then in one piece.
 * Source: Kubernetes API concepts, "Retrieving large results sets in chunks".
 */
export async function listAll<T extends KubeObject>(
  resource: Resource<T>,
  query: ListQuery,
  reader: ListReader,
): Promise<Listed<T>> {
  try {
    return await listPages(resource, query, reader, query.pageSize ?? PAGE_SIZE);
  } catch (error) {
    if (!isMedicError(error) || error.code !== 'E_KUBE_EXPIRED') throw error;
    return await listPages(resource, query, reader, query.pageSize);
  }
}

async function listPages<T extends KubeObject>(
  resource: Resource<T>,
  query: ListQuery,
  { read, clock }: ListReader,
  limit: number | undefined,
): Promise<Listed<T>> {
  const items: T[] = [];
  const malformed: Malformed[] = [];
  const what = `LIST ${resource.plural}`;

  function* parsing(raws: readonly unknown[]): Generator {
    for (const raw of raws) {
      const parsed = tryParse(resource, raw);
      if (parsed.kind === 'object') items.push(parsed.object);
      else malformed.push(parsed.malformed);
      yield;
    }
  }

  function ask(next: string | undefined): Promise<unknown> {
    const answer = read(listPath(resource, query, { limit: limit?.toString(), continue: next }), what);
    // Whoever waits for it is told; nobody does if the page before it cannot be read.
    answer.catch(() => undefined);
    return answer;
  }

  for (let answer = ask(undefined); ;) {
    const page = Page.safeParse(await answer);
    if (!page.success) throw malformedError(what, page.error);
    const { continue: next, resourceVersion } = page.data.metadata;
    // The server makes the next page while this one is parsed.
    if (next !== '') answer = ask(next);
    await inTurns(parsing(page.data.items ?? []), clock);
    if (next === '') return { items, resourceVersion, malformed };
  }
}
