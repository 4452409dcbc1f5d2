import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS } from '../../src/api/resources.ts';
import { API_VERSION, LABEL_UPLOAD } from '../../src/api/v1alpha1/words/names.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { networkError } from '../../src/kube/errors.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { createAgentContacts } from '../../src/controller/agent-contacts.ts';
import { createLocalView } from '../../src/controller/view/local-view.ts';
import { runUploadRetention } from '../../src/controller/incident/upload-retention.ts';
import { aPlan } from '../support/builders/objects.ts';
import { skewedClock } from '../support/clock.ts';
import { createControllerWorld } from '../support/controller-world.ts';

const HOUR_MS = 3_600_000;
const life = new Set<AbortController>();
afterEach(() => {
  for (const one of life) one.abort(new Error('the test is over'));
  life.clear();
});

/** @param aheadMs of the controller's clock; all else goes by the API server's. */
function start(aheadMs = 0) {
  const { world, clock, local, log } = createControllerWorld();
  const queries: string[] = [];
  const ownClock = skewedClock(clock, aheadMs);
  const ofController = local.clusterFor(ownClock);
  const cluster: Cluster = {
    ...ofController,
    list: async (resource, query, call) => {
      if (resource.plural === EVIDENCES.plural) queries.push(query?.labelSelector ?? 'all');
      return await ofController.list(resource, query, call);
    },
  };
  const own = new AbortController();
  life.add(own);
  const watched = { ...world, clock: ownClock, cluster };
  const view = createLocalView(watched, createAgentContacts(watched), own.signal);
  void runUploadRetention(watched, view, own.signal);
  const iso = (ms: number): string => toPreciseTime(clock.now() + ms);

  function ask(atMs: number): void {
    const trigger = { type: 'Manual', at: iso(0), message: 'x' };
    const uploads = [{ file: 'kubelet.log.gz', at: iso(atMs) }];
    const spec = { nodeName: 'node-a', nodeUID: 'u', trigger, plan: aPlan(), uploads };
    local.seeds.seed(INCIDENTS, { metadata: { name: 'one' }, spec });
  }

  function seed(name: string, expiresInMs: number | undefined): void {
    const entry = { name: 'a.gz', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: iso(0), source: 's' };
    const expiry = expiresInMs === undefined ? {} : { expiresAt: iso(expiresInMs) };
    const spec = { nodeName: 'node-a', incident: 'one', incidentUID: 'u', entry, data: '', ...expiry };
    const labels = expiresInMs === undefined ? {} : { [LABEL_UPLOAD]: 'true' };
    local.seeds.seed(EVIDENCES, { apiVersion: API_VERSION, metadata: { name, labels }, spec });
  }

  async function names(): Promise<readonly string[]> {
    return (await local.cluster.list(EVIDENCES)).items.map(({ metadata }) => metadata.name).sort();
  }
  return { clock, local, log, queries, ask, seed, names };
}

describe('what was uploaded for a person', () => {
  test('is deleted within a minute after it has expired, and what lives with its incident is not', async () => {
    const { clock, ask, seed, names, queries } = start();
    ask(0);
    seed('dump', undefined);
    seed('soon', 30_000);
    seed('later', HOUR_MS);
    await clock.advance(29_000);
    expect(await names()).toEqual(['dump', 'later', 'soon']);
    await clock.advance(61_000);
    expect(await names()).toEqual(['dump', 'later']);
    await clock.advance(HOUR_MS);
    expect(await names()).toEqual(['dump']);
    expect(new Set(queries)).toEqual(new Set([`${LABEL_UPLOAD}=true`]));
  });

  test('is listed twice an hour while nobody has asked for anything', async () => {
    const { clock, seed, names, queries } = start();
    seed('left', 1_000);
    await clock.advance(2 * HOUR_MS + 60_000);
    expect(queries.length).toBeLessThanOrEqual(5);
    expect(await names()).toEqual([]);
  });

  test('stays where the clock of the controller is ahead of the API server’s', async () => {
    const { clock, ask, seed, names } = start(3 * HOUR_MS);
    ask(0);
    seed('fresh', HOUR_MS);
    await clock.advance(HOUR_MS - 1_000);
    expect(await names()).toEqual(['fresh']);
    await clock.advance(61_000);
    expect(await names()).toEqual([]);
  });

  test('is deleted later where it could not be now, and keeps no other one from it', async () => {
    const { clock, local, log, ask, seed, names } = start();
    ask(0);
    seed('first', 1_000);
    seed('second', 1_000);
    let failures = 1;
    local.onWrite(({ verb }) => {
      if (verb === 'delete' && failures-- > 0) throw networkError('delete', new Error('connection refused'));
    });
    await clock.advance(61_000);
    await clock.advance(61_000);
    expect(await names()).toEqual([]);
    expect(log.entries.some(({ message }) => message.includes('could not be deleted'))).toBe(true);
  });
});
