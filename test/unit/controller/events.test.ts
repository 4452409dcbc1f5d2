import { describe, expect, test } from '@jest/globals';
import { EVENTS } from '../../../src/api/resources.ts';
import { createEventRecorder, type EventClaim, incidentSubject, nodeSubject } from '../../../src/controller/events.ts';
import { answerError } from '../../../src/kube/errors.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const node = nodeSubject('node-a', 'uid-a');
const claim: EventClaim = { type: 'Warning', reason: 'RecoverySkipped', message: 'budget: 1 of 1 in flight' };

function aRecorder(): ReturnType<typeof createControllerWorld> & {
  readonly recorder: ReturnType<typeof createEventRecorder>;
  readonly sent: () => readonly unknown[];
} {
  const made = createControllerWorld();
  const sent = (): readonly unknown[] =>
    made.local.writes.filter(({ plural }) => plural === EVENTS.plural).map(({ body }) => body);
  return { ...made, recorder: createEventRecorder(made.world), sent };
}

describe('an event', () => {
  test('names its subject, its source and its time, in the form of core/v1', async () => {
    const { recorder, sent } = aRecorder();
    await recorder.record(incidentSubject('node-a-x7k2q', 'uid-i'), claim);
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
    const { recorder, sent } = aRecorder();
    await recorder.record(nodeSubject('n'.repeat(253), 'uid-n'), { ...claim, message: 'x'.repeat(5_000) });
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
    const { recorder, sent, clock } = aRecorder();
    await recorder.record(node, claim);
    await clock.advance(299_999);
    await recorder.record(node, second);
    expect(sent()).toHaveLength(count);
  });

  test('are sent again after five minutes, and at once on another subject', async () => {
    const { recorder, sent, clock } = aRecorder();
    await recorder.record(node, claim);
    await recorder.record(nodeSubject('node-a', 'uid-of-a-new-node'), claim);
    expect(sent()).toHaveLength(2);
    await clock.advance(300_000);
    await recorder.record(node, claim);
    expect(sent()).toHaveLength(3);
  });
});

test('an event that the API server refuses is logged, and stops nobody', async () => {
  const { recorder, local, log } = aRecorder();
  local.onWrite(() => {
    throw answerError('create events', { status: 403, body: Buffer.from('{}') });
  });
  await recorder.record(node, claim);
  expect(log.entries).toMatchObject([
    { level: 'warn', fields: { subject: 'node-a', reason: 'RecoverySkipped', err: { code: 'E_KUBE_DENIED' } } },
  ]);
});

test('a bug in sending is not taken for a refusal', async () => {
  const { recorder, local } = aRecorder();
  local.onWrite(() => {
    throw new TypeError('a bug');
  });
  await expect(recorder.record(node, claim)).rejects.toThrow('a bug');
});
