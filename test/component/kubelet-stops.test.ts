/** Ways in which a kubelet stops managing pods, without a word of it in its log. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { isTrue } from '../../src/core/decision/record/conditions-and-steps.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { isObject, listAt, objectAt } from '../support/api-server/json.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;

async function well(detection: { readonly [field: string]: unknown } = {}): Promise<void> {
  bench = createControllerBench({
    dumps: runtimeHungDumps(),
    policy: {
      mode: 'Remediate',
      detection,
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
    },
  });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(60_000);
}

function restarts(): readonly { readonly unit: string; readonly at: number }[] {
  return bench.host('node-a').restarts;
}
function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}
function stuck(): unknown {
  const conditions = listAt(objectAt(bench.node('node-a'), 'status'), 'conditions').filter(isObject);
  return conditions.find(({ type }) => type === 'KubeletStuck')?.['status'];
}

describe('a frozen kubelet', () => {
  test(
    'is seen within 20 s, and restarted within a minute',
    async () => {
      await well();
      const began = bench.clock.now();
      bench.host('node-a').inject('kubelet-frozen');
      await bench.clock.advanceUntil(() => bench.incidents().length > 0, 30_000, 500);
      expect(stuck()).toBe('True');
      expect(restarts()).toEqual([]);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletSilent', source: 'Kernel' });
      expect(status).toMatchObject({
        outcome: 'Recovered',
        action: 'RestartKubelet',
        diagnosis: { cause: 'kubelet-frozen', class: 'KubeletSilent' },
      });
      expect(restarts().map(({ unit }) => unit)).toEqual(['kubelet.service']);
      expect((restarts()[0]?.at ?? 0) - began).toBeLessThanOrEqual(60_000);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'is restarted before the Node turns Unknown where the policy asks for it',
    async () => {
      await well({ kubeletSilentAfter: '20s' });
      const began = bench.clock.now();
      bench.host('node-a').inject('kubelet-frozen');
      const { status } = await bench.until('node-a', isOver);
      expect(status.conditions?.find(({ type }) => type === 'Confirmed')).toMatchObject({ reason: 'KubeletProbe' });
      expect((restarts()[0]?.at ?? 0) - began).toBeLessThanOrEqual(45_000);
      expect(status.outcome).toBe('Recovered');
    },
    LIMIT_MS,
  );

  test(
    'that goes on by itself is left alone',
    async () => {
      await well();
      bench.host('node-a').inject('kubelet-frozen');
      await bench.clock.advance(25_000);
      bench.host('node-a').heal();
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('SelfHealed');
      await bench.clock.advance(120_000);
      expect(restarts()).toEqual([]);
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

describe('a kubelet that runs and does not report', () => {
  test(
    'since its connection is dead is restarted: seen within a minute, acted on within 90 s',
    async () => {
      await well();
      const began = bench.clock.now();
      bench.host('node-a').inject('not-reporting');
      await bench.clock.advanceUntil(() => bench.incidents().length > 0, 60_000, 500);
      expect(restarts()).toEqual([]);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletSilent', source: 'NodeReady' });
      expect(status).toMatchObject({
        outcome: 'Recovered',
        action: 'RestartKubelet',
        diagnosis: { cause: 'kubelet-api-connection-dead', class: 'KubeletSilent' },
      });
      expect(status.diagnosis?.evidence.join('\n')).toContain('"Failed to update lease"');
      expect(status.conditions?.find(({ type }) => type === 'Confirmed')).toMatchObject({ reason: 'NodeLease' });
      expect(restarts().map(({ unit }) => unit)).toEqual(['kubelet.service']);
      expect((restarts()[0]?.at ?? 0) - began).toBeLessThanOrEqual(90_000);
    },
    LIMIT_MS,
  );

  test.each([
    ['Unauthorized', 'kubelet-refused-by-api'],
    [
      'x509: certificate has expired or is not yet valid: current time 2026-11-24T10:00:00Z is after 2026-11-01T00:00:00Z',
      'kubelet-refused-by-api',
    ],
    [
      'leases.coordination.k8s.io \\"node-a\\" is forbidden: User \\"system:node:node-a\\" cannot update it',
      'kubelet-refused-by-api',
    ],
    ['dial tcp 10.0.0.1:6443: connect: connection refused', 'kubelet-cannot-reach-api'],
    ['dial tcp: lookup api.example.org: no such host', 'kubelet-cannot-reach-api'],
    ['net/http: TLS handshake timeout', 'kubelet-cannot-reach-api'],
  ])(
    'since it is told %s is handed over with its own line',
    async (error, cause) => {
      await well();
      bench.host('node-a').setReportError(error);
      bench.host('node-a').inject('not-reporting');
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'HandedOver', diagnosis: { cause } });
      const complete = status.conditions?.find(({ type }) => type === 'Complete');
      expect(complete?.message).toContain('Failed to update lease');
      expect(restarts()).toEqual([]);
      expect(isTrue(status.conditions, 'NodeCordoned')).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'since its connection is dead is restarted on a busy node too, where it answers its own /healthz',
    async () => {
      await well();
      bench.host('node-a').setPressure({ load: 17, cpus: 2, cpuSome: 96, memoryFull: 0, ioFull: 2 });
      bench.host('node-a').inject('not-reporting');
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'Recovered', diagnosis: { cause: 'kubelet-api-connection-dead' } });
    },
    LIMIT_MS,
  );

  test(
    'since its node is overloaded, and cannot say why, is handed over with the figures',
    async () => {
      await well();
      bench.host('node-a').setReportError('an error of no known kind');
      bench.host('node-a').setPressure({ load: 67, cpus: 4, cpuSome: 98, memoryFull: 3, ioFull: 12 });
      bench.host('node-a').inject('not-reporting');
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'HandedOver', diagnosis: { cause: 'node-overloaded' } });
      const complete = status.conditions?.find(({ type }) => type === 'Complete');
      expect(complete?.message).toContain('load 67 on 4 CPUs, some process waited for a CPU 98 % of the time');
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'is looked at, and left alone where nobody may read its Lease',
    async () => {
      await well();
      bench.refuseReads('leases');
      bench.host('node-a').inject('not-reporting');
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'NotConfirmed', diagnosis: { cause: 'kubelet-api-connection-dead' } });
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'and renews its Lease all the same is left alone',
    async () => {
      await well();
      bench.host('node-a').inject('not-reporting');
      await bench.clock.advanceUntil(() => bench.incidents().length > 0, 60_000, 500);
      for (let times = 0; times < 40; times++) {
        bench.renewLease('node-a');
        await bench.clock.advance(9_500);
      }
      expect(bench.incident('node-a').status.outcome).toBe('NotConfirmed');
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('a node that was cut off together with its agent', () => {
  test(
    'is left alone when both are back',
    async () => {
      await well();
      for (const ms of [45_000, 60_000, 300_000]) {
        bench.cut('node-a', true);
        await bench.clock.advance(ms);
        bench.cut('node-a', false);
        await bench.clock.advance(120_000);
      }
      expect(restarts()).toEqual([]);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test.each([
    [4_000, 20_000],
    [8_000, 30_000],
    [8_000, 13_000],
  ])(
    'is left alone while the network is there for %d ms and away for %d ms',
    async (onMs, offMs) => {
      await well();
      bench.cut('node-a', true);
      await bench.clock.advance(60_000);
      for (let times = 0; times < 30; times++) {
        bench.cut('node-a', false);
        await bench.clock.advance(onMs);
        bench.cut('node-a', true);
        await bench.clock.advance(offMs);
      }
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('a kubelet that does not run', () => {
  test.each([
    ['stopped', {}, 'kubelet-stopped'],
    ['masked', { loadState: 'masked' }, 'kubelet-masked'],
  ])(
    'since somebody has %s it is left as it is, and says so',
    async (_name, how, cause) => {
      await well();
      bench.host('node-a').endKubelet(how);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletDown', source: 'ServiceManager' });
      expect(status).toMatchObject({ outcome: 'HandedOver', diagnosis: { cause, class: 'HeldByPerson' } });
      const taken = status.conditions?.find(({ type }) => type === 'ActionTaken');
      expect(taken).toMatchObject({ status: 'False', reason: 'HeldByPerson' });
      expect(isTrue(status.conditions, 'NodeCordoned')).toBe(false);
      expect(bench.health('node-a')?.status.summary?.wouldRecover).toMatch(
        /^no: kubelet\.service is (?:stopped|masked)$/,
      );
      await bench.clock.advance(30 * 60_000);
      expect(restarts()).toEqual([]);
      expect(bench.incidents()).toHaveLength(1);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'since our own restart of the runtime has stopped it is started again',
    async () => {
      await well();
      bench.host('node-a').bindKubelet();
      bench.host('node-a').inject('runtime-hung');
      const { status } = await bench.until('node-a', isOver);
      expect(restarts().map(({ unit }) => unit)).toEqual(['containerd.service', 'kubelet.service']);
      expect(status.outcome).toBe('Recovered');
      expect(status.actions?.at(-1)?.message).toMatch(/; kubelet\.service was stopped with it, and is started again$/);
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test.each([
    ['whose first start fails', {}, true],
    ['though it ended badly', { activeState: 'failed', subState: 'failed', result: 'timeout' }, false],
  ])(
    'since our own restart of a runtime has stopped it, %s, is started again',
    async (_, how, failsFirst) => {
      await well();
      bench.host('node-a').bindKubelet(how, failsFirst);
      bench.host('node-a').inject('runtime-hung');
      const { status } = await bench.until('node-a', isOver);
      expect(restarts().map(({ unit }) => unit)).toEqual(['containerd.service', 'kubelet.service']);
      expect(status.outcome).toBe('Recovered');
      const act = status.actions?.find(({ name }) => name === 'act-1');
      expect(act?.message).toContain('kubelet.service was stopped with it, and is started again');
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'is one trouble, however often its agent is started anew',
    async () => {
      await well();
      bench.host('node-a').endKubelet({});
      await bench.until('node-a', isOver);
      const since = bench.health('node-a')?.status.kubelet?.program?.since;
      for (let times = 0; times < 3; times++) {
        bench.startAgent('node-a');
        await bench.clock.advance(15 * 60_000);
      }
      expect(bench.health('node-a')?.status.kubelet?.program).toMatchObject({ state: 'Stopped', since });
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'since it crash-loops is handed over with the line of its own error',
    async () => {
      await well();
      const host = bench.host('node-a');
      const secret = 'Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzaW11bGF0ZWQifQ.c2lnbmF0dXJl';
      for (let restarts = 1; restarts <= 4; restarts++) {
        host.journal.write(
          `E1124 10:09:33.815416      95 run.go:72] "command failed" err="failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: ${secret}: json: unknown field \\"evictionHrad\\""`,
        );
        host.journal.write('kubelet.service: Main process exited, code=exited, status=1/FAILURE');
        host.endKubelet({ activeState: 'activating', subState: 'auto-restart', result: 'exit-code', restarts });
        await bench.clock.advance(12_000);
      }
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'HandedOver', diagnosis: { cause: 'kubelet-crash-loop' } });
      const complete = status.conditions?.find(({ type }) => type === 'Complete');
      for (const text of [complete?.message, status.diagnosis?.evidence.join('\n')]) {
        expect(text).toContain('"command failed" err="failed to load kubelet config file');
        expect(text).not.toContain('eyJ');
      }
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'since it has failed is started once',
    async () => {
      await well();
      bench
        .host('node-a')
        .endKubelet({ activeState: 'failed', subState: 'failed', result: 'exit-code', restart: 'on-failure' });
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'Recovered', diagnosis: { cause: 'kubelet-failed' } });
      expect(restarts().map(({ unit }) => unit)).toEqual(['kubelet.service']);
    },
    LIMIT_MS,
  );
});
