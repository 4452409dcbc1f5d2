/** One message to each receiver, to see that keys, certificates and network policies are right. */
import { testMessage } from '../../core/notification/message.ts';
import type { Clock } from '../../ports/clock.ts';
import { deliver } from './deliver.ts';
import type { Notifications } from './notifications.ts';

interface TestOptions {
  readonly clock: Clock;
  readonly notifications: Notifications | undefined;
}

/** @returns the exit code: 1 where one did not take it, or there is none. */
export async function testReceivers(
  { clock, notifications }: TestOptions,
  print: (line: string) => void,
): Promise<number> {
  if (notifications === undefined || notifications.receivers.length === 0) {
    print('there are no receivers: set notifications.receivers');
    return 1;
  }
  const message = testMessage(notifications.cluster, clock.now());
  const { signal } = new AbortController();
  let failed = 0;
  for (const receiver of notifications.receivers) {
    const verdict = await deliver({ ...notifications, clock }, receiver, message, signal);
    if (verdict.kind !== 'sent') failed++;
    print(`${receiver.name} (${receiver.type}): ${verdict.kind === 'sent' ? 'taken' : verdict.why}`);
  }
  return failed === 0 ? 0 : 1;
}
