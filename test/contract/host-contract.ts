/**
 * What every host must do, a fake one and the real adapters alike. Each part of the port has its own suite and a
 * driver, which brings about what the suite asks the host about.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogRecord, LogSource, RuntimeProbe, Spool, StateStore } from '../../src/ports/host.ts';

interface Disposable {
  dispose(): Promise<void>;
}

export interface SpoolDriver extends Disposable {
  /** With a bound of 1000 bytes, and nothing in it. */
  readonly spool: Spool;
  /** The same folder in another process. */
  reopen(): Spool;
}

export interface StateDriver extends Disposable {
  readonly state: StateStore;
  reopen(): StateStore;
}

export interface LogDriver extends Disposable {
  readonly log: LogSource;
  /** Appends lines to the log, written now. */
  append(...lines: readonly string[]): Promise<void>;
  /** Now, on the clock of the log. */
  now(): number;
}

export interface ProbeDriver extends Disposable {
  readonly probe: RuntimeProbe;
  answer(): Promise<void>;
  hang(): Promise<void>;
  goDown(): Promise<void>;
  fail(): Promise<void>;
}

const NONE: ReadonlySet<string> = new Set();

export function spoolContract(name: string, create: () => Promise<SpoolDriver>): void {
  describe(`the spool of ${name}`, () => {
    let driver: SpoolDriver;
    beforeEach(async () => {
      driver = await create();
    });
    afterEach(() => driver.dispose());

    test('gives back what was stored, also to the next process', async () => {
      await driver.spool.write('early-1', 'a.gz', Buffer.from([1, 0, 255]), NONE);
      expect(await driver.spool.read('early-1', 'a.gz')).toEqual(Buffer.from([1, 0, 255]));
      expect(await driver.reopen().read('early-1', 'a.gz')).toEqual(Buffer.from([1, 0, 255]));
    });

    test('reads a part of a file, nothing at its end, and nothing of a file that is not there', async () => {
      await driver.spool.write('early-1', 'a.gz', Buffer.from([1, 0, 255, 7]), NONE);
      expect(await driver.spool.readPart('early-1', 'a.gz', 1, 2)).toEqual(Buffer.from([0, 255]));
      expect(await driver.spool.readPart('early-1', 'a.gz', 3, 9)).toEqual(Buffer.from([7]));
      expect(await driver.spool.readPart('early-1', 'a.gz', 4, 9)).toEqual(Buffer.alloc(0));
      expect(await driver.spool.readPart('early-1', 'b.gz', 0, 9)).toBeUndefined();
    });

    test('has nothing of what was not stored', async () => {
      expect(await driver.spool.read('early-1', 'a.gz')).toBeUndefined();
      expect(await driver.spool.list()).toEqual([]);
      expect(await driver.spool.usage()).toEqual({ usedBytes: 0, limitBytes: 1000 });
    });

    test('lists bundles with their files and sizes, the oldest first', async () => {
      await driver.spool.write('b', 'x', Buffer.alloc(10), NONE);
      await pause();
      await driver.spool.write('a', 'y', Buffer.alloc(20), NONE);
      await driver.spool.write('a', 'x', Buffer.alloc(5), NONE);
      expect(await driver.spool.list()).toEqual([
        { bundle: 'b', bytes: 10, files: ['x'] },
        { bundle: 'a', bytes: 25, files: ['x', 'y'] },
      ]);
      expect(await driver.spool.usage()).toEqual({ usedBytes: 35, limitBytes: 1000 });
    });

    test('counts a file that is written again once', async () => {
      await driver.spool.write('a', 'x', Buffer.alloc(900), NONE);
      await driver.spool.write('a', 'x', Buffer.alloc(950), NONE);
      expect((await driver.spool.usage()).usedBytes).toBe(950);
    });

    test('makes room by removing the oldest bundles, but none that is to be kept', async () => {
      await driver.spool.write('kept', 'x', Buffer.alloc(300), NONE);
      await pause();
      await driver.spool.write('old', 'x', Buffer.alloc(300), NONE);
      await pause();
      await driver.spool.write('newer', 'x', Buffer.alloc(300), NONE);
      await pause();
      await driver.spool.write('new', 'x', Buffer.alloc(300), new Set(['kept']));
      expect((await driver.spool.list()).map(({ bundle }) => bundle)).toEqual(['kept', 'newer', 'new']);
    });

    test('is full when all that is there is to be kept', async () => {
      await driver.spool.write('kept', 'x', Buffer.alloc(800), NONE);
      const write = driver.spool.write('new', 'x', Buffer.alloc(300), new Set(['kept']));
      await expect(write).rejects.toMatchObject({ code: 'E_SPOOL_FULL' });
      expect(await driver.spool.read('kept', 'x')).toHaveLength(800);
    });

    test('is full for what is larger than its bound', async () => {
      const write = driver.spool.write('new', 'x', Buffer.alloc(1001), NONE);
      await expect(write).rejects.toMatchObject({ code: 'E_SPOOL_FULL' });
    });

    test('renames a bundle, but never onto one that exists', async () => {
      await driver.spool.write('early', 'x', Buffer.from('1'), NONE);
      await driver.spool.rename('early', 'incident');
      expect(await driver.spool.read('incident', 'x')).toEqual(Buffer.from('1'));
      expect(await driver.spool.read('early', 'x')).toBeUndefined();
      await driver.spool.write('early', 'x', Buffer.from('2'), NONE);
      await expect(driver.spool.rename('early', 'incident')).rejects.toMatchObject({ code: 'E_SPOOL_IO' });
      expect(await driver.spool.read('incident', 'x')).toEqual(Buffer.from('1'));
    });

    test('removes a bundle; one that is not there is removed already', async () => {
      await driver.spool.write('a', 'x', Buffer.from('1'), NONE);
      await driver.spool.remove('a');
      await driver.spool.remove('a');
      expect(await driver.spool.list()).toEqual([]);
    });
  });
}

