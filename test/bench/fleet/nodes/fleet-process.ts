/** The simulated nodes' process, from the bench's side. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../support/real-time.ts';
import type { FleetConfig, FleetState, Order } from './messages.ts';

export interface Fleet {
  tell(order: Order): void;
  /** Resolves when the nodes have begun with it: what `state` says from then on is of this breach. */
  breach(count: number, withinMs: number): Promise<void>;
  state(): FleetState;
  stop(): Promise<void>;
}

const NOTHING: FleetState = {
  reported: 0,
  breaches: 0,
  written: 0,
  openedMs: [],
  verdictMs: [],
  failures: 0,
  lastFailure: '',
  lagMs: 0,
};

export function startFleet(config: FleetConfig): Fleet {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = fork(main, [JSON.stringify(config)], { execArgv: ['--max-old-space-size=6144'] });
  let state = NOTHING;
  child.on('message', (message: FleetState) => {
    state = message;
  });
  const tell = (order: Order): void => void child.send(order);
  return {
    tell,
    async breach(count, withinMs): Promise<void> {
      const before = state.breaches;
      tell({ kind: 'breach', count, withinMs });
      await eventually('the breach begins', () => state.breaches > before);
    },
    state: () => state,
    async stop(): Promise<void> {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
