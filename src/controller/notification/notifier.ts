/** Tells people. All of it is beside the recovery: it has its own loops, and no failure of it ends the controller. */
import { freshLedger } from '../../core/notification/ledger.ts';
import type { News } from '../../core/notification/news.ts';
import type { Receiver } from '../../core/notification/receiver.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { createWakeUp, type WakeUp } from '../../runtime/wake-up.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';
import { createLedgerStore, type LedgerStore } from './ledger-store.ts';
import { runReceiver, type ReceiverLoop } from './receiver-loop.ts';

export interface Notifier {
  /** Once all is in sync, until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

const BACKOFF = { firstMs: 1_000, longestMs: 300_000 };

type NotifierView = Pick<LocalView, 'incidents' | 'policies'>;

interface Told {
  readonly receiver: Receiver;
  readonly wakeUp: WakeUp;
}

/** Without receivers it does nothing. */
export function createNotifier(world: World, view: NotifierView): Notifier {
  const { notifications, clock, log, random } = world;
  if (notifications === undefined || notifications.receivers.length === 0) return { run: () => Promise.resolve() };
  const { receivers, namespace, cluster } = notifications;
  const outside = { ...notifications, clock };
  const all = receivers.map((receiver): Told => ({ receiver, wakeUp: createWakeUp(clock) }));
  const wake = (): void => {
    for (const { wakeUp } of all) wakeUp.wake();
  };
  view.incidents.onChange(wake);
  view.policies.onChange(wake);
  const news = (): News => ({ incidents: view.incidents.list(), policies: view.policies.list(), now: clock.now() });

  async function tell(store: LedgerStore, { receiver, wakeUp }: Told, signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        const known = store.of(receiver.name);
        const ledger = known ?? freshLedger(news().incidents);
        const save: ReceiverLoop['save'] = (next, end) => store.save(receiver.name, next, end);
        const isStored = known !== undefined;
        await runReceiver({ world, outside, receiver, cluster, news, wakeUp, ledger, isStored, save }, signal);
      } catch (err) {
        if (signal.aborted) return;
        log.error('A receiver is told nothing for a while: this is a bug', { receiver: receiver.name, err });
        await clock.sleep(backoffMs(failures, BACKOFF, random), signal);
      }
    }
  }

  return {
    run: async (signal) => {
      const names = receivers.map(({ name }) => name);
      const store = createLedgerStore(world, namespace, names);
      try {
        await store.load(signal);
        await Promise.all(all.map((one) => tell(store, one, signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
