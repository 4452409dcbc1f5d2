import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { MARKS_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { runRecordMarks } from '../../../src/controller/incident/record-marks.ts';
import { withEnd, withWait } from '../../../src/core/decision/record/progress.ts';
import { networkError } from '../../../src/kube/errors.ts';
import type { Manifest } from '../../../src/ports/cluster.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { anIncident, T0 } from '../../support/builders/objects.ts';
import { createControllerContext, type ControllerParts } from '../../support/controller-context.ts';
import { deadlock } from '../decision/incident-builders.ts';

let parts: ControllerParts;
let stop: AbortController;

beforeEach(async () => {
  parts = await createControllerContext();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await parts.clock.settle();
});

async function look(): Promise<void> {
  await parts.clock.settle();
  void runRecordMarks(parts.context.world, parts.context.view, stop.signal);
  await parts.clock.advance(31_000);
}

function seed(name: string, change: (incident: KubeletIncident) => KubeletIncident): void {
  const incident = change(anIncident({ name, node: 'node-a', status: { diagnosis: deadlock } }));
  parts.local.seeds.seed(INCIDENTS, JSON.parse(JSON.stringify(incident)) as Manifest);
}

const over = (incident: KubeletIncident): KubeletIncident => ({
  ...incident,
  status: withEnd({ ...incident.status, observedGeneration: 1 }, { outcome: 'Recovered', message: 'm' }, T0),
});
const waiting =
  (reason: 'Held' | 'Acting') =>
  (incident: KubeletIncident): KubeletIncident => ({
    ...incident,
    status: withWait(incident.status, { reason, message: 'm' }, T0),
  });

const MARKED = { 'kubelet-medic.io/node': 'node-a', 'kubelet-medic.io/cause': deadlock.cause };
const nameOf = (index: number): string => `node-a-${String(index).padStart(5, '0')}`;
const labels = (name: string): unknown => parts.incident(name).metadata.labels;

describe('the marks of incidents', () => {
  test('are given to those that are over or wait for long, and not to one that is at work', async () => {
    seed('node-a-aaaaa', over);
    seed('node-a-bbbbb', waiting('Held'));
    seed('node-a-ccccc', waiting('Acting'));
    await look();
    expect([labels('node-a-aaaaa'), labels('node-a-bbbbb')]).toEqual([MARKED, MARKED]);
    expect(labels('node-a-ccccc')).toEqual({});
  });

  test('are put right where somebody has changed them, and leave the labels of others', async () => {
    const foreign = { 'kubelet-medic.io/node': 'wrong', team: 'x' };
    seed('node-a-aaaaa', (incident) => over({ ...incident, metadata: { ...incident.metadata, labels: foreign } }));
    await look();
    expect(labels('node-a-aaaaa')).toEqual({ ...MARKED, team: 'x' });
  });

  test('follow the spec of one that is over, and nothing is written once they are right', async () => {
    seed('node-a-aaaaa', over);
    const uploads = [{ file: 'kubelet.log.gz', at: '2026-11-24T10:00:00Z' }];
    await parts.context.world.cluster.jsonPatch(
      INCIDENTS,
      { name: 'node-a-aaaaa' },
      [{ op: 'add', path: '/spec/uploads', value: uploads }],
      { manager: 'test' },
    );
    const { generation } = parts.incident('node-a-aaaaa').metadata;
    await look();
    expect(parts.incident('node-a-aaaaa').status.observedGeneration).toBe(generation);
    const { resourceVersion } = parts.incident('node-a-aaaaa').metadata;
    await parts.clock.advance(300_000);
    expect(parts.incident('node-a-aaaaa').metadata.resourceVersion).toBe(resourceVersion);
  });

  test('are given to all others where those of some are always refused, and that is said once a look', async () => {
    const refused = new Set(Array.from({ length: 60 }, (_, index) => nameOf(index)));
    const all = [...refused, ...Array.from({ length: 10 }, (_, index) => nameOf(60 + index))];
    for (const name of all) seed(name, over);
    parts.local.onWrite(({ name, manager }) => {
      if (manager !== MARKS_MANAGER || !refused.has(name)) return;
      throw new MedicError('E_KUBE_DENIED', 'denied', `${name}: a policy refuses`);
    });
    await look();
    await parts.clock.advance(300_000);
    for (const name of all) expect(labels(name)).toEqual(refused.has(name) ? {} : MARKED);
    const said = parts.log.entries.filter(({ message }) => message.includes('could not be labelled'));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(12);
    parts.local.onWrite(undefined);
    await parts.clock.advance(300_000);
    for (const name of all) expect(labels(name)).toEqual(MARKED);
  });

  test('wait where the API server does not answer: each further write would wait too', async () => {
    for (let index = 0; index < 10; index++) seed(nameOf(index), over);
    let tries = 0;
    parts.local.onWrite(({ manager }) => {
      if (manager !== MARKS_MANAGER) return;
      tries += 1;
      throw networkError('apply', new Error('connection refused'));
    });
    await look();
    expect(tries).toBeLessThanOrEqual(2);
  });
});
