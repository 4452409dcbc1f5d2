/** A start on a fleet of 2,000 nodes and 4,000 old incidents leaves turns to all else, such as the renewal of the lease. */
import { afterEach, expect, test } from '@jest/globals';
import { runController } from '../../src/controller/controller.ts';
import { DEFAULT_BOUNDS } from '../../src/core/decision/storage/bounds.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { nodeManifest } from '../bench/fleet/seed/node-manifest.ts';
import { createTemplate } from '../bench/fleet/seed/template.ts';
import { aPolicy } from '../support/builders/objects.ts';
import { createRecordingLog, createRecordingMetrics } from '../support/builders/recording.ts';
import { watchTurns } from '../support/cpu-time.ts';
import { type PagedCluster, type PagedKind, startPagedCluster } from '../support/paged-cluster.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';

const NODES = 2_000;
const INCIDENTS = 4_000;
/** In milliseconds of processor time. A page is parsed in one piece. */
const LONGEST_TURN_MS = 120;

let paged: PagedCluster;
afterEach(async () => {
  await paged.stop();
});

/** Of any number: `#` stands for it. */
function kindOf(count: number, object: object, [from, to]: readonly [string, string]): PagedKind {
  const numbered = {
    ...object,
    metadata: { ...('metadata' in object ? (object.metadata as object) : {}), uid: 'uid-#', resourceVersion: '1#' },
  };
  return { count, template: JSON.stringify(numbered).replaceAll(from, to) };
}

async function aFleet(): Promise<PagedCluster> {
  const { incident, health } = await createTemplate({ mode: 'Remediate' });
  const node = nodeManifest(0, realClock.now());
  const { nodeName } = incident.spec;
  return await startPagedCluster({
    nodes: kindOf(NODES, node, [node.metadata.name ?? '', 'node-#']),
    kubelethealths: kindOf(NODES, health, [nodeName, 'node-#']),
    kubeletincidents: kindOf(INCIDENTS, incident, [nodeName, 'node-#']),
    kubeletrecoverypolicies: kindOf(1, aPolicy(), ['', '']),
  });
}

test('the longest turn of a start is short', async () => {
  paged = await aFleet();
  const log = createRecordingLog();
  const cluster = createCluster(paged.connection(), { clock: realClock, random: realRandom, log });
  const stop = new AbortController();
  const settings = {
    storage: DEFAULT_BOUNDS,
    nodeProxy: false,
    medik8sLeases: true,
    maxInCluster: 5,
    failpoint: (): void => undefined,
  };
  const world = { ...settings, cluster, clock: realClock, random: realRandom, log, metrics: createRecordingMetrics() };
  const turns = watchTurns();
  const running = runController(world, { signal: stop.signal, leads: () => true, writeDeadlineMs: 8_000 });
  await eventually(
    'it is in sync',
    () => log.entries.some(({ message }) => message === 'Controller is in sync'),
    110_000,
  );
  const longestMs = turns.end();
  stop.abort(new Error('the test is over'));
  await running.catch(() => undefined);
  expect(longestMs).toBeLessThan(LONGEST_TURN_MS);
});
