import { afterEach, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../src/api/resources.ts';
import { type Bench, createBench, INCIDENT } from '../support/agent-harness.ts';

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

const MINUTE = 60_000;

/** The incident is deleted, and the same trouble opens another one, which has the same name. */
function replaceIncident(): void {
  bench.local.seeds.remove(INCIDENTS, { name: INCIDENT });
  bench.openIncident();
}

async function stuck(): Promise<void> {
  bench = createBench();
  bench.createHealth();
  bench.start({ onReserved: replaceIncident });
  await bench.clock.advance(30_000);
  bench.sim.inject('frozen-connection');
  await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Unhealthy', 5 * MINUTE, 500);
  bench.openIncident();
}

test('what an agent did for an incident that was deleted is not reported to another one of its name', async () => {
  await stuck();
  await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
  await bench.clock.advanceUntil(() => bench.sim.restarts.length > 0, MINUTE);
  await bench.clock.advance(MINUTE);
  expect(bench.incident().status.actions ?? []).toEqual([]);
  expect(bench.log.entries).toContainEqual(
    expect.objectContaining({ fields: expect.objectContaining({ detail: 'not recorded: the incident is gone' }) }),
  );
});

test('evidence of an incident that was deleted is not reported to another one of its name', async () => {
  await stuck();
  const { spool } = bench.sim.host;
  const write = spool.write.bind(spool);
  let isReplaced = false;
  Object.assign(spool, {
    write: async (...args: Parameters<typeof write>) => {
      if (!isReplaced) replaceIncident();
      isReplaced = true;
      await write(...args);
    },
  });
  await bench.step({ name: 'capture-host', type: 'CaptureHost' });
  await bench.clock.advance(MINUTE);
  expect(isReplaced).toBe(true);
  expect(bench.incident().status.evidence ?? []).toEqual([]);
});
