import { describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES } from '../../../src/api/resources.ts';
import { cleanUp } from '../../../src/controller/clean-up.ts';
import { setStuck } from '../../../src/controller/node/node-condition.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { aHealth, anIncident, aNode } from '../../support/builders/objects.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const { signal } = new AbortController();
const CLAIM = { status: 'True', reason: 'PLEGUnhealthy', message: 'm' } as const;

async function installed(names: readonly string[]) {
  const parts = createControllerWorld();
  for (const name of names) {
    const { metadata, spec, status } = aNode({ name });
    parts.local.seeds.seed(NODES, { metadata: { name, uid: metadata.uid }, spec, status });
    parts.local.seeds.seed(HEALTHS, { metadata: { name }, status: aHealth({ node: name }).status });
    await setStuck(parts.world, parts.local.read(NODES, name)!, CLAIM);
  }
  return parts;
}

describe('what is left on uninstall', () => {
  test('says that nobody keeps it, or goes; history and nodes that we never wrote to stay as they are', async () => {
    const { world, local } = await installed(['node-a', 'node-b']);
    const other = aNode({ name: 'node-c' });
    local.seeds.seed(NODES, { metadata: { name: 'node-c' }, spec: other.spec, status: other.status });
    const { metadata, spec } = anIncident();
    local.seeds.seed(INCIDENTS, { metadata: { name: metadata.name }, spec, status: {} });
    expect(await cleanUp(world, signal)).toBe(0);
    const stuck = (name: string) =>
      local.read(NODES, name)?.status.conditions.find(({ type }) => type === 'KubeletStuck');
    expect(stuck('node-a')).toMatchObject({ status: 'Unknown', reason: 'Uninstalled' });
    expect(stuck('node-b')).toMatchObject({ status: 'Unknown', reason: 'Uninstalled' });
    expect(stuck('node-c')).toBeUndefined();
    expect(local.list(HEALTHS)).toEqual([]);
    expect(local.list(INCIDENTS)).toHaveLength(1);
    // A second run, as after a failure, writes nothing.
    const before = local.writes.length;
    expect(await cleanUp(world, signal)).toBe(0);
    expect(local.writes).toHaveLength(before);
  });

  test('is cleaned up as far as the API server lets it, and it is counted what is not', async () => {
    const { world, local, log } = await installed(['node-a', 'node-b']);
    const cluster: typeof world.cluster = {
      ...world.cluster,
      apply: () => Promise.reject(new MedicError('E_KUBE_DENIED', 'denied', 'no')),
    };
    expect(await cleanUp({ ...world, cluster }, signal)).toBe(2);
    expect(local.list(HEALTHS)).toEqual([]);
    expect(log.entries.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  test('is not begun where nobody waits any more', async () => {
    const { world, local } = await installed(['node-a']);
    await expect(cleanUp(world, AbortSignal.abort(new Error('too late')))).rejects.toThrow();
    expect(local.list(HEALTHS)).toHaveLength(1);
  });
});
