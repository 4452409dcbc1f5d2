/** Pages that listen, by server-sent events. What is kept for one that does not read is bounded. */
import type { Clock } from '../../ports/clock.ts';
import type { LocalStream } from '../../ports/local-http.ts';

type EventName = 'whole' | 'change' | 'pulse';

export interface Streams {
  /** Whether there is room for one more. */
  hasRoom(): boolean;
  /** Told of the whole state, and from then on of each change. */
  readonly open: (stream: LocalStream) => void;
  change(text: string): void;
  pulse(text: string): void;
  count(): number;
}

export const STREAM_BOUNDS = {
  /** A browser opens six at most on one server. */
  streams: 8,
  /** Beyond it a stream gets no changes, but the whole state once it has taken what is there. */
  pendingBytes: 1_048_576,
  /** Who has not taken anything for so long is cut, and may come again. */
  behindMs: 20_000,
} as const;

interface Listener {
  readonly stream: LocalStream;
  /** On the monotonic clock; undefined: it has all changes so far. */
  behindSince: number | undefined;
}

/** HTML: a line that ends an event is an empty one, so the data has no line ends; JSON has none. */
function eventText(name: EventName, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** @param whole the state as one JSON text. */
export function createStreams(clock: Pick<Clock, 'monotonic'>, whole: () => string): Streams {
  const listeners = new Set<Listener>();

  function send(name: EventName, data: string): void {
    const text = eventText(name, data);
    for (const listener of [...listeners]) offer(listener, name, text);
  }

  function offer(listener: Listener, name: EventName, text: string): void {
    const { stream } = listener;
    const pending = stream.pendingBytes();
    if (listener.behindSince !== undefined) {
      if (pending === 0) {
        listener.behindSince = undefined;
        stream.write(eventText('whole', whole()));
      } else if (clock.monotonic() - listener.behindSince > STREAM_BOUNDS.behindMs) stream.cut();
    } else if (pending <= STREAM_BOUNDS.pendingBytes) stream.write(text);
    // A pulse that is missed says nothing that the next one does not.
    else if (name === 'change') listener.behindSince = clock.monotonic();
  }

  return {
    hasRoom: () => listeners.size < STREAM_BOUNDS.streams,
    open(stream): void {
      const listener: Listener = { stream, behindSince: undefined };
      listeners.add(listener);
      stream.onEnd(() => {
        listeners.delete(listener);
      });
      stream.write(eventText('whole', whole()));
    },
    change: (text) => {
      send('change', text);
    },
    pulse: (text) => {
      send('pulse', text);
    },
    count: () => listeners.size,
  };
}
