/** Where it is remembered what was told: a ConfigMap, which the chart makes, with a key for each receiver (docs/adr/0016). */
import { CONFIG_MAPS } from '../../api/resources.ts';
import { CONTROLLER_MANAGER, NOTIFICATION_LEDGER } from '../../api/v1alpha1/words/names.ts';
import { parseLedger, type Ledger } from '../../core/notification/ledger.ts';
import { isMedicError } from '../../ports/errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { createMutex } from '../../runtime/mutex.ts';
import type { World } from '../world.ts';

export interface LedgerStore {
  /** Reads what is stored; tries until it has. @throws the signal's reason. */
  load(signal: AbortSignal): Promise<void>;
  /** As it was last read or saved; undefined: it was never told anything. */
  of(receiver: string): Ledger | undefined;
  /** @returns whether it is stored. @throws the signal's reason. */
  save(receiver: string, ledger: Ledger, signal: AbortSignal): Promise<boolean>;
}

const BACKOFF = { firstMs: 1_000, longestMs: 60_000 };

/** @param receivers those that there are: what others were told is forgotten. */
export function createLedgerStore(
  { cluster, clock, log, random }: Pick<World, 'cluster' | 'clock' | 'log' | 'random'>,
  namespace: string,
  receivers: readonly string[],
): LedgerStore {
  const ledgers = new Map<string, Ledger>();
  const mutex = createMutex();
  const name = NOTIFICATION_LEDGER;

  async function read(signal: AbortSignal): Promise<void> {
    const found = await cluster.get(CONFIG_MAPS, { name, namespace }, { signal });
    for (const receiver of receivers) {
      const text = found?.data[receiver];
      const ledger = text === undefined ? undefined : parseLedger(text);
      if (ledger !== undefined) ledgers.set(receiver, ledger);
      else if (text !== undefined) log.warn('What a receiver was told cannot be read, and is begun anew', { receiver });
    }
  }

  return {
    async load(signal) {
      for (let failures = 1; ; failures++) {
        try {
          await read(signal);
          return;
        } catch (err) {
          signal.throwIfAborted();
          if (!isMedicError(err)) throw err;
          log.warn('What receivers were told could not be read; nothing is told meanwhile', { err });
          await clock.sleep(backoffMs(failures, BACKOFF, random, err), signal);
        }
      }
    },
    of: (receiver) => ledgers.get(receiver),
    save: async (receiver, ledger, signal) => {
      ledgers.set(receiver, ledger);
      return await mutex(async () => {
        const data = Object.fromEntries([...ledgers].map(([key, value]) => [key, JSON.stringify(value)]));
        try {
          const manifest = { apiVersion: 'v1', kind: CONFIG_MAPS.kind, metadata: { name, namespace }, data };
          await cluster.apply(CONFIG_MAPS, manifest, { manager: CONTROLLER_MANAGER, force: true });
          return true;
        } catch (err) {
          signal.throwIfAborted();
          if (!isMedicError(err)) throw err;
          log.warn('What a receiver was told could not be stored: a crash now tells it again', { receiver, err });
          return false;
        }
      });
    },
  };
}
