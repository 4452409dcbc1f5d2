import { describe, expect, test } from '@jest/globals';
import { NODES, POLICIES } from '../../../../src/api/resources.ts';
import { readFleet } from '../../../../src/cli/fleet/read-fleet.ts';
import { fleetStatus } from '../../../../src/cli/status/fleet-status.ts';
import { pageState, type PageState } from '../../../../src/cli/ui/page-state.ts';
import { changeOf } from '../../../../src/cli/ui/publish.ts';
import type { Denials } from '../../../../src/cli/ui/rights.ts';
import { createSystemClock } from '../../../../src/platform/clock.ts';
import { anIncident, aNode, aPlan } from '../../../support/builders/objects.ts';
import { createLocalCluster, type LocalCluster } from '../../../support/local-cluster.ts';
import { PAYLOADS } from '../../../support/report/hostile.ts';
import {
  aHeldIncident,
  HELD,
  nodeName,
  plant,
  plantFleet,
  plantIncident,
  plantNode,
} from '../../../support/ui/fleet-seeds.ts';

const terminal = { out: () => undefined, note: () => undefined, paint: (_: string, text: string) => text };
const clock = createSystemClock();

async function stateOf({ cluster }: LocalCluster, denials: Denials = {}): Promise<PageState> {
  return pageState(await readFleet({ cluster, clock, terminal }), denials, []);
}

function fleetOf(count: number): LocalCluster {
  const local = createLocalCluster(clock);
  plantFleet(local.seeds, count);
  return local;
}

describe('a cell', () => {
  test('has a state of its node, and says why', async () => {
    const local = fleetOf(9);
    plantIncident(local.seeds, aHeldIncident());
    plantIncident(
      local.seeds,
      anIncident({ name: 'node-0002-abcde', node: nodeName(2), status: { state: 'Capturing' } }),
    );
    const { cells } = await stateOf(local);
    expect([...cells.values()].map(({ name, state }) => [name, state])).toEqual([
      ['node-0000', 'ill'],
      ['node-0001', 'held'],
      ['node-0002', 'working'],
      ['node-0003', 'unknown'],
      ['node-0004', 'unknown'],
      ['node-0005', 'watched'],
      ['node-0006', 'ill'],
      ['node-0007', 'healthy'],
      ['node-0008', 'healthy'],
    ]);
    expect(cells.get('node-0000')).toMatchObject({ why: expect.stringMatching(/^NotReady: /), policy: 'default' });
    expect(cells.get('node-0001')).toMatchObject({ incident: HELD, next: `${HELD}: Held` });
    expect(cells.get('node-0003')?.why).toMatch(/^agent silent: it last said: PLEG Healthy$/);
    expect(cells.get('node-0007')).toEqual({ name: 'node-0007', state: 'healthy', policy: 'default' });
  });

  test('is ill or not as `status` says, for each node', async () => {
    const local = fleetOf(40);
    const { cells } = await stateOf(local);
    const status = fleetStatus(await readFleet({ cluster: local.cluster, clock, terminal }));
    const ill = [...cells.values()].filter(({ state }) => state !== 'healthy').map(({ name }) => name);
    expect(ill.sort()).toEqual(status.notHealthy.map(({ name }) => name).sort());
  });

  test('of a node that is well says what stands in the way of a restart', async () => {
    const local = fleetOf(0);
    plantNode(local.seeds, { name: 'cordoned', unschedulable: true, cordonedBy: 'kubectl' });
    const { cells } = await stateOf(local);
    expect(cells.get('cordoned')).toMatchObject({ state: 'healthy', lack: expect.stringContaining('cordoned') });
  });

  test('stands by name, as people count', async () => {
    const local = fleetOf(0);
    for (const name of ['node-10', 'node-9', 'a']) plantNode(local.seeds, { name });
    expect([...(await stateOf(local)).cells.keys()]).toEqual(['a', 'node-9', 'node-10']);
  });

  test('is decided, and no longer held, once somebody has approved', async () => {
    const local = fleetOf(3);
    plantIncident(local.seeds, aHeldIncident({ approval: { decision: 'Approve', by: 'jane' } }));
    const { cells, rest } = await stateOf(local);
    expect(cells.get(nodeName(1))?.state).toBe('working');
    expect(rest.incidents[0]).toMatchObject({ isHeld: false, decided: 'approved by jane' });
  });
});

