/** Notifications of the whole controller: once across crashes and leaders, and never in the way of a recovery. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Receiver } from '../../src/core/notification/receiver.ts';
import { CONFIG_MAPS } from '../../src/api/resources.ts';
import { createFakeClock } from '../support/clock.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { CHAT, createFakeReceiver, type FakeReceiver, HOOK, PAGER, ROUTING_KEY } from '../support/fake-receiver.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

let bench: ControllerBench;
let fake: FakeReceiver;
afterEach(async () => {
  await bench.finish();
});

const POLICY = {
  mode: 'Remediate',
  detection: { earlyCapture: false },
  remediation: { verify: { timeout: '2m', stableFor: '5s' } },
  budget: { maxUnhealthy: 1 },
};

async function begin(
  receivers: readonly Receiver[],
  policy: object = POLICY,
  nodes: readonly string[] = ['node-a'],
): Promise<void> {
  fake = createFakeReceiver(receivers);
  bench = createControllerBench({ nodes, dumps: smallDumps(), policy, notifications: fake.notifications });
  await bench.clock.advance(5_000);
  bench.startController();
  for (const node of nodes) bench.startAgent(node);
  await bench.clock.advance(20_000);
}

async function life(): Promise<void> {
  bench.host('node-a').inject('runtime-hung');
  await bench.until('node-a', ({ status }) => status.outcome !== undefined);
  await bench.clock.advance(90_000);
}

/** Secrets of the fake receivers, as they are and as the ends of words. */
const SECRET = new RegExp(`${ROUTING_KEY}|XXXXSECRET|SECRETTOKEN`);

function everythingWritten(): string {
  return JSON.stringify([bench.log.entries, bench.local.writes, [...bench.metrics.values]], (_key, value: unknown) =>
    value instanceof Error ? `${value.message} ${value.stack ?? ''} ${JSON.stringify(Object.entries(value))}` : value,
  );
}

describe('a recovery', () => {
  test('is told to each receiver when it begins and when it ends', async () => {
    await begin([PAGER, CHAT, HOOK]);
    await life();
    const { uid } = bench.incident('node-a').metadata;
    const key = `kubelet-medic/prod/${uid}`;
    expect(fake.alerts()).toEqual([`trigger ${key}`, `resolve ${key}`]);
    expect(fake.events()).toEqual(['Opened', 'Recovered']);
    expect(fake.arrived.filter(({ url }) => url.includes('slack'))).toHaveLength(2);
    expect(bench.metrics.values.get('notifications_sent_total{receiver="pager",type="PagerDuty"}')).toBe(2);
    expect(everythingWritten()).not.toMatch(SECRET);
  });

  test('is as quick where no receiver answers, and where one throws what nobody has thought of', async () => {
    async function seconds(): Promise<number> {
      await life();
      const { timings } = bench.incident('node-a').status;
      return (Date.parse(timings?.readyAt ?? '') - Date.parse(timings?.detectedAt ?? '')) / 1_000;
    }
    await begin([]);
    const alone = await seconds();
    await bench.finish();
    await begin([PAGER, CHAT, HOOK]);
    fake.onPost(() => new Promise(() => undefined));
    expect(await seconds()).toBe(alone);
    await bench.finish();
    await begin([PAGER, CHAT, HOOK]);
    fake.onPost(() => Promise.reject(new TypeError('a bug')));
    expect(await seconds()).toBe(alone);
  });

  test('is told when a receiver answers again: only how it is then', async () => {
    await begin([PAGER, HOOK]);
    fake.onPost(() => Promise.resolve({ status: 503 }));
    await life();
    expect(fake.arrived).toEqual([]);
    fake.onPost(undefined);
    await bench.clock.advance(600_000);
    // PagerDuty has no alert to resolve.
    expect(fake.alerts()).toEqual([]);
    expect(fake.events()).toEqual(['Recovered']);
  });

  test('is told of no more often when a receiver asks for time', async () => {
    await begin([HOOK]);
    let tries = 0;
    fake.onPost(() => {
      tries++;
      return Promise.resolve({ status: 429, retryAfter: '120' });
    });
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advanceUntil(() => tries === 1, 600_000, 500);
    await bench.clock.advance(119_000);
    expect(tries).toBe(1);
    await bench.clock.advance(30_000);
    expect(tries).toBe(2);
  });
});

describe('a held node', () => {
  test('is told with the command that approves it', async () => {
    await begin([PAGER, HOOK, CHAT], { ...POLICY, strategy: 'DiagnoseFirst' });
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advanceUntil(() => fake.events().includes('Held'), 600_000, 500);
    await bench.clock.advance(5_000);
    const command = `kubectl medic approve ${bench.incident('node-a').metadata.name}`;
    const held = fake.arrived.filter(({ body }) => JSON.stringify(body).includes(command));
    expect(held.map(({ url }) => new URL(url).host).sort()).toEqual([
      'events.pagerduty.com',
      'hook.example',
      'hooks.slack.example',
    ]);
  });
});

