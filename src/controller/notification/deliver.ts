/** One message to one receiver. What is returned and logged never has a secret, an address or the receiver's own words. */
import { verdictOf, type Verdict } from '../../core/notification/answer.ts';
import type { Message } from '../../core/notification/message.ts';
import { PAGERDUTY_URL, pagerDutyBody } from '../../core/notification/pagerduty.ts';
import type { Receiver } from '../../core/notification/receiver.ts';
import { slackBody } from '../../core/notification/slack.ts';
import { webhookBody } from '../../core/notification/webhook.ts';
import type { Clock } from '../../ports/clock.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { PostRequest } from '../../ports/outbound.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import type { Outside } from './notifications.ts';

export interface Deliverer extends Outside {
  readonly clock: Clock;
}

/** Of one try, in milliseconds. */
const DEADLINE_MS = 10_000;

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const MAX_URL = 4_096;
/** PagerDuty: 32 letters and digits. */
const ROUTING_KEY = /^[0-9A-Za-z]{1,64}$/;
/** RFC 6750. */
const TOKEN = /^[-0-9A-Za-z._~+/=]{1,8192}$/;

/** Why nothing could be sent; its text is ours. */
class Unready extends Error {}

async function secretOf({ secret }: Outside, key: string): Promise<string> {
  const text = await secret(key);
  if (text === undefined || text.trim() === '') throw new Unready(`the Secret has no key ${key}`);
  return text.trim();
}

/** TLS to everybody but the pod itself. */
function urlOf(text: string, key: string): URL {
  // The error of the constructor has the text in it.
  const url = text.length <= MAX_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new Unready(`the key ${key} of the Secret is no URL`);
  if (url.username !== '' || url.password !== '')
    throw new Unready(`the key ${key} of the Secret has a password in its URL: use tokenKey`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
    throw new Unready(`the key ${key} of the Secret is no https URL`);
  return url;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'kubelet-medic' } as const;

async function toPagerDuty(outside: Deliverer, { secretKey, url }: Receiver, message: Message): Promise<PostRequest> {
  const key = await secretOf(outside, secretKey);
  if (!ROUTING_KEY.test(key)) throw new Unready(`the key ${secretKey} of the Secret is no routing key`);
  const body = JSON.stringify(pagerDutyBody(message, key));
  return { url: new URL(url ?? PAGERDUTY_URL), headers: JSON_TYPE, body };
}

async function toSlack(outside: Deliverer, { secretKey }: Receiver, message: Message): Promise<PostRequest> {
  const url = urlOf(await secretOf(outside, secretKey), secretKey);
  return { url, headers: JSON_TYPE, body: JSON.stringify(slackBody(message)) };
}

async function toWebhook(outside: Deliverer, receiver: Receiver, message: Message): Promise<PostRequest> {
  const { secretKey, tokenKey } = receiver;
  const url = urlOf(await secretOf(outside, secretKey), secretKey);
  const token = tokenKey === undefined ? undefined : await secretOf(outside, tokenKey);
  if (token !== undefined && !TOKEN.test(token))
    throw new Unready(`the key ${tokenKey ?? ''} of the Secret is no bearer token`);
  const headers = {
    ...JSON_TYPE,
    'idempotency-key': message.id,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return { url, headers, body: JSON.stringify(webhookBody(message)) };
}

const REQUESTS = { PagerDuty: toPagerDuty, Slack: toSlack, Webhook: toWebhook } as const;

async function send(outside: Deliverer, receiver: Receiver, message: Message, signal: AbortSignal): Promise<Verdict> {
  const request = await REQUESTS[receiver.type](outside, receiver, message);
  const ca = receiver.caKey === undefined ? {} : { ca: await secretOf(outside, receiver.caKey) };
  signal.throwIfAborted();
  const { status, retryAfter } = await outside.post({ ...request, ...ca }, signal);
  return verdictOf(status, retryAfter, outside.clock.now());
}

/** Takes 10 s at most. @throws the reason of the signal. */
export async function deliver(
  outside: Deliverer,
  receiver: Receiver,
  message: Message,
  signal: AbortSignal,
): Promise<Verdict> {
  const limit = { ms: DEADLINE_MS, code: 'E_NOTIFY_DEADLINE', what: 'the receiver' } as const;
  try {
    return await withDeadline(outside.clock, limit, signal, (inner) => send(outside, receiver, message, inner));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unready || isMedicError(error)) return { kind: 'later', why: error.message };
    throw error;
  }
}
