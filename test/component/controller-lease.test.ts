/** The maintenance lease of a node while an incident is open. */
import { afterEach, expect, test } from '@jest/globals';
import { LEASES, NAMESPACES } from '../../src/api/resources.ts';
import { toMicroTime } from '../../src/core/time/timestamp.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { objectAt, textAt } from '../support/api-server/json.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';

const REF = { name: 'node-node-a', namespace: 'medik8s-leases' };
let bench: ControllerBench;

afterEach(async () => {
  await bench.finish();
});

function holder(): string | undefined {
  const lease = bench.local.seeds.read(LEASES, REF);
  return lease === undefined ? undefined : textAt(objectAt(lease, 'spec'), 'holderIdentity');
}

async function hungRuntime(policy: object = {}): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: { mode: 'Remediate', budget: { maxUnhealthy: 1 }, ...policy },
  });
  bench.local.seeds.seed(NAMESPACES, { metadata: { name: REF.namespace } });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(20_000);
}

test('it is held before the node is cordoned, for as long as it is, and given back at the end', async () => {
  await hungRuntime();
  const heldAtWrite: (readonly [what: string, holder: string | undefined])[] = [];
  bench.local.onWrite(({ verb, plural, body }) => {
    const text = JSON.stringify(body);
    if (verb === 'patch' && plural === 'nodes')
      heldAtWrite.push([text.includes('remove') ? 'uncordon' : 'cordon', holder()]);
  });
  bench.host('node-a').inject('runtime-hung');
  const { metadata, status } = await bench.until('node-a', (incident) => incident.status.outcome !== undefined);
  expect(status.outcome).toBe('Recovered');
  const ours = `kubelet-medic/${metadata.name}`;
  expect(heldAtWrite).toEqual([
    ['cordon', ours],
    ['uncordon', ours],
  ]);
  await bench.clock.advance(1_000);
  expect(holder()).toBe('');
});

test('it is renewed while the node is watched for long', async () => {
  await hungRuntime({ remediation: { verify: { stableFor: '30m' } } });
  bench.host('node-a').inject('runtime-hung');
  await bench.until('node-a', (incident) => incident.status.timings?.readyAt !== undefined);
  const renewals = new Set<string>();
  for (let minute = 0; minute < 25; minute += 1) {
    await bench.clock.advance(60_000);
    const lease = bench.local.seeds.read(LEASES, REF);
    renewals.add(textAt(objectAt(lease ?? {}, 'spec'), 'renewTime') ?? '');
    expect([holder(), bench.incident('node-a').status.outcome]).toEqual([
      `kubelet-medic/${bench.incident('node-a').metadata.name}`,
      undefined,
    ]);
  }
  expect(renewals.size).toBeGreaterThanOrEqual(4);
  expect(renewals.size).toBeLessThanOrEqual(6);
});

test("it is somebody else's: nothing is done to the node until it is given back", async () => {
  await hungRuntime();
  const now = toMicroTime(bench.clock.now());
  const spec = { holderIdentity: 'node-healthcheck', leaseDurationSeconds: 3600, acquireTime: now, renewTime: now };
  bench.local.seeds.seed(LEASES, { metadata: REF, spec });
  bench.host('node-a').inject('runtime-hung');
  const { status } = await bench.until('node-a', (incident) => incident.status.diagnosis !== undefined);
  await bench.clock.advance(120_000);
  expect(JSON.stringify(bench.incident('node-a').status)).toContain(
    "node-healthcheck holds the node's maintenance lease",
  );
  expect([status.outcome, isUnschedulable(bench.node('node-a')), holder()]).toEqual([
    undefined,
    false,
    'node-healthcheck',
  ]);
  bench.local.seeds.remove(LEASES, REF);
  await bench.until('node-a', (incident) => incident.status.outcome === 'Recovered');
});
