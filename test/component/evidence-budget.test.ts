import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { IncidentStatus, KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { RETENTION_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { sizeAnnotation } from '../../src/core/evidence/evidence-size.ts';
import { toTime } from '../../src/core/time/timestamp.ts';
import { networkError } from '../../src/kube/errors.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const HOUR_MS = 3_600_000;
const KIB = 1024;
/** With the object that it is in, about 100 KiB. */
const DUMP = 'A'.repeat(98 * KIB);
const ROOM = { evidenceBytes: 5 * 100 * KIB + 50 * KIB };

interface Past {
  readonly outcome?: string;
  readonly hoursAgo: number;
  readonly node?: string;
  readonly data?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An incident of a node that nobody looks at, and its dump. */
function seed(name: string, past: Past): void {
  const { outcome, hoursAgo, node = name, data = DUMP, annotations = sizeAnnotation(data) } = past;
  const time = toTime(bench.clock.now() - hoursAgo * HOUR_MS);
  const complete = { type: 'Complete', status: 'True', reason: outcome ?? '', message: '', lastTransitionTime: time };
  const status: IncidentStatus =
    outcome === undefined
      ? {}
      : { conditions: [complete as never], outcome, timings: { completedAt: time }, evidenceCount: 1 };
  const { spec: plain } = anIncident({ name, node, plan: aPlan({ mode: 'Observe' }) });
  const spec = { ...plain, nodeUID: bench.local.read(NODES, node)?.metadata.uid ?? 'gone' };
  bench.local.seeds.seed(INCIDENTS, { metadata: { name, uid: `uid-${name}`, creationTimestamp: time }, spec, status });
  const owner = { apiVersion: 'kubelet-medic.io/v1alpha1', kind: 'KubeletIncident', name, uid: `uid-${name}` };
  const entry = { name: 'd.gz', kind: 'GoroutineDump', by: 'Agent', state: 'Captured', at: time, source: 's' };
  bench.local.seeds.seed(EVIDENCES, {
    metadata: { name: `${name}-0a1b2c3d4e5f`, creationTimestamp: time, annotations, ownerReferences: [owner] },
    spec: { nodeName: node, incident: name, incidentUID: `uid-${name}`, entry, data },
  });
}

const left = (): readonly string[] =>
  bench.local
    .list(EVIDENCES)
    .map(({ spec }) => spec.incident)
    .sort();
const incident = (name: string): KubeletIncident | undefined => bench.local.read(INCIDENTS, name);
const marks = (): readonly string[] =>
  bench.local.writes.filter(({ manager }) => manager === RETENTION_MANAGER).map(({ name }) => name);

function start(storage: Partial<typeof ROOM> = ROOM): void {
  bench = createControllerBench({ policy: { mode: 'Observe' }, storage });
}

describe('evidence that takes more than it may', () => {
  test('goes, what is worth least first; the incident stays, and says where its dumps are', async () => {
    start();
    for (let i = 0; i < 6; i++) seed(`failed-${i}`, { outcome: 'HandedOver', hoursAgo: 10 + i });
    for (let i = 0; i < 3; i++) seed(`well-${i}`, { outcome: 'Recovered', hoursAgo: 1 + i });
    bench.startController();
    await bench.clock.advance(10_000);
    expect(left()).toEqual(['failed-0', 'failed-1', 'failed-2', 'failed-3', 'failed-4']);
    expect(incident('failed-5')?.status).toMatchObject({ outcome: 'HandedOver', evidenceCount: 1 });
    const { trimmed } = incident('failed-5')?.status ?? {};
    expect(trimmed?.reason).toBe('Budget');
    expect(trimmed?.message).toContain('spool of failed-5: kubectl medic evidence failed-5');
    expect(incident('failed-0')?.status.trimmed).toBeUndefined();
    expect(bench.events('EvidenceTrimmed')).toHaveLength(1);
    expect(bench.metrics.values.get('evidence_bytes')).toBeLessThanOrEqual(ROOM.evidenceBytes);
  });

  test('goes a few at a time while there is room for it', async () => {
    start({ evidenceBytes: 64 * 1024 * KIB });
    for (let i = 0; i < 40; i++) {
      seed(`gone-${i}`, { outcome: 'Recovered', hoursAgo: 1, data: 'A' });
      bench.local.seeds.remove(INCIDENTS, { name: `gone-${i}` });
    }
    bench.startController();
    await bench.clock.advance(3_000);
    expect(left().length).toBeGreaterThanOrEqual(24);
    expect(left().length).toBeLessThan(40);
    await bench.clock.advance(12_000);
    expect(left()).toEqual([]);
  });

  test('is said before anything is deleted, and a delete that fails is tried again', async () => {
    start({ evidenceBytes: 1 });
    seed('one', { outcome: 'Recovered', hoursAgo: 1 });
    let failures = 3;
    bench.local.onWrite(({ verb, plural }) => {
      if (verb !== 'delete' || plural !== EVIDENCES.plural) return;
      expect(incident('one')?.status.trimmed).toBeDefined();
      if (failures-- > 0) throw networkError('delete', new Error('connection refused'));
    });
    bench.startController();
    await bench.clock.advance(10_000);
    expect(left()).toEqual(['one']);
    await bench.clock.advance(5 * 60_000);
    expect(left()).toEqual([]);
    expect(marks()).toEqual(['one']);
  });

  test('goes too where the incident cannot say it', async () => {
    start({ evidenceBytes: 1 });
    seed('one', { outcome: 'Recovered', hoursAgo: 1 });
    bench.local.seeds.remove(INCIDENTS, { name: 'one' });
    bench.startController();
    await bench.clock.advance(10_000);
    expect(left()).toEqual([]);
  });

  test('stays of an open incident', async () => {
    start({ evidenceBytes: 1 });
    seed('open', { hoursAgo: 1, node: 'node-a' });
    bench.startController();
    await bench.clock.advance(5 * 60_000);
    expect(left()).toEqual(['open']);
  });

  test('counts as the largest where it does not say its size, or says what is no size', async () => {
    start({ evidenceBytes: 500 * KIB });
    const outcome = 'Recovered';
    seed('silent', { outcome, hoursAgo: 1, data: 'AAAA', annotations: {} });
    bench.startController();
    await bench.clock.advance(10_000);
    expect(left()).toEqual([]);
    seed('odd', { outcome, hoursAgo: 1, data: 'AAAA', annotations: { 'kubelet-medic.io/bytes': '-7' } });
    seed('honest', { outcome, hoursAgo: 1, data: 'AAAA' });
    await bench.clock.advance(10_000);
    expect(left()).toEqual(['honest']);
  });

  test('is trimmed as it comes, ten times its room, and no more of it than need be', async () => {
    start();
    bench.startController();
    await bench.clock.advance(5_000);
    for (let i = 0; i < 50; i++) {
      seed(`n${String(i).padStart(2, '0')}`, { outcome: 'Recovered', hoursAgo: 60 - i });
      await bench.clock.advance(2_500);
      expect(left().length).toBe(Math.min(i + 1, 5));
    }
    expect(left()).toEqual(['n45', 'n46', 'n47', 'n48', 'n49']);
    expect(bench.events('EvidenceTrimmed')).toHaveLength(1);
  });
});