export function stateContract(name: string, create: () => Promise<StateDriver>): void {
  describe(`the state store of ${name}`, () => {
    let driver: StateDriver;
    beforeEach(async () => {
      driver = await create();
    });
    afterEach(() => driver.dispose());

    test('has nothing under a key that was never written', async () => {
      expect(await driver.state.read('watch')).toBeUndefined();
    });

    test('gives back the last value, also to the next process', async () => {
      await driver.state.write('watch', 'one');
      await driver.state.write('watch', 'two \u20ac');
      await driver.state.write('other', '');
      expect(await driver.state.read('watch')).toBe('two \u20ac');
      expect(await driver.reopen().read('watch')).toBe('two \u20ac');
      expect(await driver.state.read('other')).toBe('');
    });

    test('of writes at the same time the last one wins', async () => {
      await Promise.all(['1', '2', '3', '4'].map((value) => driver.state.write('watch', value)));
      expect(await driver.state.read('watch')).toBe('4');
    });
  });
}

export function logContract(name: string, create: () => Promise<LogDriver>): void {
  describe(`the log of ${name}`, () => {
    let driver: LogDriver;
    let stop: AbortController;
    beforeEach(async () => {
      driver = await create();
      stop = new AbortController();
    });
    afterEach(async () => {
      stop.abort();
      for (const records of open.splice(0)) await records.return?.();
      await driver.dispose();
    });

    test('gives what is there in order, says where that ends, and then what comes', async () => {
      const since = driver.now() - 1000;
      await driver.append('one', 'two');
      const reader = follow(driver.log, { since }, stop.signal);
      expect(await reader.take(3)).toEqual(['one', 'two', 'caught-up']);
      await driver.append('three');
      expect(await reader.take(1)).toEqual(['three']);
    });

    test('goes on after a cursor, without loss and without repeats', async () => {
      const since = driver.now() - 1000;
      await driver.append('one', 'two', 'three');
      const first = follow(driver.log, { since }, stop.signal);
      const records = await first.records(2);
      const cursor = records.flatMap((record) => (record.kind === 'line' ? [record.cursor] : [])).at(-1) ?? '';
      const second = follow(driver.log, { since, cursor }, stop.signal);
      expect(await second.take(2)).toEqual(['three', 'caught-up']);
      await driver.append('four');
      expect(await second.take(1)).toEqual(['four']);
    });

    test('begins at the time where the cursor is of another log', async () => {
      const since = driver.now() - 1000;
      await driver.append('one');
      const reader = follow(driver.log, { since, cursor: 'no such cursor' }, stop.signal);
      const texts = await reader.take(2);
      expect(texts.filter((text) => text !== 'lost')).toContain('one');
    });

    test('says when a line was written', async () => {
      const before = driver.now();
      await driver.append('one');
      const [record] = await follow(driver.log, { since: before - 1000 }, stop.signal).records(1);
      expect(record).toMatchObject({ kind: 'line' });
      if (record?.kind === 'line') expect(Math.abs(record.at - before)).toBeLessThan(60_000);
    });

    test('ends with the signal', async () => {
      const reader = follow(driver.log, { since: driver.now() }, stop.signal);
      expect(await reader.take(1)).toEqual(['caught-up']);
      const ended = reader.end();
      stop.abort();
      await ended;
    });
  });
}

