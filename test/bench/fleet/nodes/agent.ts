/**
 * An agent of which only the host is simulated: it reports by the product's own rules, and carries out steps with the
 * product's own code. What it watches comes from one watch that all agents of the process share.
 */
import { createPublisher } from '../../../../src/agent/health/publish-health.ts';
import { createObservationBoard, type ObservationBoard } from '../../../../src/agent/health/observation.ts';
import type { Requests } from '../../../../src/agent/requests.ts';
import { runLane } from '../../../../src/agent/run-steps.ts';
import type { World } from '../../../../src/agent/world.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import { createWakeUp } from '../../../../src/runtime/wake-up.ts';
import { createMutex } from '../../../../src/runtime/mutex.ts';
import { smallDumps } from '../../../support/host/small-dumps.ts';
import { startSimulatedHost, type SimulatedHost } from '../../../support/host/simulated-host.ts';
import { realClock, realRandom } from '../../../support/real-time.ts';
import { illPleg, postWell, wellPleg } from './ailment.ts';

/** A wait that is longer is one between two heartbeats. */
const LONG_MS = 5_000;

/**
 * A clock of an agent that has run for long: of its first long wait a part by chance is over already. Otherwise all agents
 * of a process that has just started would report together, and none for the time of one heartbeat.
 */
function clockOfOld(): Clock {
  let aheadMs = 0;
  let firstEndsAt = Number.NaN;
  return {
    now: () => realClock.now(),
    monotonic: () => realClock.monotonic() + aheadMs,
    sleep: async (ms, signal) => {
      const now = realClock.monotonic();
      if (ms > LONG_MS && aheadMs === 0) {
        aheadMs = Math.random() * ms;
        firstEndsAt = now + ms - aheadMs;
      }
      // A wait that is cut short by a wake-up is taken up again until its end.
      const leftMs = ms > LONG_MS && firstEndsAt > now ? Math.min(ms, firstEndsAt - now) : ms;
      await realClock.sleep(leftMs, signal);
    },
  };
}

export interface SimulatedAgent {
  readonly isIll: boolean;
  fallIll(): void;
  getWell(): void;
  /** An incident of its node is there: from now on it carries out steps. */
  work(): void;
}

const DUMPS = smallDumps();

/** @param healthy the host of all nodes that are well: nothing is done to it. */
export function startAgentOn(
  world: Omit<World, 'host' | 'clock' | 'random'>,
  {
    requests,
    healthy,
    signal,
  }: { readonly requests: Requests; readonly healthy: SimulatedHost; readonly signal: AbortSignal },
): SimulatedAgent {
  const clock = clockOfOld();
  const own: World = { ...world, clock, random: realRandom, host: healthy.host };
  const board = createObservationBoard(Date.now());
  postWell(board, healthy, clock.monotonic());
  const publisher = createPublisher(own, board, requests);
  publisher.run(signal).catch(ignore);
  let lanes: SimulatedHost | undefined;
  let isIll = false;
  return {
    get isIll(): boolean {
      return isIll;
    },
    fallIll(): void {
      isIll = true;
      board.post(illPleg(Date.now()));
    },
    getWell(): void {
      isIll = false;
      board.post(wellPleg(Date.now()));
    },
    work(): void {
      lanes ??= startLanes(own, { board, requests, signal });
    },
  };
}

function ignore(): void {
  // It ends with its signal.
}

function startLanes(
  own: World,
  {
    board,
    requests,
    signal,
  }: { readonly board: ObservationBoard; readonly requests: Requests; readonly signal: AbortSignal },
): SimulatedHost {
  const { node, clock, random } = own;
  const fault = { kind: 'runtime-hung', afterMs: 0 } as const;
  const sim = startSimulatedHost({ node, clock, random, dumps: DUMPS, fault }, signal);
  const world: World = { ...own, host: sim.host };
  const parts = { world, board, requests, hostWakeUp: createWakeUp(clock), mutex: createMutex() };
  for (const lane of ['acts', 'captures'] as const) runLane(lane, parts, signal).catch(ignore);
  return sim;
}
