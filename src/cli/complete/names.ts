/** Names of incidents and nodes, for a shell that waits. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../api/meta.ts';
import { INCIDENTS, NODES, OPEN_INCIDENTS } from '../../api/resources.ts';
import type { KubeObject, Resource } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';

/** A person waits for the prompt. */
const DEADLINE_MS = 3_000;
const PAGE = 500;
/** Commands that say something to an incident that is not over. */
const OF_OPEN: readonly string[] = ['approve', 'reject', 'cancel'];

const NameOnly = z.object({ metadata: ObjectMeta });

function namesOnly(resource: Resource): Resource {
  return { ...resource, metadataOnly: true, parse: (raw: unknown): KubeObject => NameOnly.parse(raw) };
}

/** Empty where they cannot be had. */
export async function namesFor(
  kind: 'INCIDENT' | 'NODE',
  command: string,
  connect: () => Promise<Session>,
): Promise<readonly string[]> {
  const open = OF_OPEN.includes(command) ? { fieldSelector: OPEN_INCIDENTS } : {};
  const [resource, query] = kind === 'NODE' ? [NODES, {}] : [INCIDENTS, open];
  try {
    const { cluster } = await connect();
    const { items } = await cluster.list(
      namesOnly(resource),
      { ...query, pageSize: PAGE },
      { deadlineMs: DEADLINE_MS },
    );
    return items.map(({ metadata }) => metadata.name).sort();
  } catch (error) {
    if (isMedicError(error)) return [];
    throw error;
  }
}
