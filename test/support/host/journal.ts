/** The kubelet log of a simulated host: kept with a bound, followed by a cursor. */
import type { Clock } from '../../../src/ports/clock.ts';
import type { LogRecord, LogSource } from '../../../src/ports/host.ts';
import { MedicError } from '../../../src/ports/errors.ts';

const MAX_LINES = 20_000;

export interface JournalLine {
  readonly at: number;
  readonly text: string;
}

export interface Journal {
  readonly source: LogSource;
  write(text: string): void;
  between(since: number, until: number): readonly JournalLine[];
  /** The source fails with this message until it is mended. */
  fail(message: string | undefined): void;
}

export function createJournal(clock: Clock): Journal {
  const lines: JournalLine[] = [];
  /** Number of the first line that is kept. */
  let first = 0;
  let broken: string | undefined;
  const wakers = new Set<() => void>();

  function wakeAll(): void {
    for (const wake of [...wakers]) wake();
  }

  async function news(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      function done(): void {
        wakers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      }
      wakers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
    signal.throwIfAborted();
  }

  function assertWell(): void {
    if (broken !== undefined) throw new MedicError('E_HOST_COMMAND', 'transient', broken);
  }

  async function* follow(
    from: { readonly cursor?: string; readonly since: number },
    signal: AbortSignal,
  ): AsyncGenerator<LogRecord> {
    assertWell();
    let next = startOf(from);
    if (next < first) {
      yield { kind: 'lost', lines: first - next, message: 'older lines are gone' };
      next = first;
    }
    let caughtUp = false;
    for (;;) {
      for (; next < first + lines.length; next++) {
        const line = lines[next - first];
        if (line !== undefined) yield { kind: 'line', ...line, cursor: String(next) };
      }
      if (!caughtUp) yield { kind: 'caught-up' };
      caughtUp = true;
      // A line that was written while the reader was busy has woken nobody.
      if (next === first + lines.length) await news(signal);
      assertWell();
    }
  }

  function startOf({ cursor, since }: { readonly cursor?: string; readonly since: number }): number {
    if (cursor !== undefined && /^\d+$/.test(cursor)) return Number(cursor) + 1;
    const index = lines.findIndex(({ at }) => at >= since);
    return first + (index === -1 ? lines.length : index);
  }

  return {
    source: { description: 'journald:kubelet.service', follow },
    write(text): void {
      lines.push({ at: clock.now(), text });
      if (lines.length > MAX_LINES) {
        lines.shift();
        first += 1;
      }
      wakeAll();
    },
    between: (since, until) => lines.filter(({ at }) => at >= since && at <= until),
    fail(message): void {
      broken = message;
      wakeAll();
    },
  };
}
