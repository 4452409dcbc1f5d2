import { describe, expect, test } from '@jest/globals';
import { silenceOf, tellSilence } from '../../../src/core/decision/silence.ts';
import { aHealth, at } from '../../support/builders/objects.ts';
import { aContact, SILENT } from '../../support/builders/views.ts';

const agent = { version: '0.1.0', startedAt: at(-60_000), reportedAt: at(0) };
const known = aHealth({ status: { agent: { ...agent, pod: 'agent-x7k2q', namespace: 'medic' } } });
const LOOK =
  '-l app.kubernetes.io/component=agent --field-selector spec.nodeName=node-a (a stuck kubelet starts no pod)';

describe('a silent agent', () => {
  test('is told with its pod, since when, and what to look at', () => {
    expect(silenceOf({ health: known, contact: SILENT }, 'node-a')).toBe(
      'the agent on node-a is silent: it last reported at 2026-11-24T10:00:00.000Z, from the pod medic/agent-x7k2q. ' +
        `Look at: kubectl get pods -n medic ${LOOK}, and its container's log on the node`,
    );
  });

  test('is told in the same words for as long as it lasts', () => {
    const later = { ...SILENT, quietMs: 500_000, unansweredMs: 400_000 };
    const words = silenceOf({ health: known, contact: SILENT }, 'node-a');
    expect(silenceOf({ health: known, contact: later }, 'node-a')).toBe(words);
  });

  test.each([
    ['that was asked, and does not answer, is one', aContact({ unansweredMs: 10_000 }), true],
    ['that was not asked, however long it was not heard, is none', aContact({ quietMs: 1e9 }), false],
    ['that was asked just now is none', aContact({ quietMs: 1e9, unansweredMs: 9_999 }), false],
  ])('%s', (_what, contact, want) => {
    expect(silenceOf({ health: known, contact }, 'node-a') !== undefined).toBe(want);
  });

  test('that never was there is told so', () => {
    const contact = aContact({ hasReported: false });
    expect(silenceOf({ health: undefined, contact }, 'node-a')).toContain(
      'the agent on node-a has never reported. Look',
    );
    expect(silenceOf({ health: undefined, contact }, 'node-a')).toContain(`kubectl get pods -A ${LOOK}`);
  });

  test('with the longest names fits into the message of a step', () => {
    const pod = { ...agent, pod: 'p'.repeat(253), namespace: 'n'.repeat(63) };
    const health = aHealth({ status: { agent: pod } });
    expect(tellSilence({ health, contact: SILENT }, 'n'.repeat(253), 'm'.repeat(300))).toHaveLength(1024);
  });
});

test('of an agent that is there nothing is said', () => {
  expect(silenceOf({ health: known, contact: aContact() }, 'node-a')).toBeUndefined();
  expect(tellSilence({ health: known, contact: aContact() }, 'node-a', 'missing: a dump')).toBe('missing: a dump');
});