describe('what may not be read', () => {
  const why = 'you may not list it';

  test.each<[keyof Denials]>([['nodes'], ['healths']])(
    'without %s no fleet is shown, and incidents are',
    async (kind) => {
      const local = fleetOf(4);
      plantIncident(local.seeds, aHeldIncident());
      const { cells, rest } = await stateOf(local, { [kind]: why });
      expect(cells.size).toBe(0);
      expect(rest).toMatchObject({ hasFleet: false, policies: [], notices: [`Not shown: ${why}`] });
      expect(rest.incidents).toHaveLength(1);
    },
  );

  test.each<[keyof Denials]>([['policies'], ['incidents']])(
    'without %s nothing is said of what comes next',
    async (kind) => {
      const { cells } = await stateOf(fleetOf(9), { [kind]: why });
      expect([...cells.values()].filter(({ next, lack }) => next !== undefined || lack !== undefined)).toEqual([]);
      expect(cells.get('node-0000')?.state).toBe('ill');
    },
  );

  test('an object that cannot be read is named', async () => {
    const local = fleetOf(2);
    local.seeds.seed(NODES, { metadata: { name: 'odd' }, status: { conditions: 'none' } });
    const { rest, cells } = await stateOf(local);
    expect(cells.size).toBe(2);
    expect(rest.notices[0]).toMatch(/^Cannot be read, and is not counted: node\/odd: /);
  });
});

test('texts of objects have nothing that is not seen, and no line ends', async () => {
  for (const payload of PAYLOADS) {
    const local = fleetOf(1);
    plant(local.seeds, NODES, aNode({ name: 'n', ready: 'False', message: payload.toWellFormed() }));
    const state = { state: payload.slice(0, 60).toWellFormed() };
    plantIncident(local.seeds, anIncident({ node: 'n', trigger: { message: payload.toWellFormed() }, status: state }));
    const text = JSON.stringify(await stateOf(local), (_, value: unknown) =>
      value instanceof Map ? [...value.values()] : value,
    );
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\\n/u);
  }
});

test('a storm of incidents is bounded, and so are its texts', async () => {
  const local = fleetOf(0);
  for (let n = 0; n < 520; n++) {
    const message = 'x'.repeat(1_000);
    const Complete = {
      type: 'Complete',
      status: 'False',
      reason: 'r',
      message,
      lastTransitionTime: '2026-11-24T10:00:00Z',
    } as const;
    plantIncident(local.seeds, anIncident({ name: `i-${String(n)}`, status: { state: 's', conditions: [Complete] } }));
  }
  const { rest } = await stateOf(local);
  expect(rest.incidents).toHaveLength(500);
  expect(rest.moreIncidents).toBe(20);
  expect(Math.max(...rest.incidents.map(({ waitsFor }) => waitsFor.length))).toBeLessThan(560);
});

test('one that waits for a person is shown, however many older ones are open', async () => {
  const local = fleetOf(1);
  for (let n = 0; n < 520; n++) plantIncident(local.seeds, anIncident({ name: `i-${String(n)}` }));
  plantIncident(local.seeds, aHeldIncident({ name: 'zz-held', createdAt: 86_400_000 }));
  const { rest } = await stateOf(local);
  expect(rest.incidents).toHaveLength(500);
  expect(rest.moreIncidents).toBe(21);
  expect(rest.incidents[0]).toMatchObject({ name: 'zz-held', isHeld: true });
});

describe('a change', () => {
  test('has the cells that are other, those that are gone, and nothing else', async () => {
    const local = fleetOf(9);
    const before = await stateOf(local);
    expect(changeOf(before, await stateOf(local), 2)).toBeUndefined();
    plantNode(local.seeds, { name: nodeName(7), ready: 'False' });
    plantNode(local.seeds, { name: 'new' });
    local.seeds.remove(NODES, { name: nodeName(8) });
    const change = changeOf(before, await stateOf(local), 2);
    expect(change?.set.map(({ name, state }) => [name, state])).toEqual([
      ['new', 'healthy'],
      ['node-0007', 'ill'],
    ]);
    expect(change?.gone).toEqual(['node-0008']);
  });

  test('is one too where an incident alone or a policy is other', async () => {
    const local = fleetOf(2);
    const before = await stateOf(local);
    plantIncident(local.seeds, anIncident({ node: 'elsewhere', plan: aPlan() }));
    const opened = await stateOf(local);
    expect(changeOf(before, opened, 2)).toMatchObject({ set: [], gone: [] });
    local.seeds.remove(POLICIES, { name: 'default' });
    expect(changeOf(opened, await stateOf(local), 3)).toBeDefined();
  });
});
