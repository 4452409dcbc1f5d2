/** Who may have a fault made, on a real API server: two keys, of two people, and the chart's own consent. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../../src/api/resources.ts';
import type { Cluster, Manifest } from '../../../src/ports/cluster.ts';
import { AGENT, CONTROLLER, failure, MANAGER } from '../../contract/subject.ts';
import { startIdentities, userOf, type Identities } from '../../support/identities.ts';
import { PODS } from '../../support/raw-resource.ts';
import { eventually } from '../../support/real-time.ts';
import { expectRefused } from './attack.ts';
import { digits, incidentOf } from './objects.ts';

type Fields = Readonly<Record<string, unknown>>;

const AGENT_STATUS = { ...AGENT, subresource: 'status', force: true } as const;
const CONTROLLER_STATUS = { ...CONTROLLER, subresource: 'status', force: true } as const;
const AT = '2026-11-24T10:00:00Z';
const DRILL = { fault: 'FrozenKubelet', lastsFor: '3m' };

let ids: Identities;
let controller: Cluster;
let agentA: Cluster;
let people: Readonly<Record<'driller' | 'capturer' | 'approver', Cluster>>;

const freshName = (): string => `node-a-${digits().slice(-5)}`;

/** As `kubectl medic drill` makes it. */
function drillOf(by: string, change: Fields = {}, name = freshName()): Manifest {
  const { plan, ...rest } = change;
  return incidentOf('node-a', name, {
    drill: DRILL,
    ...rest,
    trigger: { type: 'Drill', by: userOf(by) },
    plan: { mode: 'Capture', ...(plan as Fields | undefined) },
  });
}

async function asked(): Promise<string> {
  const name = freshName();
  await people.driller.create(INCIDENTS, drillOf('driller', {}, name), MANAGER);
  return name;
}

function decide(cluster: Cluster, name: string, approval: Fields): Promise<unknown> {
  return cluster.jsonPatch(INCIDENTS, { name }, [{ op: 'add', path: '/spec/approval', value: approval }], MANAGER);
}

function records(name: string, record: Fields): Promise<unknown> {
  return agentA.apply(
    INCIDENTS,
    { metadata: { name }, status: { actions: [{ reservedAt: AT, ...record }] } },
    AGENT_STATUS,
  );
}

beforeAll(async () => {
  ids = await startIdentities('drills.enabled=true');
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  agentA = ids.connect(await ids.tokenOf('kubelet-medic-agent', 'node-a'));
  const as = async (name: string, role: string): Promise<Cluster> =>
    (await ids.person(name, `kubelet-medic-${role}`)).cluster;
  people = {
    driller: await as('driller', 'drill'),
    capturer: await as('capturer', 'capture'),
    approver: await as('approver', 'approve'),
  };
  await eventually('the walls are in force', async () => {
    const wrong = ids.admin.create(INCIDENTS, incidentOf('node-a', 'wrong-name'), MANAGER);
    const answers = await Promise.allSettled([wrong, asked()]);
    const [refused, taken] = answers;
    // One that was let in before is there, which is a refusal too.
    const isWall = refused.status === 'rejected' && String(refused.reason).includes('denied request');
    return isWall && taken.status === 'fulfilled';
  });
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

describe('who has -drill', () => {
  test('asks for a fault, and ends it', async () => {
    const name = await asked();
    await decide(people.driller, name, { decision: 'Reject', by: userOf('driller') });
    expect((await ids.admin.get(INCIDENTS, { name }))?.spec).toMatchObject({
      drill: DRILL,
      approval: { decision: 'Reject' },
    });
  });

  test.each<readonly [string, Fields, string]>([
    ['by a plan that acts', { plan: { mode: 'Remediate' } }, 'a plan of mode Capture'],
    ['without a fault', { drill: undefined }, 'says which fault'],
    ['of a fault that nobody knows', { drill: { fault: 'DeleteNode', lastsFor: '3m' } }, 'Unsupported value'],
  ])('asks for none %s', async (_what, change, words) => {
    const error = await failure(people.driller.create(INCIDENTS, drillOf('driller', change), MANAGER));
    expect(error.message).toContain(words);
  });

  test('asks in his own name, approves nothing, and changes no drill', async () => {
    await expectRefused(people.driller.create(INCIDENTS, drillOf('jane'), MANAGER), 'your own name');
    const name = await asked();
    await expectRefused(decide(people.driller, name, { decision: 'Approve', by: userOf('driller') }), 'approve');
    const longer = [{ op: 'replace', path: '/spec/drill/lastsFor', value: '5m' }] as const;
    const error = await failure(people.driller.jsonPatch(INCIDENTS, { name }, longer, MANAGER));
    expect(error.message).toContain('the drill of an incident is immutable');
  });

  test('does not decide over a node that is held', async () => {
    const name = freshName();
    await controller.create(INCIDENTS, incidentOf('node-a', name), CONTROLLER);
    await expectRefused(
      decide(people.driller, name, { decision: 'Reject', by: userOf('driller') }),
      'takes the verb approve',
    );
  });
});

describe('nobody else asks for a fault', () => {
  test('not who may capture, nor the controller', async () => {
    await expectRefused(people.capturer.create(INCIDENTS, drillOf('capturer'), MANAGER), 'takes the verb drill');
    await expectRefused(controller.create(INCIDENTS, drillOf('driller'), CONTROLLER), 'in the name of a person');
  });

  test('who may capture ends none either', async () => {
    const name = await asked();
    await expectRefused(
      decide(people.capturer, name, { decision: 'Reject', by: userOf('capturer') }),
      'takes the verb approve',
    );
  });
});

describe('an agent', () => {
  const inject = { name: 'inject', type: 'InjectFault', state: 'Requested', startedAt: AT };
  const reserved = { name: 'inject', action: 'InjectFault', state: 'Reserved' };

  test('records the fault that is asked for, and its end', async () => {
    const name = await asked();
    await expectRefused(records(name, reserved), 'records what a step of its incident asks for');
    await controller.apply(INCIDENTS, { metadata: { name }, status: { steps: [inject] } }, CONTROLLER_STATUS);
    await expectRefused(records(name, { ...reserved, state: 'Succeeded' }), 'records what a step');
    await expectRefused(records(name, { ...reserved, action: 'RestartKubelet' }), 'records what a step');
    await records(name, reserved);
    await records(name, { ...reserved, state: 'Succeeded' });
    await expectRefused(records(name, { ...reserved, state: 'Failed' }), 'neither changed nor removed');
  });
});

test('the controller lists pods, and does no more with them', async () => {
  await controller.list(PODS, { fieldSelector: 'spec.nodeName=node-a' });
  await expectRefused(controller.delete(PODS, { name: 'x', namespace: 'default' }), 'is forbidden');
});
