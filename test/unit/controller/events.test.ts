import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EVENTS } from '../../../src/api/resources.ts';
import {
  createEventRecorder,
  type EventClaim,
  incidentSubject,
  nodeSubject,
  type Subject,
} from '../../../src/controller/events.ts';
import { answerError } from '../../../src/kube/errors.ts';
import { isObject, textAt } from '../../support/api-server/json.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const node = nodeSubject('node-a', 'uid-a');
const claim: EventClaim = { type: 'Warning', reason: 'RecoverySkipped', message: 'budget: 1 of 1 in flight' };

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
});

/** It sends at once. */
function aRecorder(): ReturnType<typeof createControllerWorld> & {
  readonly record: (subject: Subject, claim: EventClaim) => Promise<void>;
  readonly ended: Promise<void>;
  readonly sent: () => readonly unknown[];
} {
  const made = createControllerWorld();
  const recorder = createEventRecorder(made.world);
  const ended = recorder.run(stop.signal);
  ended.catch(() => undefined);
  async function record(subject: Subject, claim: EventClaim): Promise<void> {
    recorder.record(subject, claim);
    await made.clock.settle();
  }
  const sent = (): readonly unknown[] =>
    made.local.writes.filter(({ plural }) => plural === EVENTS.plural).map(({ body }) => body);
  return { ...made, record, ended, sent };
}

describe('an event', () => {
  test('names its subject, its source and its time, in the form of core/v1', async () => {
    const { record, sent } = aRecorder();
    await record(incidentSubject('node-a-x7k2q', 'uid-i'), claim);
    expect(sent()).toEqual([
      expect.objectContaining({
        metadata: { generateName: 'node-a-x7k2q.', namespace: 'default' },
        involvedObject: {
          apiVersion: 'kubelet-medic.io/v1alpha1',
          kind: 'KubeletIncident',
          name: 'node-a-x7k2q',
          uid: 'uid-i',
        },
        ...claim,
        source: { component: 'kubelet-medic-controller' },
        firstTimestamp: '2026-11-24T10:00:00Z',
        lastTimestamp: '2026-11-24T10:00:00Z',
        count: 1,
      }),
    ]);
  });

  test('is cut to what Kubernetes takes', async () => {
    const { record, sent } = aRecorder();
    await record(nodeSubject('n'.repeat(253), 'uid-n'), { ...claim, message: 'x'.repeat(5_000) });
    expect(sent()).toEqual([
      expect.objectContaining({
        metadata: { generateName: `${'n'.repeat(200)}.`, namespace: 'default' },
        message: 'x'.repeat(1_024),
      }),
    ]);
  });
});

describe('the same words', () => {
  test.each<readonly [string, EventClaim, number]>([
    ['are sent once', claim, 1],
    ['are the same with other numbers', { ...claim, message: 'budget: 2 of 3 in flight' }, 1],
    ['are not the same for another reason', { ...claim, reason: 'EvidenceMissing' }, 2],
    ['are not the same with other words', { ...claim, message: 'node is cordoned' }, 2],
  ])('on one subject %s within five minutes', async (_, second, count) => {
    const { record, sent, clock } = aRecorder();
    await record(node, claim);
    await clock.advance(299_999);
    await record(node, second);
    expect(sent()).toHaveLength(count);
  });

  test('are sent again after five minutes, and at once on another subject', async () => {
    const { record, sent, clock } = aRecorder();
    await record(node, claim);
    await record(nodeSubject('node-a', 'uid-of-a-new-node'), claim);
    expect(sent()).toHaveLength(2);
    await clock.advance(300_000);
    await record(node, claim);
    expect(sent()).toHaveLength(3);
  });
});

test('an event that the API server refuses is logged, and stops nobody', async () => {
  const { record, local, log } = aRecorder();
  local.onWrite(() => {
    throw answerError('create events', { status: 403, body: Buffer.from('{}') });
  });
  await record(node, claim);
  expect(log.entries).toMatchObject([
    { level: 'warn', fields: { subject: 'node-a', reason: 'RecoverySkipped', err: { code: 'E_KUBE_DENIED' } } },
  ]);
});