describe('a message that something on the way does not let pass', () => {
  test('lets those of other nodes go', async () => {
    await begin([HOOK], POLICY, ['node-a', 'node-b', 'node-c']);
    fake.onPost(({ body }) => (body.includes('node-a') ? Promise.resolve({ status: 403 }) : undefined));
    bench.host('node-a').inject('runtime-hung');
    await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    bench.host('node-b').inject('runtime-hung');
    await bench.until('node-b', ({ status }) => status.outcome !== undefined);
    await bench.clock.advance(600_000);
    expect(fake.events()).toContain('Recovered');
    expect(JSON.stringify(fake.arrived)).toContain('node-b');
    expect(JSON.stringify(fake.arrived)).not.toContain('node-a');
  });
});

describe('a breaker', () => {
  test('is told when it opens and when it closes', async () => {
    await begin([PAGER, HOOK], POLICY, ['node-a', 'node-b', 'node-c']);
    for (const node of ['node-a', 'node-b']) bench.host(node).inject('runtime-hung');
    await bench.clock.advanceUntil(() => fake.events().includes('BreakerOpen'), 600_000, 500);
    bench.editPolicy((spec) => {
      spec['budget'] = { maxUnhealthy: 2 };
    });
    await bench.clock.advanceUntil(() => fake.events().includes('BreakerClosed'), 120_000, 500);
    await bench.clock.advance(30_000);
    const breaker = fake.alerts().filter((alert) => alert.includes('/breaker/'));
    expect(breaker.map((alert) => alert.split(' ')[0])).toEqual(['trigger', 'resolve']);
  });
});

describe('a controller that dies', () => {
  const MOMENTS = (['before it is sent', 'before it is answered', 'before it is remembered'] as const).flatMap((when) =>
    [0, 1].map((count) => [when, count] as const),
  );

  test.each(MOMENTS)('%s, at message %d, loses none, and repeats at most that one', async (when, target) => {
    await begin([PAGER]);
    let count = 0;
    let deaths = 0;
    const die = (): void => {
      if (count++ !== target) return;
      deaths++;
      bench.killController();
    };
    if (when === 'before it is sent') {
      fake.onPost(() => {
        die();
        return deaths === 1 && count === target + 1 ? new Promise(() => undefined) : undefined;
      });
    } else if (when === 'before it is answered') fake.onArrived(die);
    else {
      bench.local.onWrite(({ plural }) => {
        if (plural === CONFIG_MAPS.plural) die();
      });
    }
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advanceUntil(() => deaths === 1, 900_000, 500);
    await bench.clock.advance(20_000);
    bench.startController();
    await bench.until('node-a', ({ status }) => status.outcome !== undefined, 1_200_000);
    await bench.clock.advance(90_000);
    const key = `kubelet-medic/prod/${bench.incident('node-a').metadata.uid}`;
    const once = [...new Set(fake.alerts())];
    expect(once).toEqual([`trigger ${key}`, `resolve ${key}`]);
    expect(fake.alerts().length).toBeLessThanOrEqual(when === 'before it is answered' ? 3 : 2);
  });
});

describe('another leader', () => {
  test('tells nothing again, and goes on', async () => {
    await begin([PAGER]);
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advanceUntil(() => fake.alerts().length === 1, 600_000, 500);
    bench.stopController();
    await bench.clock.advance(2_000);
    bench.startController('controller-2');
    await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    await bench.clock.advance(90_000);
    bench.stopController('controller-2');
    bench.startController('controller-3');
    await bench.clock.advance(120_000);
    expect(fake.alerts().map((alert) => alert.split(' ')[0])).toEqual(['trigger', 'resolve']);
  });
});

describe('a storm', () => {
  test('of 24 nodes is told in a few messages, each node once', async () => {
    const nodes = Array.from({ length: 24 }, (_, index) => `node-${index}`);
    fake = createFakeReceiver([PAGER, HOOK]);
    const clock = createFakeClock(undefined, { grainMs: 20 });
    const policy = { mode: 'Remediate', budget: { maxUnhealthy: '5%' } };
    bench = createControllerBench({ nodes, dumps: smallDumps(), clock, policy, notifications: fake.notifications });
    bench.startController();
    for (const name of nodes) bench.startAgent(name);
    await clock.advance(30_000);
    for (const name of nodes) bench.host(name).inject('runtime-hung');
    await clock.advanceUntil(() => bench.incidents().length === nodes.length, 300_000, 500);
    await clock.advance(120_000);
    expect(fake.events().length).toBeLessThanOrEqual(14);
    const told = fake.arrived
      .filter(({ body }) => body['event'] === 'Opened')
      .reduce((sum, { body }) => sum + Number(body['count']), 0);
    expect(told).toBe(nodes.length);
    expect(fake.alerts()).toContain('trigger kubelet-medic/prod/storm/default');
  }, 60_000);
});
