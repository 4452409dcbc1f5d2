import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS } from '../../../src/api/resources.ts';
import { runWatch } from '../../../src/cli/watch/watch-fleet.ts';
import type { KubeObject, Manifest, Resource } from '../../../src/ports/cluster.ts';
import { createSystemClock } from '../../../src/platform/clock.ts';
import { aHealth, anIncident, at } from '../../support/builders/objects.ts';
import { startBench, type Bench } from './cli-harness.ts';

let bench: Bench;
let end: AbortController;
let out: string;
let running: Promise<void> | undefined;
/** Resolved at each line. */
let heard: PromiseWithResolvers<undefined>;

beforeEach(async () => {
  bench = await startBench();
  end = new AbortController();
  out = '';
  running = undefined;
  heard = Promise.withResolvers();
});
afterEach(async () => {
  end.abort();
  await running;
  await bench.server.close();
});

function seed(resource: Resource, object: KubeObject): void {
  bench.server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

function start(node?: string): void {
  const terminal = {
    out: (text: string) => {
      out += text;
      heard.resolve(undefined);
      heard = Promise.withResolvers();
    },
    note: () => undefined,
    paint: (_: string, text: string) => text,
  };
  running = runWatch({ cluster: bench.cluster, clock: createSystemClock(), terminal }, node, end.signal);
}

async function line(words: string): Promise<void> {
  while (!out.includes(words)) await heard.promise;
}

function setState(name: string, state: string): void {
  bench.server.edit(INCIDENTS, { name }, (draft) => {
    Object.assign(draft, { status: { ...(draft['status'] as object), state } });
  });
}

test('tells what is open, each change of it, also after the connection broke, and its end', async () => {
  seed(INCIDENTS, anIncident({ name: 'node-z-old', node: 'node-z', status: { outcome: 'Recovered' } }));
  seed(INCIDENTS, anIncident({ status: { state: 'Capturing' } }));
  start();
  await line('node-a-x7k2q  open: PLEGUnhealthy: PLEG is not healthy');
  await line('node-a-x7k2q  Capturing');
  bench.server.cutWatches();
  setState('node-a-x7k2q', 'Waiting: budget');
  await line('node-a-x7k2q  Waiting: budget');
  const Diagnosed = {
    type: 'Diagnosed',
    status: 'True',
    reason: 'RuntimeHung',
    message: 'it hangs',
    lastTransitionTime: at(0),
  };
  bench.server.edit(INCIDENTS, { name: 'node-a-x7k2q' }, (draft) => {
    Object.assign(draft, { status: { state: 'Waiting: budget', conditions: [Diagnosed] } });
  });
  await line('node-a-x7k2q  Diagnosed=True RuntimeHung: it hangs');
  seed(INCIDENTS, anIncident({ name: 'node-b-23456', node: 'node-b' }));
  await line('node-b-23456  opened: PLEGUnhealthy');
  bench.server.remove(INCIDENTS, { name: 'node-b-23456' });
  await line('node-b-23456  deleted');
  expect(out).not.toContain('node-z');
});

test('tells what agents see as it changes, and is silent of what is well', async () => {
  seed(HEALTHS, aHealth({ node: 'well' }));
  seed(HEALTHS, aHealth({ node: 'ill', state: 'Suspected' }));
  start();
  await line('ill  PLEG Suspected');
  seed(HEALTHS, aHealth({ node: 'well', state: 'Unhealthy' }));
  await line('well  PLEG Unhealthy');
  expect(out).not.toContain('well  PLEG Healthy');
});

test('follows one node alone, and says which right is missing', async () => {
  start('node-b');
  seed(INCIDENTS, anIncident());
  seed(INCIDENTS, anIncident({ name: 'node-b-23456', node: 'node-b' }));
  await line('node-b-23456  open');
  expect(out).not.toContain('node-a');
  bench.server.deny(({ resource }) => resource === INCIDENTS.plural);
  expect((await bench.run('watch')).err).toContain('LIST kubeletincidents');
});
