/** A fault that many nodes have at once: what it makes the controller read and write, while it begins and while it lasts. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EVENTS, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { CONTROLLER_MANAGER, INQUIRY_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { createFakeClock } from '../support/clock.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

const NODE_NAMES = Array.from({ length: 32 }, (_, index) => `node-${index}`);
const ILL = NODE_NAMES.slice(0, 16);

let bench: ControllerBench;
/** Of the controller, with the time of each. */
let writes: { readonly plural: string; readonly subresource: string; readonly at: number }[];
let reads: string[];

beforeEach(() => {
  bench = createControllerBench({
    nodes: NODE_NAMES,
    dumps: smallDumps(),
    clock: createFakeClock(undefined, { grainMs: 20 }),
    policy: { mode: 'Remediate', budget: { maxUnhealthy: '5%' } },
  });
  [writes, reads] = [[], []];
  bench.startController();
  for (const name of NODE_NAMES) bench.startAgent(name);
  bench.local.onWrite(({ manager, plural, subresource }) => {
    if (manager === CONTROLLER_MANAGER || manager === INQUIRY_MANAGER)
      writes.push({ plural, subresource, at: bench.clock.now() });
  });
  bench.party('controller-1').faults.onCall(({ verb, plural }) => {
    if (verb === 'get' || verb === 'list') reads.push(`${verb} ${plural}`);
    return undefined;
  });
});

afterEach(async () => {
  await bench.finish();
});

const isBreakerOpen = (): boolean =>
  findCondition(bench.local.read(POLICIES, 'default')?.status.conditions, 'BudgetAvailable')?.reason ===
  'TooManyUnhealthy';

function count(plural: string, subresource = ''): number {
  return writes.filter((write) => write.plural === plural && write.subresource === subresource).length;
}

describe('half of the nodes breach at once', () => {
  test('each incident is written a few times until its verdict, and then not at all, nor read', async () => {
    await bench.clock.advance(30_000);
    writes = [];
    for (const name of ILL) bench.host(name).inject('runtime-hung');
    await bench.clock.advanceUntil(() => bench.incidents().length > 0, 300_000, 500);
    const beganAt = bench.clock.now();
    await bench.clock.advanceUntil(isBreakerOpen, 20_000, 500);
    expect(bench.clock.now() - beganAt).toBeLessThanOrEqual(5_000);
    const isKnown = (): boolean =>
      bench.incidents().filter(({ status }) => status.diagnosis !== undefined).length === ILL.length;
    await bench.clock.advanceUntil(isKnown, 60_000, 500);
    await bench.clock.advance(60_000);

    expect(count(INCIDENTS.plural)).toBe(ILL.length);
    expect(count(INCIDENTS.plural, 'status') / ILL.length).toBeLessThanOrEqual(3);
    expect(count(NODES.plural, 'status') / ILL.length).toBeLessThanOrEqual(3);
    // Trigger, evidence, verdict, witness, and that nothing is done: on the Node and on the incident.
    expect(count(EVENTS.plural) / ILL.length).toBeLessThanOrEqual(10);
    // Questions.
    expect(count(HEALTHS.plural) / ILL.length).toBeLessThanOrEqual(3);

    [writes, reads] = [[], []];
    await bench.clock.advance(240_000);
    expect(bench.incidents().map(({ status }) => status.outcome)).toEqual(ILL.map(() => undefined));
    expect(writes.filter(({ plural }) => plural !== HEALTHS.plural)).toEqual([]);
    // Five objects, every two minutes.
    expect(reads.length).toBeLessThanOrEqual(ILL.length * 5 * 3);
  });
});
