/** Who is told, as `notifications.receivers` of the chart's values says it. No secret is here, only the names of keys of a Secret. */
import * as z from 'zod/mini';

/** What is told, in the order in which it may come. */
export const NotificationEvent = z.enum(['Opened', 'Held', 'HandedOver', 'Recovered', 'BreakerOpen', 'BreakerClosed']);
export type NotificationEvent = z.infer<typeof NotificationEvent>;

export const ReceiverType = z.enum(['PagerDuty', 'Slack', 'Webhook']);
export type ReceiverType = z.infer<typeof ReceiverType>;

/** Kubernetes: the keys of a Secret; none that leads out of a folder. */
const secretKey = z.string().check(z.regex(/^[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,252}$/));

export const Receiver = z.strictObject({
  name: z.string().check(z.regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)),
  type: ReceiverType,
  /** Slack, Webhook: its URL is there. PagerDuty: the routing key (integration key) is. */
  secretKey,
  /** Webhook: a bearer token is there. */
  tokenKey: z.optional(secretKey),
  /** Certificates in PEM are there that are trusted in place of the usual ones. */
  caKey: z.optional(secretKey),
  /** PagerDuty: where it is, if not https://events.pagerduty.com/v2/enqueue. */
  // Go's expressions repeat 1,000 times at most, and helm checks values with them.
  url: z.optional(z.string().check(z.regex(/^https:\/\/[^\s@]{1,1000}$/))),
  /** Absent: all. */
  events: z.optional(z.array(NotificationEvent).check(z.minLength(1))),
  /** Names of the policies whose nodes it is told of. Absent or empty: all. */
  policies: z.optional(z.array(z.string().check(z.minLength(1), z.maxLength(253)))),
});
export type Receiver = z.infer<typeof Receiver>;

/** What all of them were told has to fit into one object of 1 MiB (docs/adr/0016). */
const MOST_RECEIVERS = 8;

export const Receivers = z.array(Receiver).check(z.maxLength(MOST_RECEIVERS));

export const NotificationSettings = z.strictObject({
  /** What the cluster is called in messages. */
  cluster: z.string().check(z.maxLength(63)),
  receivers: Receivers.check(
    z.refine((receivers) => new Set(receivers.map(({ name }) => name)).size === receivers.length, {
      error: 'each receiver needs a name of its own',
    }),
  ),
});
export type NotificationSettings = z.infer<typeof NotificationSettings>;

export function isWanted({ events = [], policies = [] }: Receiver, event: NotificationEvent, policy: string): boolean {
  return (events.length === 0 || events.includes(event)) && (policies.length === 0 || policies.includes(policy));
}

/** @returns what is wrong with it, where it is none. */
export function readSettings(text: string): NotificationSettings | string {
  try {
    const { data, error } = NotificationSettings.safeParse(JSON.parse(text));
    return data ?? z.prettifyError(error);
  } catch {
    return 'it is no JSON';
  }
}
