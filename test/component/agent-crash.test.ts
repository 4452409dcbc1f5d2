import { afterEach, describe, expect, test } from '@jest/globals';
import { type Bench, createBench, INCIDENT } from '../support/agent-harness.ts';
import type { FaultKind } from '../support/host/scenario.ts';
import { IS_LONG } from '../support/sizes.ts';

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

/** The fault has breached, the incident is open, and an agent is there. */
async function inTrouble(fault: FaultKind): Promise<void> {
  bench = createBench();
  bench.createHealth();
  await bench.clock.advance(5_000);
  bench.sim.inject(fault);
  await bench.clock.advance(170_000);
  bench.start();
  await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Unhealthy', 60_000, 500);
  bench.openIncident({ elapsed: '3m3s' });
}

function isOver(name: string): boolean {
  const record = bench.record(name);
  return record !== undefined && record.state !== 'Reserved';
}

/** Moments after the request at which the agent dies, in milliseconds: around each thing that it does. */
const MOMENTS = [0, 100, 290, 301, 1_201, 1_300, 3_000, 3_900];

describe('an agent that dies', () => {
  test.each(MOMENTS)(
    '%d ms after a restart of the kubelet was asked for has restarted it once in the end',
    async (moment) => {
      await inTrouble('frozen-connection');
      const before = bench.sim.kubelet().invocationID;
      await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
      await bench.clock.advance(moment);
      bench.kill();
      await bench.clock.advance(3_000);
      bench.start();
      await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
      expect(bench.record('act-1')?.state).toBe('Succeeded');
      expect(bench.sim.restarts).toHaveLength(1);
      expect(bench.sim.kubelet().invocationID).not.toBe(before);
      await bench.clock.advance(60_000);
      expect(bench.sim.restarts).toHaveLength(1);
      expect(bench.health()?.status.pleg?.state).toBe('Healthy');
    },
  );

  test.each(MOMENTS)(
    '%d ms after a restart of the runtime was asked for has restarted it once in the end',
    async (moment) => {
      await inTrouble('runtime-hung');
      await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
      await bench.clock.advance(moment);
      bench.kill();
      await bench.clock.advance(500);
      bench.start();
      await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
      expect(bench.record('act-1')?.state).toBe('Succeeded');
      expect(bench.sim.restarts).toHaveLength(1);
    },
  );

  // Each third in `npm test`.
  test.each(Array.from({ length: 50 }, (_, calls) => calls).filter((calls) => IS_LONG || calls % 3 === 0))(
    'at its call number %d after the request has restarted the kubelet once in the end',
    async (calls) => {
      await inTrouble('frozen-connection');
      bench.killAtCall(calls);
      await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
      await bench.clock.advance(4_000);
      bench.start();
      await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
      expect(bench.record('act-1')?.state).toBe('Succeeded');
      expect(bench.sim.restarts).toHaveLength(1);
    },
  );

  test('right after the reservation is followed by one that issues the command once, and writes first that it does', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(20_000);
    expect(bench.record('act-1')).toMatchObject({ state: 'Reserved' });
    expect(bench.sim.restarts).toEqual([]);
    bench.start();
    await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
    expect(bench.record('act-1')?.state).toBe('Succeeded');
    expect(bench.sim.restarts).toHaveLength(1);
    const issuing = bench.local.writes.filter(({ body }) =>
      /"Reserved".*"issuedAt"|"issuedAt".*"Reserved"/.test(JSON.stringify(body)),
    );
    expect(issuing).toHaveLength(1);
  });

  test('twice between reservation and command leaves an ambiguous record, and no restart', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(5_000);
    let dying = false;
    bench.local.onWrite(({ body }) => {
      dying = JSON.stringify(body).includes('issuedAt');
      // The write itself arrives; its answer does not.
      if (dying) bench.kill();
    });
    bench.start();
    await bench.clock.advance(20_000);
    expect(dying).toBe(true);
    bench.local.onWrite(undefined);
    expect(bench.record('act-1')).toMatchObject({ state: 'Reserved', issuedAt: expect.any(String) });
    bench.start();
    await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
    expect(bench.record('act-1')?.state).toBe('Ambiguous');
    expect(bench.sim.restarts).toEqual([]);
  });

  test('and whose step is over when the next one comes does not act any more', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(300_000);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet', state: 'Failed' });
    bench.start();
    await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
    expect(bench.record('act-1')).toMatchObject({ state: 'Refused' });
    expect(bench.record('act-1')?.message).toMatch(/^StepOver: /);
    expect(bench.sim.restarts).toEqual([]);
  });

  test('and whose incident is completed while the next one writes that it acts does not act any more', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(5_000);
    let tries = 0;
    bench.local.onWrite(({ body }) => {
      if (!JSON.stringify(body).includes('issuedAt')) return;
      tries += 1;
      if (tries === 1) bench.complete();
    });
    bench.start();
    await bench.clock.advance(120_000);
    expect(tries).toBe(1);
    expect(bench.record('act-1')).toMatchObject({ state: 'Reserved' });
    expect(bench.sim.restarts).toEqual([]);
  });

  test('while systemd cannot be asked leaves an ambiguous record', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(5_000);
    bench.sim.breakServices('dbus: timeout');
    bench.start();
    await bench.clock.advanceUntil(() => isOver('act-1'), 120_000, 250);
    expect(bench.record('act-1')?.state).toBe('Ambiguous');
    expect(bench.sim.restarts).toEqual([]);
  });

  test.each([0, 1, 2, 3, 50, 200, 301, 1_000, 5_001])(
    '%d ms into a capture is followed by one that saves it all',
    async (moment) => {
      await inTrouble('runtime-hung');
      await bench.step({ name: 'capture-host', type: 'CaptureHost' });
      await bench.clock.advance(moment);
      bench.kill();
      await bench.clock.advance(1_000);
      bench.start();
      await bench.clock.advanceUntil(() => isOver('capture-host'), 60_000, 250);
      // Those of shims come after the capture.
      const evidence = (bench.incident().status.evidence ?? []).filter(({ kind }) => kind !== 'ShimStacks');
      expect(evidence).toHaveLength(11);
      const log = evidence.find(({ kind }) => kind === 'KubeletLog');
      expect(log).toMatchObject({ state: 'Captured', location: `spool://node-a/${INCIDENT}/kubelet.log.gz` });
      for (const { name } of evidence.filter(({ state }) => state === 'Captured')) {
        expect(await bench.sim.host.spool.read(INCIDENT, name)).toBeDefined();
      }
    },
  );

  test('goes on with the log where it was, and counts one episode, not two', async () => {
    await inTrouble('frozen-connection');
    await bench.clock.advance(30_000);
    for (let life = 0; life < 5; life++) {
      bench.kill();
      await bench.clock.advance(2_000);
      bench.start();
      await bench.clock.advance(10_000);
    }
    expect(bench.health()?.status.pleg?.episodes).toHaveLength(1);
    expect(bench.health()?.status.pleg?.state).toBe('Unhealthy');
  });
});
