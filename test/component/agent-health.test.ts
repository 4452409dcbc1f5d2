import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, NODES } from '../../src/api/resources.ts';
import { type Bench, createBench, NODE } from '../support/agent-harness.ts';
import { KUBELET_1_12 } from '../support/host/scenario.ts';

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

function state(): string | undefined {
  return bench.health()?.status.pleg?.state;
}

function condition(type: string): { status: string; reason: string } | undefined {
  const found = bench.health()?.status.conditions?.find((one) => one.type === type);
  return found === undefined ? undefined : { status: found.status, reason: found.reason };
}

function healthWrites(): number {
  return bench.local.writes.filter(({ plural }) => plural === 'kubelethealths').length;
}

describe('the health of a node', () => {
  test('a healthy node is published once, and then every five minutes', async () => {
    bench = createBench();
    bench.createHealth();
    const agent = bench.start();
    await bench.clock.advance(20_000);
    const status = bench.health()?.status;
    expect(status?.pleg).toMatchObject({ state: 'Healthy', reason: 'RelistRecent' });
    expect(status?.kubelet).toMatchObject({ version: 'v1.36.3', unit: 'kubelet.service', restart: 'always' });
    expect(status?.kubelet?.pid).toBe(bench.sim.kubelet().mainPID);
    expect(status?.runtime).toMatchObject({ name: 'containerd', version: '1.6.20', unit: 'containerd.service' });
    expect(status?.summary).toMatchObject({ runtime: 'containerd 1.6.20', wouldRecover: 'yes' });
    expect(status?.observedGeneration).toBe(1);
    expect(agent.readiness()).toEqual({ ok: true, message: 'reporting' });
    expect(agent.health().ok).toBe(true);
    for (const type of ['LogReadable', 'RuntimeReachable', 'SpoolWritable', 'StacksReadable', 'Recoverable']) {
      expect(condition(type)?.status).toBe('True');
    }
    const before = healthWrites();
    await bench.clock.advance(60 * 60_000);
    expect(healthWrites() - before).toBeGreaterThanOrEqual(10);
    expect(healthWrites() - before).toBeLessThanOrEqual(14);
    expect(agent.readiness().ok).toBe(true);
  });

  test('has the version that the Node names, also after a kubelet of another one has started', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(300_000);
    expect(bench.health()?.status.kubelet?.version).toBe('v1.36.3');
    await Promise.all([
      bench.sim.host.services.restart('kubelet.service', new AbortController().signal),
      bench.clock.advance(20_000),
    ]);
    bench.local.seeds.edit(NODES, { name: NODE }, (draft) => {
      draft['status'] = { nodeInfo: { kubeletVersion: 'v1.37.0' } };
    });
    await bench.clock.advance(120_000);
    expect(bench.health()?.status.kubelet?.version).toBe('v1.37.0');
  });

  test('an agent without a health object waits for it, says so, and publishes as soon as it is there', async () => {
    bench = createBench();
    const agent = bench.start();
    await bench.clock.advance(60_000);
    expect(agent.readiness()).toEqual({
      ok: false,
      message: `no KubeletHealth ${NODE} yet: the controller creates it`,
    });
    bench.createHealth();
    await bench.clock.advance(2_000);
    expect(state()).toBe('Healthy');
    bench.local.seeds.remove(HEALTHS, { name: NODE });
    await bench.clock.advance(2_000);
    expect(agent.readiness().ok).toBe(false);
    bench.createHealth();
    await bench.clock.advance(2_000);
    expect(state()).toBe('Healthy');
    expect(agent.readiness().ok).toBe(true);
  });

  test('a hung runtime is suspected at about +15 s, breached at about +183 s, and both are published at once', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(30_000);
    bench.sim.inject('runtime-hung');
    const suspectedAfter = await bench.clock.advanceUntil(() => state() === 'Suspected', 30_000, 500);
    expect(suspectedAfter).toBeGreaterThanOrEqual(10_000);
    expect(suspectedAfter).toBeLessThanOrEqual(17_000);
    expect(bench.health()?.status.pleg?.reason).toBe('RuntimeProbeFailing');
    expect(bench.health()?.status.runtime).toMatchObject({ processState: 'T', probe: { state: 'Timeout' } });
    expect(bench.health()?.status.summary?.probe).toBe('timeout');
    expect(condition('RuntimeReachable')).toEqual({ status: 'False', reason: 'Timeout' });
    const breachedAfter = await bench.clock.advanceUntil(() => state() === 'Unhealthy', 300_000, 500);
    expect(suspectedAfter + breachedAfter).toBeGreaterThanOrEqual(180_000);
    expect(suspectedAfter + breachedAfter).toBeLessThanOrEqual(190_000);
    const pleg = bench.health()?.status.pleg;
    expect(pleg).toMatchObject({ reason: 'ThresholdExceeded', threshold: '3m0s' });
    expect(pleg?.message).toMatch(/PLEG is not healthy: pleg was last seen active 3m.*threshold is 3m0s/);
    expect(pleg?.episodes).toHaveLength(1);
  });

  test('a frozen kubelet is never called well, and what it says when it goes on is no breach', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(60_000);
    bench.sim.inject('kubelet-frozen');
    await bench.clock.advance(20_000);
    const frozen = { state: 'Frozen', message: expect.stringMatching(/^process \d+ is stopped \(SIGSTOP\)$/) };
    expect(bench.health()?.status).toMatchObject({
      kubelet: { program: frozen },
      pleg: { state: 'Unknown', reason: 'KubeletFrozen' },
    });
    await bench.clock.advance(300_000);
    expect(bench.health()?.status.pleg).toMatchObject({ state: 'Unknown', reason: 'KubeletFrozen' });
    bench.sim.heal();
    const states = new Set<string>();
    for (let second = 0; second < 60; second++) {
      await bench.clock.advance(1_000);
      states.add(bench.health()?.status.pleg?.state ?? '');
    }
    const lines = bench.sim.journal.between(0, bench.clock.now());
    expect(lines.some(({ text }) => text.includes('PLEG is not healthy: pleg was last seen'))).toBe(true);
    expect([...states]).not.toContain('Unhealthy');
    expect(bench.health()?.status).toMatchObject({
      kubelet: { program: { state: 'Running' } },
      pleg: { state: 'Healthy' },
    });
  });

  test('a deadlock of an old kubelet is breached just after three minutes, while the runtime answers', async () => {
    bench = createBench({ kubelet: KUBELET_1_12 });
    bench.createHealth();
    bench.start();
    await bench.clock.advance(10_000);
    bench.sim.inject('event-channel-deadlock');
    await bench.clock.advance(175_000);
    expect(state()).toBe('Healthy');
    await bench.clock.advance(8_000);
    expect(state()).toBe('Unhealthy');
    expect(bench.health()?.status.pleg?.message).toMatch(
      /^PLEG is not healthy: pleg was last seen active 3m0\.\d+s ago; threshold is 3m0s$/,
    );
    expect(bench.health()?.status.runtime?.probe.state).toBe('Answered');
  });

  test('a kubelet that is restarted by hand is no breach, for all its `has yet to be successful`', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(20_000);
    const { mainPID } = bench.sim.kubelet();
    void bench.sim.host.services.restart('kubelet.service', new AbortController().signal);
    await bench.clock.advance(15_000);
    expect(bench.health()?.status.kubelet?.pid).toBe(bench.sim.kubelet().mainPID);
    expect(bench.sim.kubelet().mainPID).not.toBe(mainPID);
    expect(state()).toBe('Healthy');
    expect(bench.health()?.status.pleg?.episodes).toEqual([]);
  });

  /** The controller asks whether the agent is there. */
  function inquire(inquiry: string): void {
    bench.createHealth({ policy: 'default', mode: 'Remediate', inquiry });
  }

  function answered(): string | undefined {
    return bench.health()?.status.agent?.inquiry;
  }

  test('an inquiry is answered within a second, with what is known by then', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(20_000);
    bench.sim.inject('runtime-hung');
    for (let asked = 0; asked < 60; asked++) {
      const inquiry = `inquiry-${String(asked)}`;
      inquire(inquiry);
      const startedAt = bench.clock.now();
      await bench.clock.advance(1_000);
      expect(answered()).toBe(inquiry);
      const { agent, runtime } = bench.health()!.status;
      expect(Date.parse(agent!.reportedAt)).toBeGreaterThanOrEqual(startedAt);
      // A probe of a runtime that hangs takes five seconds.
      expect(startedAt - Date.parse(runtime!.probe.at!)).toBeLessThanOrEqual(10_000);
      await bench.clock.advance(3_700);
    }
    expect(state()).toBe('Unhealthy');
  });

  test('an inquiry is answered within a second after a long outage, too', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(20_000);
    bench.local.setDown('connect ECONNREFUSED');
    await bench.clock.advance(605_000);
    bench.local.setDown(undefined);
    inquire('after the outage');
    await bench.clock.advance(1_000);
    expect(answered()).toBe('after the outage');
  });

  test('while the API server is down the agent goes on watching, and publishes when it is back', async () => {
    bench = createBench();
    bench.createHealth();
    const agent = bench.start();
    await bench.clock.advance(20_000);
    bench.local.setDown('connect ECONNREFUSED');
    bench.sim.inject('runtime-hung');
    await bench.clock.advance(240_000);
    expect(agent.readiness().ok).toBe(false);
    expect(agent.health().ok).toBe(true);
    expect((await bench.sim.host.spool.list()).map(({ bundle }) => bundle.slice(0, 6))).toEqual(['early-']);
    bench.local.setDown(undefined);
    await bench.clock.advance(35_000);
    expect(state()).toBe('Unhealthy');
    expect(bench.health()?.status.spool?.early?.artifacts).toBeGreaterThan(4);
  });

  test('a log that cannot be read is a condition after 15 s, and PLEG is Unknown, never Healthy', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(20_000);
    bench.sim.journal.fail('journalctl: exit 1');
    await bench.clock.advance(10_000);
    expect(condition('LogReadable')?.status).toBe('True');
    await bench.clock.advance(10_000);
    expect(condition('LogReadable')).toEqual({ status: 'False', reason: 'LogUnreadable' });
    expect(state()).toBe('Unknown');
    bench.sim.journal.fail(undefined);
    await bench.clock.advance(32_000);
    expect(state()).toBe('Healthy');
    expect(condition('LogReadable')?.status).toBe('True');
  });

  test.each([
    [
      'no unit',
      (): void => {
        bench.sim.hideUnit('kubelet', true);
      },
      { status: 'False', reason: 'KubeletUnitUnknown' },
    ],
    [
      'systemd silent',
      (): void => {
        bench.sim.breakServices('dbus: timeout');
      },
      { status: 'Unknown', reason: 'KubeletUnitUnreadable' },
    ],
  ])('what a recovery needs is a condition: %s', async (_name, spoil, expected) => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    spoil();
    await bench.clock.advance(15_000);
    expect(condition('Recoverable')).toEqual(expected);
  });

  test('a kubelet unit without Restart= is told in the table', async () => {
    bench = createBench({ restart: 'no' });
    bench.createHealth();
    bench.start();
    await bench.clock.advance(15_000);
    expect(condition('Recoverable')).toEqual({ status: 'False', reason: 'NoRestartPolicy' });
    expect(bench.health()?.status.summary?.wouldRecover).toBe('no: kubelet unit has no Restart=');
  });

  test('lines of a fault that had passed before the agent started open no episode', async () => {
    bench = createBench();
    bench.createHealth();
    await bench.clock.advance(5_000);
    const breach =
      'E1124 10:00:05.000000 55 kubelet.go:2646] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m1s ago; threshold is 3m0s"';
    bench.sim.journal.write(breach);
    await bench.clock.advance(300_000);
    const states = new Set<string | undefined>();
    bench.start();
    for (let second = 0; second < 40; second++) {
      await bench.clock.advance(1_000);
      states.add(state());
    }
    expect(states.has('Unhealthy')).toBe(false);
    expect(state()).toBe('Healthy');
  });

  test('an agent that starts in the middle of a fault sees it within seconds', async () => {
    bench = createBench();
    bench.createHealth();
    await bench.clock.advance(5_000);
    bench.sim.inject('frozen-connection');
    await bench.clock.advance(300_000);
    bench.start();
    await bench.clock.advance(7_000);
    expect(state()).toBe('Unhealthy');
  });
});
