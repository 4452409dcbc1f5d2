/** How fast one program writes: a storm of incidents takes longer, and leaves the API server to others. */
import type { Clock } from '../ports/clock.ts';

/**
 * Within each in the order in which they come. `step`: what has begun goes on; of four turns that others wait for it leaves one.
 * `record`: what begins. `words`: what nobody waits for; it goes when there is room, and at last in its turn.
 */
export type Urgency = 'step' | 'record' | 'words';

export interface PaceBounds {
  readonly perSecond: number;
  /** After a quiet time so many go at once; words leave half of it to records. */
  readonly burst: number;
}

/** Resolves when the write may go. @throws the signal's reason. */
export type WritePace = (urgency: Urgency) => Promise<void>;

/** Of words that have waited for so long, in milliseconds, one goes after so many records: in a storm most have. */
const WORDS_WAIT_MS = 5_000;
const RECORDS_BETWEEN = 4;
/** So many steps go before a record does. */
const STEPS_BETWEEN = 3;

interface Waiter {
  readonly since: number;
  readonly go: () => void;
  readonly end: (reason: unknown) => void;
}

/** @param signal ends it: who waits is told. */
export function createWritePace(clock: Clock, { perSecond, burst }: PaceBounds, signal: AbortSignal): WritePace {
  const waiting: Readonly<Record<Urgency, Waiter[]>> = { step: [], record: [], words: [] };
  let tokens = burst;
  let filledAt = clock.monotonic();
  let isRunning = false;
  /** What went since words did. */
  let between = 0;
  /** Steps that went since a record did. */
  let steps = 0;

  function refill(now: number): void {
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1_000) * perSecond);
    filledAt = now;
  }

  function nextRecord(): Waiter | undefined {
    const { step, record } = waiting;
    const isStep = step.length > 0 && (record.length === 0 || steps < STEPS_BETWEEN);
    steps = isStep ? steps + 1 : 0;
    return isStep ? step.shift() : record.shift();
  }

  function next(now: number): Waiter | undefined {
    const { step, record, words } = waiting;
    const [first] = words;
    const isLate = first !== undefined && now - first.since >= WORDS_WAIT_MS;
    if (step.length + record.length > 0 && !(isLate && between >= RECORDS_BETWEEN)) {
      between += 1;
      return nextRecord();
    }
    between = 0;
    return isLate || tokens > burst / 2 ? words.shift() : undefined;
  }

  function grant(): void {
    const now = clock.monotonic();
    refill(now);
    while (tokens >= 1) {
      const waiter = next(now);
      if (waiter === undefined) return;
      tokens -= 1;
      waiter.go();
    }
  }

  const all = (): readonly Waiter[][] => Object.values(waiting);
  const isWaitedFor = (): boolean => all().some(({ length }) => length > 0);

  async function run(): Promise<void> {
    isRunning = true;
    try {
      while (isWaitedFor()) {
        await clock.sleep(1_000 / perSecond, signal);
        grant();
      }
    } catch (error) {
      for (const waiter of all().flatMap((row) => row.splice(0))) waiter.end(error);
    } finally {
      isRunning = false;
    }
  }

  return (urgency) =>
    new Promise((go, end) => {
      waiting[urgency].push({ since: clock.monotonic(), go, end });
      grant();
      if (!isRunning && isWaitedFor()) void run();
    });
}
