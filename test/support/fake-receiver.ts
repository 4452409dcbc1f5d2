/** A receiver of notifications on the other side of the port: what arrives there, and what it answers. */
import type { Notifications } from '../../src/controller/notification/notifications.ts';
import type { Receiver } from '../../src/core/notification/receiver.ts';
import type { PostAnswer, PostRequest } from '../../src/ports/outbound.ts';
import { isObject, textAt, type JsonObject } from './api-server/json.ts';

interface Arrived {
  readonly url: string;
  readonly body: JsonObject;
}

export interface FakeReceiver {
  readonly notifications: Notifications;
  readonly arrived: readonly Arrived[];
  /** `ACTION KEY` of PagerDuty's events, in order. */
  alerts(): readonly string[];
  /** Events of the webhook, in order. */
  events(): readonly string[];
  /** Called at each POST before it arrives; an answer in place of 202. */
  onPost(hook: ((request: PostRequest, signal: AbortSignal) => Promise<PostAnswer> | undefined) | undefined): void;
  /** Called when a POST has arrived, before it is answered. */
  onArrived(hook: (() => void) | undefined): void;
}

export const ROUTING_KEY = '0123456789abcdef0123456789abcdef';
export const PAGER: Receiver = { name: 'pager', type: 'PagerDuty', secretKey: 'routing-key' };
export const CHAT: Receiver = { name: 'chat', type: 'Slack', secretKey: 'slack-url' };
export const HOOK: Receiver = { name: 'hook', type: 'Webhook', secretKey: 'hook-url' };

const SECRETS: Readonly<Record<string, string>> = {
  'routing-key': ROUTING_KEY,
  'slack-url': 'https://hooks.slack.example/services/T000/B000/XXXXSECRETXXXX\n',
  'hook-url': 'https://hook.example/in?token=SECRETTOKEN',
};

export function createFakeReceiver(receivers: readonly Receiver[]): FakeReceiver {
  const arrived: Arrived[] = [];
  let hook: Parameters<FakeReceiver['onPost']>[0];
  let arrival: (() => void) | undefined;
  return {
    arrived,
    alerts: () =>
      arrived.flatMap(({ body }) => {
        const action = textAt(body, 'event_action');
        return action === undefined ? [] : [`${action} ${textAt(body, 'dedup_key') ?? ''}`];
      }),
    events: () => arrived.flatMap(({ body }) => textAt(body, 'event') ?? []),
    onPost: (next) => {
      hook = next;
    },
    onArrived: (next) => {
      arrival = next;
    },
    notifications: {
      cluster: 'prod',
      namespace: 'kubelet-medic',
      receivers: [...receivers],
      secret: async (key) => SECRETS[key],
      post: async (request, signal) => {
        const answer = hook?.(request, signal);
        if (answer !== undefined) return await answer;
        const body: unknown = JSON.parse(request.body);
        if (isObject(body)) arrived.push({ url: request.url.href, body });
        arrival?.();
        return { status: 202 };
      },
    },
  };
}
