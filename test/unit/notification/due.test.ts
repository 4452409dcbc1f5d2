import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { nextBatch } from '../../../src/core/notification/batch.ts';
import { dueNews } from '../../../src/core/notification/due.ts';
import type { Due, News } from '../../../src/core/notification/news.ts';
import { freshLedger, type Ledger, parseLedger, pruned, withSent } from '../../../src/core/notification/ledger.ts';
import type { Receiver } from '../../../src/core/notification/receiver.ts';
import { aPlan, aPolicy, anIncident, at, T0 } from '../../support/builders/objects.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { CHAT, PAGER } from '../../support/fake-receiver.ts';

const HOUR = 3_600_000;
const EMPTY: Ledger = { told: {}, breakers: {}, storms: [] };

function ended(outcome: string, ms = 60_000, name = 'node-a-x7k2q'): KubeletIncident {
  const condition = {
    type: 'Complete',
    status: 'True',
    reason: outcome,
    message: 'so',
    lastTransitionTime: at(ms),
  } as const;
  return anIncident({ name, status: { outcome, conditions: [condition] } });
}

function held(): KubeletIncident {
  const step = { name: 'hold', type: 'Hold', state: 'Requested', startedAt: at(5_000) } as const;
  return anIncident({ status: { steps: [step] } });
}

function news(incidents: readonly KubeletIncident[], now = T0 + 120_000): News {
  return { incidents, policies: [], now };
}

function events(receiver: Receiver, ledger: Ledger, incidents: readonly KubeletIncident[]): readonly string[] {
  return dueNews(receiver, ledger, news(incidents)).due.map(({ event }) => event);
}

/** As if all that is due had been sent, one by one. */
function told(receiver: Receiver, incidents: readonly KubeletIncident[], isStorm = false): Ledger {
  return withSent(EMPTY, dueNews(receiver, EMPTY, news(incidents)).due, { type: receiver.type, isStorm });
}

describe('what is due', () => {
  test.each([
    ['Recovered', 'Recovered'],
    ['SelfHealed', 'Recovered'],
    ['NotConfirmed', 'Recovered'],
    ['Outdated', 'Recovered'],
    ['Rejected', 'Recovered'],
    ['NodeGone', 'Recovered'],
    ['HandedOver', 'HandedOver'],
    ['EvidenceMissing', 'HandedOver'],
    ['BudgetExhausted', 'HandedOver'],
    ['ActionRefused', 'HandedOver'],
    ['CaptureOnly', 'HandedOver'],
    ['Observed', 'HandedOver'],
    ['OfANewerRelease', 'HandedOver'],
  ])('an incident that ended as %s is told as %s', (outcome, event) => {
    expect(events(CHAT, EMPTY, [ended(outcome)])).toEqual([event]);
  });

  test('an incident is told of once for each stage, and only of the newest', () => {
    expect(events(CHAT, EMPTY, [anIncident()])).toEqual(['Opened']);
    expect(events(CHAT, told(CHAT, [anIncident()]), [anIncident()])).toEqual([]);
    expect(events(CHAT, told(CHAT, [anIncident()]), [held()])).toEqual(['Held']);
    expect(events(CHAT, told(CHAT, [held()]), [held()])).toEqual([]);
    expect(events(CHAT, told(CHAT, [held()]), [anIncident()])).toEqual([]);
    expect(events(CHAT, told(CHAT, [ended('Recovered')]), [ended('Recovered')])).toEqual([]);
  });

  test('what a person asked for is told to nobody', () => {
    expect(events(CHAT, EMPTY, [anIncident({ trigger: { type: 'Manual' } })])).toEqual([]);
  });

  test('routes are by policy and by event', () => {
    const other = anIncident({ plan: { ...aPlan(), policy: 'gpu' } });
    const receiver: Receiver = { ...CHAT, policies: ['gpu'], events: ['Opened', 'HandedOver'] };
    expect(events(receiver, EMPTY, [anIncident(), other])).toEqual(['Opened']);
    expect(events(receiver, EMPTY, [{ ...other, status: ended('Recovered').status }])).toEqual([]);
    // One who is not told of holds is told that it began.
    expect(events({ ...CHAT, events: ['Opened'] }, EMPTY, [held()])).toEqual(['Opened']);
  });

  test('PagerDuty resolves what it was told, and nothing else', () => {
    expect(events(PAGER, EMPTY, [ended('Recovered')])).toEqual([]);
    expect(events(PAGER, told(PAGER, [anIncident()]), [ended('Recovered')])).toEqual(['Recovered']);
    expect(events(PAGER, told(PAGER, [anIncident()]), [ended('HandedOver')])).toEqual(['HandedOver']);
  });

  test('the alert of a storm ends when the last of its incidents has', () => {
    const [a, b] = [anIncident({ node: 'a', name: 'a-aaaaa' }), anIncident({ node: 'b', name: 'b-bbbbb' })];
    const ledger = told(PAGER, [a, b], true);
    const aEnded = ended('Recovered', 60_000, 'a-aaaaa');
    const { due } = dueNews(PAGER, ledger, news([aEnded, b]));
    expect(due).toEqual([expect.objectContaining({ event: 'Recovered', isSilent: true })]);
    const next = withSent(ledger, due, { type: 'PagerDuty', isStorm: false });
    const last = dueNews(PAGER, next, news([aEnded, ended('HandedOver', 70_000, 'b-bbbbb')])).due;
    expect(last.map(({ kind, event }) => `${kind} ${event}`)).toEqual(['incident HandedOver', 'storm Recovered']);
  });

  test('an end of yesterday is given up, and one that was told is remembered for longer', () => {
    const old = ended('HandedOver', 0);
    const after = news([old], T0 + 25 * HOUR);
    expect(dueNews(CHAT, EMPTY, after)).toEqual({ due: [], givenUp: [old] });
    expect(pruned(told(CHAT, [old]), [old], T0 + 25 * HOUR).told).toEqual({ [old.metadata.uid]: 'e' });
    expect(pruned(told(CHAT, [old]), [old], T0 + 49 * HOUR).told).toEqual({});
    expect(pruned(told(CHAT, [old]), [], T0).told).toEqual({});
  });

  test('an end that is forgotten is neither due nor given up again', () => {
    const old = ended('Recovered', 0);
    const after = T0 + 49 * HOUR;
    expect(dueNews(CHAT, pruned(told(CHAT, [old]), [old], after), news([old], after))).toEqual({
      due: [],
      givenUp: [],
    });
  });

  test('a receiver that comes later is told what is open, and no history', () => {
    const all = [ended('HandedOver'), anIncident({ name: 'node-b-aaaaa' })];
    expect(events(CHAT, freshLedger(all), all)).toEqual(['Opened']);
  });

  test('a breaker is told when it opens, when it closes, and when its policy goes', () => {
    const policy = aPolicy();
    const withReason = (reason: string): News => {
      const condition = { type: 'BudgetAvailable', status: 'False', reason, message: '9', lastTransitionTime: at(0) };
      return {
        incidents: [],
        policies: [{ ...policy, status: { conditions: [condition] } }] as const,
        now: T0,
      } as News;
    };
    const [open] = dueNews(CHAT, EMPTY, withReason('TooManyUnhealthy')).due;
    expect(open).toMatchObject({ event: 'BreakerOpen', policy: 'default' });
    const ledger = withSent(EMPTY, [open!], { type: 'Slack', isStorm: false });
    expect(dueNews(CHAT, ledger, withReason('TooManyUnhealthy')).due).toEqual([]);
    expect(dueNews(CHAT, ledger, withReason('InUse')).due).toMatchObject([{ event: 'BreakerClosed' }]);
    expect(dueNews(CHAT, ledger, news([])).due).toMatchObject([{ event: 'BreakerClosed', policy: 'default' }]);
  });
});