test('a bug in sending is not taken for a refusal', async () => {
  const { record, ended, local } = aRecorder();
  local.onWrite(() => {
    throw new TypeError('a bug');
  });
  await record(node, claim);
  await expect(ended).rejects.toThrow('a bug');
});

test('events that wait are bounded: what is too much is left out, and logged', () => {
  const { world, log } = createControllerWorld();
  const recorder = createEventRecorder(world);
  for (let i = 0; i < 1_001; i++) {
    const subject = nodeSubject(`node-${String(i)}`, `uid-${String(i)}`);
    recorder.record({ ...subject, kind: `Kind${String(i % 50)}` }, claim);
  }
  expect(log.entries).toMatchObject([{ level: 'warn', fields: { subject: 'node-1000' } }]);
});

test('sending ends with the signal, in order and without an error', async () => {
  const { record, ended, sent } = aRecorder();
  await record(node, claim);
  stop.abort(new Error('stopped'));
  await ended;
  await record(node, { ...claim, reason: 'EvidenceMissing' });
  expect(sent()).toHaveLength(1);
});

describe('in a storm', () => {
  const message = (body: unknown): string => (isObject(body) ? (textAt(body, 'message') ?? '') : '');

  test('those of a kind go by themselves as long as there are few, and are then told together', async () => {
    const { record, sent, clock } = aRecorder();
    for (let index = 0; index < 500; index++) await record(nodeSubject(`node-${index}`, `uid-${index}`), claim);
    expect(sent()).toHaveLength(25);
    await clock.advance(45_000);
    expect(sent()).toHaveLength(26);
    const names = Array.from({ length: 10 }, (_, index) => `node-${25 + index}`).join(', ');
    expect(sent().at(-1)).toMatchObject({ count: 475, involvedObject: { name: 'node-499' } });
    expect(message(sent().at(-1))).toBe(
      `475 like it within 30 s (${names}, ...); the last one: budget: 1 of 1 in flight`,
    );
  });

  test('what is of another kind is told at once', async () => {
    const { record, sent } = aRecorder();
    for (let index = 0; index < 100; index++) await record(nodeSubject(`node-${index}`, `uid-${index}`), claim);
    await record(nodeSubject('node-0', 'uid-0'), { type: 'Normal', reason: 'NodeCordoned', message: 'cordoned' });
    expect(message(sent().at(-1))).toBe('cordoned');
  });

  test('one that is alone in its time is told as it is', async () => {
    const { record, sent, clock } = aRecorder();
    for (let index = 0; index < 26; index++) await record(nodeSubject(`node-${index}`, `uid-${index}`), claim);
    await clock.advance(45_000);
    expect(sent().at(-1)).toMatchObject({ count: 1, message: claim.message, involvedObject: { name: 'node-25' } });
  });

  test('a node that has something else to say each time is told of 25 times, and then together', async () => {
    const { record, sent, clock } = aRecorder();
    const reasons = ['EvidenceMissing', 'NodeCordoned', 'NodeUncordoned', 'ActionTaken'] as const;
    const word = (index: number): string => String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26));
    for (let index = 0; index < 80; index++) {
      const reason = reasons[index % reasons.length] ?? 'ActionTaken';
      await record(node, { type: 'Normal', reason, message: word(index) });
    }
    await clock.advance(45_000);
    expect(sent()).toHaveLength(25 + reasons.length);
  });

  test('an event that a busy server does not take is sent when it asks for it', async () => {
    const { record, sent, clock, local } = aRecorder();
    local.onWrite(() => {
      throw answerError('create events', { status: 429, body: Buffer.from('{}'), retryAfter: '60' });
    });
    await record(node, claim);
    await clock.advance(59_000);
    local.onWrite(undefined);
    expect(sent()).toHaveLength(0);
    await clock.advance(15_000);
    expect(sent()).toHaveLength(1);
  });
});
