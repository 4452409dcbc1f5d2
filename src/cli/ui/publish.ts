/** Follows the fleet and tells the pages that listen what has changed. */
import type { Session } from '../session.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { openLiveFleet, type LiveFleet } from './live-fleet.ts';
import { pageState, type PageState } from './page-state.ts';
import { createStreams, type Streams } from './streams.ts';
import type { Cell, ChangeMessage, PulseMessage, WholeMessage } from './wire.ts';

export interface Publisher {
  readonly streams: Streams;
  /** Until the signal. @throws `MedicError` where the API server is away for good. */
  run(): Promise<void>;
}

/** Times go on also where nothing changes: an agent falls silent. */
const LOOK_MS = 10_000;
/** Between two looks, at least. */
const PACE_MS = 1_000;
/** A look may take a fifth of the time, however big the fleet. */
const SHARE = 4;
const PULSE_MS = 5_000;

/** @throws as `openLiveFleet` does. */
export async function openPublisher(
  session: Session,
  about: WholeMessage['about'],
  signal: AbortSignal,
): Promise<Publisher> {
  const { clock } = session;
  const wakeUp = createWakeUp(clock);
  const live = await openLiveFleet(session, wakeUp.wake, signal);
  let state = look(live);
  let version = 1;
  let link = live.link();
  let text: string | undefined;
  const streams = createStreams(clock, () => {
    text ??= wholeText();
    return text;
  });

  function wholeText(): string {
    const cells = [...state.cells.values()];
    const message: WholeMessage = { version, now: state.now, cells, rest: state.rest, link, about };
    return JSON.stringify(message);
  }

  function lookAgain(): void {
    // What was seen last stays as it was seen: a clock that goes on alone would make all agents silent.
    if (live.link().kind === 'lost') return;
    const next = look(live);
    const change = changeOf(state, next, version + 1);
    state = next;
    text = undefined;
    if (change === undefined) return;
    version += 1;
    streams.change(JSON.stringify(change));
  }

  function pulse(): void {
    text = undefined;
    const wasLost = link.kind === 'lost';
    link = live.link();
    // What was missed comes before the word that all is of now again.
    if (wasLost && link.kind === 'live') lookAgain();
    const message: PulseMessage = { version, now: state.now, link };
    streams.pulse(JSON.stringify(message));
  }

  async function keepLooking(): Promise<void> {
    for (;;) {
      await wakeUp.wait(LOOK_MS, signal);
      const startedAt = clock.monotonic();
      lookAgain();
      pulse();
      await clock.sleep(Math.max(PACE_MS, SHARE * (clock.monotonic() - startedAt)), signal);
    }
  }

  async function keepPulsing(): Promise<void> {
    for (;;) {
      await clock.sleep(PULSE_MS, signal);
      pulse();
    }
  }

  return {
    streams,
    run: async () => {
      try {
        await Promise.race([live.keepAsking(), keepLooking(), keepPulsing()]);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

function look(live: LiveFleet): PageState {
  return pageState(live.read(), live.denials(), live.ended());
}

/** undefined: nothing that is shown has changed. */
export function changeOf(before: PageState, after: PageState, version: number): ChangeMessage | undefined {
  const set = [...after.cells.values()].filter((cell) => !isSame(before.cells.get(cell.name), cell));
  const gone = [...before.cells.keys()].filter((name) => !after.cells.has(name));
  if (set.length === 0 && gone.length === 0 && JSON.stringify(before.rest) === JSON.stringify(after.rest))
    return undefined;
  return { version, now: after.now, set, gone, rest: after.rest };
}

function isSame(before: Cell | undefined, after: Cell): boolean {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after);
}
