/**
 * PagerDuty, Events API v2 (developer.pagerduty.com: "Send an Alert Event"): `summary` has at most 1,024 characters, `dedup_key` 255.
 * Events with one key are one alert; to resolve one that is not open does nothing.
 */
import { cut } from './inert-text.ts';
import type { Message } from './message.ts';

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

const MAX_SUMMARY = 1_024;
const MAX_KEY = 255;
const CLIENT = 'kubelet-medic';

function alertKey({ cluster, alertKey: key }: Message): string {
  return cut(`${CLIENT}/${cluster}/${key}`, MAX_KEY);
}

/** The body of the POST. */
export function pagerDutyBody(message: Message, routingKey: string): unknown {
  const common = { routing_key: routingKey, dedup_key: alertKey(message) };
  if (message.isOver) return { ...common, event_action: 'resolve' };
  const { cluster, title, severity, at, policy, event, facts, commands, count, items } = message;
  const [first] = items;
  return {
    ...common,
    event_action: 'trigger',
    client: CLIENT,
    payload: {
      summary: cut(cluster === '' ? title : `${cluster}: ${title}`, MAX_SUMMARY),
      source: (count === 1 ? first?.node : undefined) ?? `policy ${policy}`,
      severity,
      timestamp: at,
      component: 'kubelet',
      group: policy,
      class: event,
      custom_details: {
        ...facts,
        commands,
        count,
        incidents: items.slice(0, 10).map(({ incident }) => incident),
      },
    },
  };
}
