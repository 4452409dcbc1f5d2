/** What people may do by the roles of the chart, on a real API server: each role what it is for, and nobody more. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVIDENCES, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../../src/api/resources.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { actionRecord, condition, step } from '../../contract/objects.ts';
import { CONTROLLER, failure, MANAGER } from '../../contract/subject.ts';
import { startIdentities, userOf, type Identities } from '../../support/identities.ts';
import { eventually } from '../../support/real-time.ts';
import { expectRefused } from './attack.ts';
import { digits, evidenceOf, incidentOf } from './objects.ts';

type Fields = Readonly<Record<string, unknown>>;

let ids: Identities;
let admin: Cluster;
let controller: Cluster;
let people: Readonly<Record<'viewer' | 'capturer' | 'approver' | 'keeper', Cluster>>;

const STATUS = { ...MANAGER, subresource: 'status' } as const;
const freshName = (): string => `node-a-${digits().slice(-5)}`;

/** As `kubectl medic capture` makes it. */
function capture(by: string, change: Fields = {}, name = freshName()): ReturnType<typeof incidentOf> {
  const trigger = { type: 'Manual', by: userOf(by) };
  const { trigger: otherTrigger, plan, ...rest } = change;
  return incidentOf('node-a', name, {
    ...rest,
    trigger: { ...trigger, ...(otherTrigger as Fields | undefined) },
    plan: { mode: 'Capture', ...(plan as Fields | undefined) },
  });
}

async function held(): Promise<string> {
  const name = freshName();
  const plan = { strategy: 'DiagnoseFirst' };
  await controller.create(INCIDENTS, incidentOf('node-a', name, { plan }), CONTROLLER);
  return name;
}

function decide(cluster: Cluster, name: string, approval: Fields): Promise<unknown> {
  return cluster.jsonPatch(INCIDENTS, { name }, [{ op: 'add', path: '/spec/approval', value: approval }], MANAGER);
}

