import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../../src/api/resources.ts';
import { runRetention } from '../../../src/controller/incident/incident-retention.ts';
import { anIncident, aPlan, at } from '../../support/builders/objects.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';

const NAME = 'node-a-x7k2q';
const MINUTE = 60_000;
let parts: ControllerParts;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  parts = await createControllerContext();
});

afterEach(async () => {
  stop.abort();
  await parts.clock.settle();
});

function seed(uid: string, isOver: boolean): void {
  const { spec } = anIncident({ plan: aPlan({ evidence: { retention: { incidents: 1, maxAge: '1h' } } }) });
  const complete = { type: 'Complete', status: 'True', reason: 'Observed', message: '', lastTransitionTime: at(0) };
  const over = { outcome: 'Observed', conditions: [complete], timings: { completedAt: at(0) } };
  parts.local.seeds.seed(INCIDENTS, { metadata: { name: NAME, uid }, spec, status: isOver ? over : {} });
}

async function start(): Promise<void> {
  await parts.clock.settle();
  void runRetention(parts.context.world, parts.context.view, stop.signal);
}

const uidNow = (): string | undefined => parts.local.read(INCIDENTS, NAME)?.metadata.uid;

test('an incident that is over goes when it is too old, and not before', async () => {
  seed('uid-1', true);
  await start();
  await parts.clock.advance(50 * MINUTE);
  expect(uidNow()).toBe('uid-1');
  await parts.clock.advance(21 * MINUTE);
  expect(uidNow()).toBeUndefined();
});

test('an incident stays that has the name of one that was to go', async () => {
  seed('uid-1', true);
  await start();
  await parts.clock.advance(5 * MINUTE);
  parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
  parts.local.seeds.remove(INCIDENTS, { name: NAME });
  seed('uid-2', false);
  await parts.clock.advance(2 * 60 * MINUTE);
  expect(uidNow()).toBe('uid-2');
});

test('an incident that could not be deleted goes at the next look', async () => {
  seed('uid-1', true);
  parts.faults.onCall(({ verb }) => (verb === 'delete' ? { kind: 'refused', status: 500 } : undefined));
  await start();
  await parts.clock.advance(70 * MINUTE);
  expect(uidNow()).toBe('uid-1');
  expect(parts.log.entries.map(({ level }) => level)).toContain('warn');
  parts.faults.onCall(undefined);
  await parts.clock.advance(10 * MINUTE);
  expect(uidNow()).toBeUndefined();
});
