import { beforeEach, describe, expect, test } from '@jest/globals';
import { HEALTHS } from '../../../src/api/resources.ts';
import type { KubeletHealth } from '../../../src/api/v1alpha1/kinds/health.ts';
import { AGENT_MANAGER, API_VERSION, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { type AgentContacts, createAgentContacts } from '../../../src/controller/agent-contacts.ts';
import { askInMs, isFresh, isInTouch, isSilent } from '../../../src/core/decision/contact.ts';
import { toPreciseTime } from '../../../src/core/time/timestamp.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const owner = { apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'uid-a' };
let made: ReturnType<typeof createControllerWorld>;
let contacts: AgentContacts;

beforeEach(() => {
  made = createControllerWorld();
  contacts = createAgentContacts(made.world);
  made.local.seeds.seed(HEALTHS, {
    metadata: { name: 'node-a', ownerReferences: [owner] },
    spec: { mode: 'Remediate' },
  });
});

function health(): KubeletHealth {
  const found = made.local.read(HEALTHS, 'node-a');
  if (found === undefined) throw new Error('there is no such object');
  return found;
}

/** The agent writes, by a clock that may be anything. */
async function report(clockMs: number, inquiry?: string): Promise<KubeletHealth> {
  const time = toPreciseTime(clockMs);
  const agent = { version: '1', startedAt: time, reportedAt: time, ...(inquiry === undefined ? {} : { inquiry }) };
  const manifest = { apiVersion: API_VERSION, metadata: { name: 'node-a' }, status: { agent } };
  await made.world.cluster.apply(HEALTHS, manifest, { manager: AGENT_MANAGER, subresource: 'status', force: true });
  return health();
}

describe('the contact with an agent', () => {
  test('is a change that was seen, whatever the clock of the node says', async () => {
    expect(isInTouch(contacts.of(await report(0)))).toBe(false);
    const year2100 = await report(4_102_444_800_000);
    expect(contacts.of(year2100)).toMatchObject({ isHeard: true, quietMs: 0 });
    await made.clock.advance(94_000);
    expect(isInTouch(contacts.of(year2100))).toBe(true);
    await made.clock.advance(1_000);
    expect(isInTouch(contacts.of(year2100))).toBe(false);
    expect(isInTouch(contacts.of(await report(1_000)))).toBe(true);
  });

  test('is not made by a copy that lags: what is older than what was seen says nothing', async () => {
    const [first, second] = [await report(1_000), await report(2_000)];
    contacts.look(first);
    contacts.look(second);
    await made.clock.advance(60_000);
    contacts.look(first);
    expect(contacts.of(second).quietMs).toBe(60_000);
  });

  test('is not made by what the controller itself writes', async () => {
    contacts.look(await report(1_000));
    await contacts.ask(health());
    expect(contacts.of(health())).toMatchObject({ isHeard: false, unansweredMs: 0 });
  });

  test('leaves a rule as it is that was written since the copy was read', async () => {
    const old = await report(1_000);
    const spec = { mode: 'Observe', redact: true };
    const manifest = { apiVersion: API_VERSION, metadata: { name: 'node-a', ownerReferences: [owner] }, spec };
    await made.world.cluster.apply(HEALTHS, manifest, { manager: CONTROLLER_MANAGER, force: true });
    await contacts.ask(old);
    expect(health().spec).toMatchObject({ ...spec, inquiry: expect.any(String) });
    await made.world.cluster.apply(HEALTHS, manifest, { manager: CONTROLLER_MANAGER, force: true });
    expect(health().spec.inquiry).toBeDefined();
  });

  test('makes no object where there is none any more', async () => {
    const old = await report(1_000);
    made.local.seeds.remove(HEALTHS, { name: 'node-a' });
    await expect(contacts.ask(old)).rejects.toMatchObject({ class: 'conflict' });
    expect(made.local.read(HEALTHS, 'node-a')).toBeUndefined();
    expect(contacts.of(old).unansweredMs).toBeUndefined();
  });

  test('is fresh when the agent has answered, by the time at which it was asked', async () => {
    await contacts.ask(await report(1_000));
    expect(health().metadata.ownerReferences).toHaveLength(1);
    expect(health().spec).toMatchObject({ mode: 'Remediate' });
    await made.clock.advance(3_000);
    const answered = await report(1_000, health().spec.inquiry);
    expect(contacts.of(answered)).toMatchObject({ answeredMs: 3_000, unansweredMs: undefined });
    expect(isFresh(contacts.of(answered))).toBe(true);
    await made.clock.advance(7_000);
    expect(isFresh(contacts.of(answered))).toBe(false);
  });

  test('is lost when nobody has answered for 10 s; an answer to an older inquiry is none', async () => {
    await contacts.ask(await report(1_000));
    const { inquiry } = health().spec;
    await contacts.ask(health());
    const old = await report(2_000, inquiry);
    await made.clock.advance(10_000);
    expect(isSilent(contacts.of(old))).toBe(true);
    expect(isFresh(contacts.of(old))).toBe(false);
  });

  test('an inquiry that could not be written was not asked', async () => {
    const before = await report(1_000);
    made.local.setDown('the API server is away');
    await expect(contacts.ask(before)).rejects.toThrow('the API server is away');
    await made.clock.advance(60_000);
    expect(isSilent(contacts.of(before))).toBe(false);
  });

  test.each([
    ['was written over', 'overwritten'],
    ['went with an object that was deleted and made anew, unseen', 'recreated'],
  ] as const)('is not lost for ever when an inquiry %s', async (_, how) => {
    await contacts.ask(await report(1_000));
    if (how === 'recreated') made.local.seeds.remove(HEALTHS, { name: 'node-a' });
    const manifest = { apiVersion: API_VERSION, metadata: { name: 'node-a', ownerReferences: [owner] } };
    // As whoever decides on an older copy writes it.
    const spec = { mode: 'Capture', inquiry: 'older' };
    await made.world.cluster.apply(HEALTHS, { ...manifest, spec }, { manager: CONTROLLER_MANAGER, force: true });
    await made.clock.advance(60_000);
    const now = await report(2_000);
    expect(isSilent(contacts.of(now))).toBe(false);
    expect(askInMs(contacts.of(now), 'now')).toBe(0);
    await contacts.ask(now);
    expect(isFresh(contacts.of(await report(3_000, health().spec.inquiry)))).toBe(true);
  });

  test('is silence, and no inquiry that was lost, where a copy lags behind the inquiry', async () => {
    const before = await report(1_000);
    await contacts.ask(before);
    await made.clock.advance(10_000);
    expect(isSilent(contacts.of(before))).toBe(true);
    expect(isSilent(contacts.of(health()))).toBe(true);
  });

  test('is without a gap as long as reports come every 30 s, and begins anew after one', async () => {
    contacts.look(await report(0));
    for (let times = 1; times <= 4; times++) {
      await made.clock.advance(30_000);
      contacts.look(await report(times));
    }
    expect(contacts.of(health()).heardForMs).toBe(120_000);
    await made.clock.advance(36_000);
    expect(contacts.of(health()).heardForMs).toBe(0);
    contacts.look(await report(9));
    await made.clock.advance(5_000);
    expect(contacts.of(health()).heardForMs).toBe(5_000);
  });

  test('is proven by a row of answers, from the first inquiry to the last answer', async () => {
    async function askAndAnswer(afterMs: number): Promise<number> {
      await contacts.ask(health());
      await made.clock.advance(1_000);
      contacts.look(await report(made.clock.now(), health().spec.inquiry));
      const { answeringForMs } = contacts.of(health());
      await made.clock.advance(afterMs);
      return answeringForMs;
    }
    contacts.look(await report(0));
    expect(await askAndAnswer(4_000)).toBe(0);
    expect(await askAndAnswer(4_000)).toBe(4_000);
    expect(await askAndAnswer(9_999)).toBe(9_000);
    expect(await askAndAnswer(10_999)).toBe(19_999);
    expect(contacts.of(health()).answeringForMs).toBe(19_999);
    // 12 s without a sign of life: whatever came before, it may have been cut off since.
    expect(await askAndAnswer(0)).toBe(0);
    await made.clock.advance(11_000);
    expect(contacts.of(health()).answeringForMs).toBe(0);
  });

  test('is not proven for the time in which an inquiry was not answered', async () => {
    await contacts.ask(await report(0));
    await made.clock.advance(300_000);
    contacts.look(await report(1, health().spec.inquiry));
    expect(contacts.of(health()).answeringForMs).toBe(0);
  });

  test('with an agent of a new Node of the same name begins anew', async () => {
    contacts.look(await report(1_000));
    const changed = await report(2_000);
    expect(contacts.of({ ...changed, metadata: { ...changed.metadata, uid: 'another' } }).isHeard).toBe(false);
  });
});
