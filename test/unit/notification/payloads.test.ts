/** Payloads against what PagerDuty (Events API v2) and Slack (incoming webhooks, Block Kit) say that they take. */
import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { verdictOf } from '../../../src/core/notification/answer.ts';
import { dueNews } from '../../../src/core/notification/due.ts';
import { lineOf, slackText } from '../../../src/core/notification/inert-text.ts';
import { type Message, messageOf } from '../../../src/core/notification/message.ts';
import { pagerDutyBody } from '../../../src/core/notification/pagerduty.ts';
import { readSettings } from '../../../src/core/notification/receiver.ts';
import { slackBody } from '../../../src/core/notification/slack.ts';
import { webhookBody } from '../../../src/core/notification/webhook.ts';
import { anIncident, at, T0 } from '../../support/builders/objects.ts';
import { CHAT, ROUTING_KEY } from '../../support/fake-receiver.ts';

const EMPTY = { told: {}, breakers: {}, storms: [] };

function message(incidents: readonly KubeletIncident[]): Message {
  const [first, ...others] = dueNews(CHAT, EMPTY, { incidents, policies: [], now: T0 + 60_000 }).due;
  return messageOf([first!, ...others], 'prod');
}

function overAs(outcome: string, text = 'the node is Ready again'): KubeletIncident {
  const condition = {
    type: 'Complete',
    status: 'True',
    reason: outcome,
    message: text,
    lastTransitionTime: at(30_000),
  } as const;
  return anIncident({ status: { outcome, conditions: [condition] } });
}

/** All that a node, an agent or a person can write into an incident. */
const HOSTILE =
  '<!channel> <@U123> <https://evil.example|click> *bold* `code` ```fence``` &amp; \u202Egnp.exe\u2066 \u0007\u001b[31m\r\n\n# title ' +
  'password=hunter2hunter2 Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345 ' +
  '\u{1F600}'.repeat(2_000);

function hostile(): KubeletIncident {
  const incident = overAs('HandedOver', HOSTILE);
  const { spec } = incident;
  return {
    ...incident,
    spec: { ...spec, nodeName: HOSTILE, trigger: { ...spec.trigger, message: HOSTILE } },
    metadata: { ...incident.metadata, name: 'x; rm -rf /' },
    status: {
      ...incident.status,
      action: HOSTILE,
      diagnosis: {
        cause: HOSTILE,
        class: 'Unknown',
        confidence: 'Low',
        summary: HOSTILE,
        restartKubelet: 'Unknown',
        restartRuntime: 'Unknown',
        recommendation: HOSTILE,
        references: [],
        evidence: [],
      },
    },
  };
}

/** Every text in a body. */
function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

interface SlackShape {
  readonly text: string;
  readonly blocks: readonly {
    readonly type: string;
    readonly text: { readonly type: string; readonly text: string };
  }[];
}

describe('an end', () => {
  test.each([
    ['Recovered', 'it is over', 'info'],
    ['NodeGone', 'it is over', 'info'],
    ['Outdated', 'closed, and the node was not seen to be well', 'warning'],
    ['Rejected', 'closed, and the node was not seen to be well', 'warning'],
  ] as const)('as %s says how the node is', (outcome, words, severity) => {
    const said = message([overAs(outcome)]);
    expect(said.title).toContain(words);
    expect(said).toMatchObject({ severity, isOver: true });
  });

  test('of many nodes for a person is an alert of its own, and no older one takes it', () => {
    const storm = (name: string): Message =>
      message(
        [0, 1, 2].map((at) => ({
          ...overAs('HandedOver'),
          ...anIncident({ name: `${name}-${String(at)}` }),
          status: overAs('HandedOver').status,
        })),
      );
    expect(storm('monday').alertKey).not.toBe(storm('sunday').alertKey);
    expect(storm('monday').alertKey).toBe(storm('monday').alertKey);
  });
});

describe('PagerDuty', () => {
  test('is sent a trigger with all fields that it requires', () => {
    const incident = anIncident();
    expect(pagerDutyBody(message([incident]), ROUTING_KEY)).toEqual({
      routing_key: ROUTING_KEY,
      event_action: 'trigger',
      dedup_key: `kubelet-medic/prod/${incident.metadata.uid}`,
      client: 'kubelet-medic',
      payload: {
        summary: 'prod: node-a: the kubelet is in trouble',
        source: 'node-a',
        severity: 'error',
        timestamp: '2026-11-24T10:00:00.000Z',
        component: 'kubelet',
        group: 'default',
        class: 'Opened',
        custom_details: {
          Seen: 'PLEGUnhealthy: PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s',
          commands: ['kubectl medic show node-a-x7k2q'],
          count: 1,
          incidents: ['node-a-x7k2q'],
        },
      },
    });
  });

  test('is sent a resolve with the key of the trigger, and nothing else', () => {
    expect(pagerDutyBody(message([overAs('Recovered')]), ROUTING_KEY)).toEqual({
      routing_key: ROUTING_KEY,
      event_action: 'resolve',
      dedup_key: 'kubelet-medic/prod/uid-node-a-x7k2q',
    });
  });

  test('is sent nothing beyond its limits', () => {
    const body = pagerDutyBody(message([hostile()]), ROUTING_KEY) as {
      readonly dedup_key: string;
      readonly payload: { readonly summary: string; readonly source: string };
    };
    expect(body.dedup_key.length).toBeLessThanOrEqual(255);
    expect(body.payload.summary.length).toBeLessThanOrEqual(1_024);
    expect(JSON.stringify(body).length).toBeLessThan(512 * 1024);
  });
});

