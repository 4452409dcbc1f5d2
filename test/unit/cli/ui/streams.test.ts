/** Pages that listen: what is kept for one that does not read. */
import { expect, test } from '@jest/globals';
import { createStreams, STREAM_BOUNDS, type Streams } from '../../../../src/cli/ui/streams.ts';
import { createFakeClock, type FakeClock } from '../../../support/clock.ts';

interface Reader {
  readonly events: string[];
  readonly stream: Parameters<Streams['open']>[0];
  /** Takes what is there. */
  read(): void;
  pending: number;
  isCut: boolean;
}

function aReader(isSlow = false): Reader {
  let end: () => void = () => undefined;
  const reader: Reader = {
    events: [],
    pending: 0,
    isCut: false,
    read(): void {
      reader.pending = 0;
    },
    stream: {
      write(text): void {
        reader.events.push(
          ...[...text.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].map(
            ([, name, data]) => `${name ?? ''} ${data ?? ''}`,
          ),
        );
        if (isSlow) reader.pending += text.length;
      },
      pendingBytes: () => reader.pending,
      cut(): void {
        reader.isCut = true;
        end();
      },
      onEnd(listener): void {
        end = listener;
      },
    },
  };
  return reader;
}

function aHub(clock: FakeClock = createFakeClock()): Streams {
  let version = 0;
  return createStreams(clock, () => `v${String((version += 1))}`);
}

test('tells the whole at first, then each change and each pulse', () => {
  const hub = aHub();
  const [first, second] = [aReader(), aReader()];
  hub.open(first.stream);
  hub.change('a');
  hub.open(second.stream);
  hub.pulse('p');
  expect(first.events).toEqual(['whole v1', 'change a', 'pulse p']);
  expect(second.events).toEqual(['whole v2', 'pulse p']);
});

test('keeps no more for one that does not read than the bound and one change, and gives it the whole later', () => {
  const hub = aHub();
  const [slow, quick] = [aReader(true), aReader()];
  hub.open(slow.stream);
  hub.open(quick.stream);
  const change = 'x'.repeat(200_000);
  for (let n = 0; n < 50; n++) hub.change(change);
  expect(slow.pending).toBeLessThan(STREAM_BOUNDS.pendingBytes + 2 * change.length);
  expect(quick.events).toHaveLength(51);
  slow.read();
  hub.change('late');
  // It has missed changes, so one more would tell it nothing.
  expect(slow.events.at(-1)).toMatch(/^whole /);
  hub.change('next');
  expect(slow.events.at(-1)).toBe('change next');
});

test('cuts one that has read nothing for a while, and has room for another', async () => {
  const clock = createFakeClock();
  const hub = aHub(clock);
  const slow = aReader(true);
  hub.open(slow.stream);
  for (let n = 0; n < 10; n++) hub.change('x'.repeat(200_000));
  hub.pulse('p');
  expect(slow.isCut).toBe(false);
  await clock.advance(STREAM_BOUNDS.behindMs + 1);
  hub.pulse('p');
  expect(slow.isCut).toBe(true);
  expect(hub.count()).toBe(0);
});

test('has room for so many and no more', () => {
  const hub = aHub();
  const readers = Array.from({ length: STREAM_BOUNDS.streams }, () => aReader());
  for (const { stream } of readers) hub.open(stream);
  expect(hub.hasRoom()).toBe(false);
  readers[0]?.stream.cut();
  expect(hub.hasRoom()).toBe(true);
});
