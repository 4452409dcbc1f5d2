/** The generic webhook: our own words as JSON (docs/notifications.md). Fields are added to it, and none is renamed. */
import type { Message } from './message.ts';

export function webhookBody(message: Message): unknown {
  const { id, event, severity, title, facts, commands, cluster, policy, at, count, items } = message;
  return { version: 1, id, event, severity, cluster, policy, at, title, facts, commands, count, incidents: items };
}