export function probeContract(name: string, create: () => Promise<ProbeDriver>): void {
  describe(`the CRI probe of ${name}`, () => {
    const never = new AbortController().signal;
    let driver: ProbeDriver;
    beforeEach(async () => {
      driver = await create();
    });
    afterEach(() => driver.dispose());

    test('says who answers', async () => {
      await driver.answer();
      const result = await driver.probe.probe(60_000, never);
      expect(result).toMatchObject({ state: 'Answered', runtimeName: 'containerd' });
      expect(result.latencyMs).toBeGreaterThanOrEqual(0);
    });

    test('says Timeout of a runtime that takes connections and does not answer', async () => {
      await driver.hang();
      expect(await driver.probe.probe(300, never)).toMatchObject({ state: 'Timeout' });
    });

    test('says Unavailable where nobody takes connections', async () => {
      await driver.goDown();
      expect(await driver.probe.probe(60_000, never)).toMatchObject({ state: 'Unavailable' });
    });

    test('says Error of an answer that is one, with its words', async () => {
      await driver.fail();
      const result = await driver.probe.probe(60_000, never);
      expect(result.state).toBe('Error');
      expect(result.message).not.toBe('');
    });

    test('sees at once that a runtime is well again', async () => {
      await driver.hang();
      await driver.probe.probe(200, never);
      await driver.answer();
      expect(await driver.probe.probe(60_000, never)).toMatchObject({ state: 'Answered' });
    });

    test('never throws, and knows nothing when it was called off', async () => {
      await driver.hang();
      const result = await driver.probe.probe(60_000, AbortSignal.timeout(50));
      expect(result.state).toBe('Unknown');
    });
  });
}

/** What the tests follow; an iterator that nobody ends keeps its file open. */
const open: AsyncIterator<LogRecord>[] = [];

interface Reader {
  records(count: number): Promise<readonly LogRecord[]>;
  /** Texts of lines, kinds of all else. */
  take(count: number): Promise<readonly string[]>;
  /** Resolves when the log has ended, in whatever way. */
  end(): Promise<void>;
}

function follow(
  log: LogSource,
  from: { readonly since: number; readonly cursor?: string },
  signal: AbortSignal,
): Reader {
  const iterator = log.follow(from, signal)[Symbol.asyncIterator]();
  open.push(iterator);
  async function records(count: number): Promise<readonly LogRecord[]> {
    const found: LogRecord[] = [];
    while (found.length < count) {
      const next = await iterator.next();
      if (next.done === true) break;
      found.push(next.value);
    }
    return found;
  }
  return {
    records,
    take: async (count) => (await records(count)).map((record) => (record.kind === 'line' ? record.text : record.kind)),
    async end(): Promise<void> {
      try {
        while ((await iterator.next()).done !== true);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

/** File systems tell times to a few milliseconds. */
async function pause(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
}