describe('Slack', () => {
  test('is sent plain texts, and the command to paste', () => {
    const step = { name: 'hold', type: 'Hold', state: 'Requested', startedAt: at(5_000) } as const;
    const body = slackBody(message([anIncident({ status: { steps: [step] } })])) as SlackShape;
    expect(body.text).toBe('[?] prod: node-a: held as it is: a person decides');
    expect(body.blocks.map(({ type, text }) => `${type} ${text.type}`)).toEqual([
      'header plain_text',
      'section plain_text',
      'section mrkdwn',
    ]);
    expect(body.blocks[2]?.text.text).toBe('```kubectl medic approve node-a-x7k2q```');
  });

  test('is sent nothing that it would obey, and nothing beyond its limits', () => {
    const body = slackBody(message([hostile()])) as SlackShape;
    for (const text of texts(body)) expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(body.text.length).toBeLessThanOrEqual(4_000);
    expect(body.blocks[0]?.text.text.length).toBeLessThanOrEqual(150);
    expect(body.blocks[1]?.text.text.length).toBeLessThanOrEqual(3_000);
    // A name that no API server takes goes into no command.
    expect(body.blocks).toHaveLength(2);
  });
});

describe('each receiver', () => {
  test('is sent no control, no hidden character, no half of one, and no secret', () => {
    const hostileMessage = message([hostile()]);
    for (const body of [
      slackBody(hostileMessage),
      pagerDutyBody(hostileMessage, ROUTING_KEY),
      webhookBody(hostileMessage),
    ]) {
      for (const text of texts(body)) {
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(text).not.toMatch(/hunter2|abcdefghijklmnop/);
      }
    }
  });

  test('is told of a storm with the number, ten names and what they are', () => {
    const incidents = Array.from({ length: 500 }, (_, index) =>
      anIncident({ node: `node-${index}`, name: `node-${index}-aaaaa` }),
    );
    const storm = message(incidents);
    expect(storm.title).toBe('500 nodes have a kubelet in trouble, policy default');
    expect(storm.facts).toEqual({
      Nodes: `${Array.from({ length: 10 }, (_, index) => `node-${index}`).join(', ')}, ...`,
      Counts: 'PLEGUnhealthy 500',
    });
    expect(webhookBody(storm)).toMatchObject({ version: 1, event: 'Opened', count: 500, commands: ['kubectl get ki'] });
    expect(JSON.stringify(webhookBody(storm)).length).toBeLessThan(64 * 1024);
  });
});

describe('the webhook', () => {
  test('is sent the fields of docs/notifications.md', () => {
    expect(webhookBody(message([overAs('Recovered')]))).toEqual({
      version: 1,
      id: 'uid-node-a-x7k2q/Recovered',
      event: 'Recovered',
      severity: 'info',
      cluster: 'prod',
      policy: 'default',
      at: '2026-11-24T10:00:30.000Z',
      title: 'node-a: it is over (Recovered)',
      facts: {
        Seen: 'PLEGUnhealthy: PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s',
        End: 'the node is Ready again',
      },
      commands: ['kubectl medic show node-a-x7k2q'],
      count: 1,
      incidents: [
        {
          id: 'uid-node-a-x7k2q/Recovered',
          incident: 'node-a-x7k2q',
          node: 'node-a',
          trigger: 'PLEGUnhealthy',
          outcome: 'Recovered',
          openedAt: at(0),
        },
      ],
    });
  });
});

describe('inert text', () => {
  test('is cut between characters and entities', () => {
    expect(lineOf('ab\u{1F600}cdef', 6)).toBe('ab...');
    expect(slackText('a<b>c', 5)).toBe('a&lt;');
    expect(slackText('a<b>c', 4)).toBe('a');
  });
});

describe('an answer', () => {
  test.each([
    [200, undefined, { kind: 'sent' }],
    [202, undefined, { kind: 'sent' }],
    [400, undefined, { kind: 'refused', why: 'answered 400' }],
    [302, undefined, { kind: 'later', why: 'answered 302: redirects are not followed' }],
    [404, undefined, { kind: 'later', why: 'answered 404' }],
    [500, undefined, { kind: 'later', why: 'answered 500' }],
    [429, '30', { kind: 'later', why: 'answered 429', afterMs: 30_000 }],
    [429, '999999999', { kind: 'later', why: 'answered 429', afterMs: 3_600_000 }],
    [429, '-5', { kind: 'later', why: 'answered 429' }],
    [429, 'soon', { kind: 'later', why: 'answered 429' }],
    [503, 'Tue, 24 Nov 2026 10:00:20 GMT', { kind: 'later', why: 'answered 503', afterMs: 20_000 }],
    [503, 'Tue, 24 Nov 2020 10:00:20 GMT', { kind: 'later', why: 'answered 503' }],
  ])('of %d with Retry-After %s', (status, retryAfter, verdict) => {
    expect(verdictOf(status, retryAfter, T0)).toEqual(verdict);
  });
});

describe('settings', () => {
  test.each([
    ['{', 'it is no JSON'],
    ['{"cluster":"","receivers":[{"name":"a","type":"Email","secretKey":"k"}]}', 'type'],
    ['{"cluster":"","receivers":[{"name":"a","type":"Slack","secretKey":"../token"}]}', 'secretKey'],
    ['{"cluster":"","receivers":[{"name":"a","type":"Slack","secretKey":"k","url":"http://x"}]}', 'url'],
  ])('%s are refused with the field', (text, field) => {
    expect(readSettings(text)).toContain(field);
  });

  test('with one name twice are refused', () => {
    const settings = { cluster: '', receivers: [CHAT, CHAT] };
    expect(readSettings(JSON.stringify(settings))).toContain('a name of its own');
  });
});