beforeAll(async () => {
  ids = await startIdentities();
  ({ admin } = ids);
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  const as = async (name: string, role: string): Promise<Cluster> =>
    (await ids.person(name, `kubelet-medic-${role}`)).cluster;
  people = {
    viewer: await as('viewer', 'view'),
    capturer: await as('capturer', 'capture'),
    approver: await as('approver', 'approve'),
    keeper: await as('keeper', 'admin'),
  };
  await eventually('the walls are in force', async () => {
    const answers = await Promise.allSettled([
      admin.create(INCIDENTS, incidentOf('node-a', 'wrong-name'), MANAGER),
      controller.create(INCIDENTS, incidentOf('node-a', 'wrong-name'), CONTROLLER),
    ]);
    // One that was let in before is there, which is a refusal too.
    return answers.every((answer) => answer.status === 'rejected' && String(answer.reason).includes('denied request'));
  });
  await eventually('the roles are in force', async () => {
    const answers = await Promise.allSettled([people.viewer.list(INCIDENTS), people.keeper.list(POLICIES), held()]);
    return answers.every((answer) => answer.status === 'fulfilled');
  });
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

describe('who has -view', () => {
  test('sees policies, incidents and health, and no evidence', async () => {
    await Promise.all([people.viewer.list(POLICIES), people.viewer.list(INCIDENTS), people.viewer.list(HEALTHS)]);
    await expectRefused(people.viewer.list(EVIDENCES), 'is forbidden');
    await expectRefused(people.viewer.create(INCIDENTS, capture('viewer'), MANAGER), 'is forbidden');
    await expectRefused(
      decide(people.viewer, await held(), { decision: 'Approve', by: userOf('viewer') }),
      'forbidden',
    );
  });
});

describe('who has -capture', () => {
  test('has evidence saved, by a plan of any policy or of none, and uploaded', async () => {
    const name = freshName();
    await people.capturer.create(INCIDENTS, capture('capturer', {}, name), MANAGER);
    await people.capturer.create(INCIDENTS, capture('capturer', { plan: { policy: 'none' } }), MANAGER);
    const uploads = [{ file: 'kubelet.log.gz', at: '2026-11-24T10:00:00Z' }];
    const patch = [{ op: 'add', path: '/spec/uploads', value: uploads }] as const;
    expect((await people.capturer.jsonPatch(INCIDENTS, { name }, patch, MANAGER)).spec.uploads).toEqual(uploads);
    expect((await people.capturer.get(NODES, { name: 'node-a' }))?.metadata.name).toBe('node-a');
  });

  test('names it as the API server does by generateName', async () => {
    const { spec } = capture('capturer');
    const manifest = { metadata: { generateName: 'node-a-' }, spec };
    const { metadata } = await people.capturer.create(INCIDENTS, manifest, MANAGER);
    expect(metadata.name).toMatch(/^node-a-[a-z0-9]{5}$/);
  });

  const approval = { decision: 'Approve', by: userOf('capturer') };
  test.each<readonly [string, Fields, string]>([
    ['that may recover (H1)', { plan: { mode: 'Remediate' } }, 'a plan of mode Capture'],
    ['that is approved (H1)', { approval }, 'not as it is made'],
    [
      'of a trigger that is the controller’s',
      { trigger: { type: 'PLEGUnhealthy' } },
      'has the trigger Manual or Drill',
    ],
    ['in the name of another person', { trigger: { by: 'jane@example.com' } }, 'must be your own name, system:service'],
    ['in nobody’s name', { trigger: { by: undefined } }, 'must be your own name'],
    ['that stays open for hours', { plan: { evidence: { deadline: '2h' } } }, 'a deadline of 10m'],
    ['whose dumps take hours', { plan: { evidence: { dumpInterval: '1h' } } }, 'a dumpInterval of 1m'],
  ])('makes no incident %s', async (_what, change, words) => {
    await expectRefused(people.capturer.create(INCIDENTS, capture('capturer', change), MANAGER), words);
  });

  // The garbage collector deletes what is owned by something that is not there.
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'gone', uid: '00000000-0000-4000-8000-000000000000' };
  test.each<readonly [string, Fields]>([
    ['an owner, that it be deleted', { ownerReferences: [owner] }],
    ['a finalizer, that nobody can delete it', { finalizers: ['a.b/c'] }],
  ])('gives no incident %s, neither a new one nor one of the controller', async (_what, metadata) => {
    const words = 'has no owners and no finalizers';
    const { spec } = capture('capturer');
    const made = { metadata: { name: freshName(), ...metadata }, spec };
    await expectRefused(people.capturer.create(INCIDENTS, made, MANAGER), words);
    const name = await held();
    const patch = Object.entries(metadata).map(
      ([field, value]) => ({ op: 'add', path: `/metadata/${field}`, value }) as const,
    );
    for (const person of [people.capturer, people.approver]) {
      await expectRefused(person.jsonPatch(INCIDENTS, { name }, patch, MANAGER), words);
    }
    expect((await admin.get(INCIDENTS, { name }))?.metadata).toMatchObject({ name, ownerReferences: [] });
  });

  test('makes no incident under a name that another node’s may have', async () => {
    const forged = capture('capturer', {}, 'node-b-bcdfg');
    await expectRefused(people.capturer.create(INCIDENTS, forged, MANAGER), 'is named by its node');
  });

  test('makes no incident that has a status: what it brings is left out', async () => {
    const manifest = { ...capture('capturer'), status: { steps: [step('act-1')], outcome: 'Recovered' } };
    expect((await people.capturer.create(INCIDENTS, manifest, MANAGER)).status).toEqual({});
  });

  test('approves nothing, under whatever name', async () => {
    const name = await held();
    const words = 'takes the verb approve on kubeletincidents.kubelet-medic.io (ClusterRole kubelet-medic-approve)';
    await expectRefused(decide(people.capturer, name, { decision: 'Approve', by: userOf('capturer') }), words);
    await expectRefused(decide(people.capturer, name, { decision: 'Reject', by: userOf('capturer') }), words);
    await expectRefused(
      decide(people.capturer, name, { decision: 'Approve', by: userOf('approver') }),
      'your own name',
    );
  });
});

describe('who has -approve', () => {
  test('decides under his own name, once', async () => {
    const name = await held();
    const own = { decision: 'Approve', by: userOf('approver'), action: 'RestartKubelet' };
    await decide(people.approver, name, own);
    expect((await admin.get(INCIDENTS, { name }))?.spec.approval).toEqual(own);
    const remove = [{ op: 'remove', path: '/spec/approval' }] as const;
    const error = await failure(people.approver.jsonPatch(INCIDENTS, { name }, remove, MANAGER));
    expect(error.message).toContain('an approval is set once');
  });

  test.each<readonly [string, Fields, string]>([
    ['another one’s name', { decision: 'Approve', by: 'jane@example.com' }, 'your own name, system:serviceaccount'],
    [
      'an action that the plan does not allow',
      { decision: 'Approve', by: '', action: 'RebootNode' },
      'that the plan allows',
    ],
  ])('does not decide with %s', async (_what, approval, words) => {
    const by = approval['by'] === '' ? userOf('approver') : approval['by'];
    await expectRefused(decide(people.approver, await held(), { ...approval, by }), words);
  });

  test('makes no incident and reads no evidence', async () => {
    await expectRefused(people.approver.create(INCIDENTS, capture('approver'), MANAGER), 'is forbidden');
    await expectRefused(people.approver.list(EVIDENCES), 'is forbidden');
  });
});

describe('who has -admin', () => {
  test('writes policies, deletes incidents, and decides', async () => {
    await people.keeper.create(POLICIES, { metadata: { name: 'own' }, spec: { mode: 'Observe' } }, MANAGER);
    expect(await people.keeper.delete(POLICIES, { name: 'own' })).toBe(true);
    const name = await held();
    await decide(people.keeper, name, { decision: 'Reject', by: userOf('keeper') });
    expect(await people.keeper.delete(INCIDENTS, { name })).toBe(true);
    await expectRefused(people.keeper.list(EVIDENCES), 'is forbidden');
  });
});

describe('system:masters too', () => {
  test.each<readonly [string, () => Promise<unknown>, string]>([
    [
      'have no fault made where the chart does not allow drills',
      () => {
        const drill = { fault: 'FrozenKubelet', lastsFor: '3m' };
        const change = { drill, plan: { mode: 'Capture' }, trigger: { type: 'Drill', by: 'admin' } };
        return admin.create(INCIDENTS, incidentOf('node-a', freshName(), change), MANAGER);
      },
      'drills.enabled=true',
    ],
    ['open no incident that acts', () => admin.create(INCIDENTS, incidentOf('node-a', freshName()), MANAGER), 'Manual'],
    [
      'decide under their own name',
      async () => decide(admin, await held(), { decision: 'Approve', by: 'jane' }),
      'your own name, admin',
    ],
    [
      'ask no agent for an act',
      async () =>
        admin.apply(INCIDENTS, { metadata: { name: await held() }, status: { steps: [step('act-1')] } }, STATUS),
      'is written by the controller and the agents',
    ],
    [
      'record no act',
      async () => {
        const status = { actions: [actionRecord('act-1')], conditions: [condition('Complete', 'True', 'X')] };
        return admin.apply(INCIDENTS, { metadata: { name: await held() }, status }, STATUS);
      },
      'is written by the controller and the agents',
    ],
    [
      'report no health',
      async () => {
        await admin.apply(HEALTHS, { metadata: { name: 'node-a' }, spec: {} }, MANAGER);
        return admin.apply(HEALTHS, { metadata: { name: 'node-a' }, status: { bootID: 'x' } }, STATUS);
      },
      'is written by the controller and the agents',
    ],
    [
      'say nothing of a policy',
      () => admin.apply(POLICIES, { metadata: { name: 'default' }, status: { matchedNodes: 1 } }, STATUS),
      'is written by the controller and the agents',
    ],
    [
      'add no evidence',
      () => admin.create(EVIDENCES, evidenceOf('node-a', 'u', {}), MANAGER),
      'is added by the agents and the controller',
    ],
  ])('%s', async (_what, work, words) => {
    await expectRefused(work(), words);
  });
});
