/** The simulated host, on which the agent's tests stand, keeps the same contract as the real adapters. */
import { createJournal } from '../../support/host/journal.ts';
import { createMemoryDisk } from '../../support/host/memory-store.ts';
import { logContract, spoolContract, stateContract } from '../../contract/host-contract.ts';
import { REAL_CLOCK } from './real-clock.ts';

const nothing = (): Promise<void> => Promise.resolve();

spoolContract('the simulated host', async () => {
  const { spool } = createMemoryDisk(REAL_CLOCK, 1000);
  return { spool, reopen: () => spool, dispose: nothing };
});

stateContract('the simulated host', async () => {
  const { state } = createMemoryDisk(REAL_CLOCK, 1000);
  return { state, reopen: () => state, dispose: nothing };
});

logContract('the simulated host', async () => {
  const journal = createJournal(REAL_CLOCK);
  return {
    log: journal.source,
    async append(...lines): Promise<void> {
      for (const line of lines) journal.write(line);
    },
    now: () => Date.now(),
    dispose: nothing,
  };
});