describe('what was told', () => {
  test('is the same after it was stored', () => {
    const ledger = told(PAGER, [anIncident(), ended('HandedOver', 1, 'node-b-aaaaa')], true);
    expect(parseLedger(JSON.stringify(ledger))).toEqual(ledger);
  });

  test('of 2,800 nodes at once is written down in a moment', () => {
    const all = Array.from({ length: 2_800 }, (_, index) => anIncident({ name: `node-${index}-aaaaa` }));
    const { due } = dueNews(PAGER, EMPTY, news(all));
    let ledger = EMPTY;
    const spent = cpuMs(() => {
      ledger = withSent(EMPTY, due, { type: 'PagerDuty', isStorm: true });
    });
    expect(Object.keys(ledger.told)).toHaveLength(all.length);
    expect(spent).toBeLessThan(200);
  });

  test.each(['', 'null', '[]', '{"told":{"a":1}}', '{"told":[]}'])('is begun anew where it is %j', (text) => {
    expect(parseLedger(text)).toBeUndefined();
  });
});

describe('a batch', () => {
  const yes = { single: () => true, group: () => true };
  const many = (count: number, policy = 'default'): readonly Due[] => {
    const incidents = Array.from({ length: count }, (_, index) =>
      anIncident({ name: `n${index}-aaaaa`, plan: { ...aPlan(), policy } }),
    );
    return dueNews(CHAT, EMPTY, news(incidents)).due;
  };

  test('is of one while there are few', () => {
    expect(nextBatch(many(5), false, yes)).toHaveLength(1);
    expect(nextBatch([], false, yes)).toBeUndefined();
  });

  test('is of all of a kind in a storm, and when there were many lately', () => {
    expect(nextBatch([...many(500), ...many(3, 'gpu')], false, yes)).toHaveLength(500);
    expect(nextBatch(many(3), false, { ...yes, single: () => false })).toHaveLength(3);
    expect(nextBatch(many(9), false, { single: () => false, group: () => false })).toBeUndefined();
  });

  test('of PagerDuty resolves each alert by itself', () => {
    const open = Array.from({ length: 9 }, (_, index) => anIncident({ name: `n${index}-aaaaa` }));
    const over = open.map(({ metadata }) => ended('Recovered', 1, metadata.name));
    const { due } = dueNews(PAGER, told(PAGER, open), news(over));
    expect(due).toHaveLength(9);
    expect(nextBatch(due, true, { single: () => false, group: () => false })).toHaveLength(1);
  });
});
