import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openEpisode } from '../../../src/core/detection/episodes.ts';
import { loadEpisodes, saveEpisodes } from '../../../src/core/detection/episodes-json.ts';
import { bench, breach, NEVER, START, stuck, T0 } from './episode-builders.ts';

describe('an episode', () => {
  test('opens at the first breach line, grows with each, and closes after 15 s without one', () => {
    const b = bench();
    stuck(b, 200, 260);
    expect(openEpisode(b.state())).toMatchObject({
      startedAt: T0 + 199_950,
      lines: 13,
      maxElapsedMs: 243_000,
      thresholdMs: 180_000,
    });
    b.runTo(274);
    expect(b.open()).toBe(true);
    b.runTo(275);
    expect(b.open()).toBe(false);
    expect(b.state().episodes[0]).toMatchObject({ endedAt: T0 + 275_000, lastLineAt: T0 + 259_950 });
  });

  test('does not close while the log cannot be read: no news is not good news', () => {
    const b = bench();
    stuck(b, 200, 210);
    b.runTo(400, { logCurrent: false });
    expect(b.open()).toBe(true);
    b.runTo(414);
    expect(b.open()).toBe(true);
    b.runTo(416);
    expect(b.open()).toBe(false);
  });

  test('does not close while the kubelet is stopped or dead', () => {
    const b = bench();
    stuck(b, 200, 210);
    b.runTo(600, { kubeletAlive: false });
    expect(b.open()).toBe(true);
  });

  test('closes when the kubelet is another process, and its last words open nothing', () => {
    const b = bench();
    b.send({ kind: 'kubelet', identity: 'a', startedAt: T0 });
    stuck(b, 200, 210);
    b.runTo(213);
    b.send({ kind: 'kubelet', identity: 'b', startedAt: T0 + 212_000 });
    expect(b.open()).toBe(false);
    b.lineOf(211, breach(194_000));
    expect(b.count()).toBe(1);
    expect(b.open()).toBe(false);
  });

  test('closes at the start line of the next kubelet process', () => {
    const b = bench();
    stuck(b, 200, 210);
    b.runTo(212);
    b.line(START);
    expect(b.open()).toBe(false);
  });

  test('that closed too early, for lines came late, is opened again by a line of the same relist', () => {
    const b = bench();
    stuck(b, 200, 210);
    b.runTo(240);
    expect(b.open()).toBe(false);
    b.line(breach(223_000));
    expect(b.count()).toBe(1);
    expect(b.open()).toBe(true);
  });

  test('a saw-tooth of two relists is two episodes', () => {
    const b = bench();
    stuck(b, 200, 260);
    b.runTo(400);
    stuck(b, 500, 560);
    expect(b.count()).toBe(2);
  });

  test('of a full event channel needs no elapsed time', () => {
    const b = bench();
    b.line({ kind: 'evented-full', events: 1000, otherReasons: [] });
    expect(b.open()).toBe(true);
    expect(b.state().episodes[0]?.maxElapsedMs).toBeUndefined();
  });

  test('is not opened by lines without a breach', () => {
    const b = bench();
    for (const kind of ['runtime-down', 'relist-failed', 'kubelet-start', 'none'] as const) b.line({ kind });
    expect(b.count()).toBe(0);
  });
});

describe('a log that is read late', () => {
  test('is split into episodes by the times of its lines', () => {
    const b = bench();
    b.runTo(3000);
    for (let s = 0; s < 60; s += 5) b.lineOf(200 + s, breach((183 + s) * 1000));
    for (let s = 0; s < 60; s += 5) b.lineOf(600 + s, breach((183 + s) * 1000));
    expect(b.count()).toBe(2);
    expect(b.state().episodes[0]?.endedAt).toBe(T0 + 270_000);
  });

  test('replayed after the close, opens nothing', () => {
    const b = bench();
    stuck(b, 200, 260);
    b.runTo(300);
    for (let s = 200; s <= 260; s += 5) b.lineOf(s - 0.05, breach((183 + s - 200) * 1000));
    b.lineOf(100, breach(183_000));
    expect(b.count()).toBe(1);
    expect(b.open()).toBe(false);
  });
});

describe('has yet to be successful', () => {
  test('is start-up for seconds', () => {
    const b = bench();
    for (let s = 0; s < 175; s += 5) {
      b.runTo(s);
      b.line(NEVER);
    }
    expect(b.count()).toBe(0);
  });

  test('is a breach after three minutes without a pause', () => {
    const b = bench();
    for (let s = 0; s <= 185; s += 5) {
      b.runTo(s);
      b.line(NEVER);
    }
    expect(b.count()).toBe(1);
    expect(b.open()).toBe(true);
  });

  test('in a crash loop is start-up again and again', () => {
    const b = bench();
    for (let s = 0; s < 1000; s += 10) {
      b.runTo(s);
      b.line(START);
      b.line(NEVER);
    }
    expect(b.count()).toBe(0);
  });

  test('is not made three minutes long by a jump of the clock, as at boot', () => {
    const b = bench();
    b.line(NEVER);
    b.setWallBy(86_400);
    b.runTo(5);
    b.line(NEVER);
    b.runTo(10);
    b.line(NEVER);
    expect(b.count()).toBe(0);
  });
});

describe('jumps of the wall clock', () => {
  test.each([3600, -3600, 10 * 86_400, -10 * 86_400])('by %d s in the middle of an episode leave it one', (jump) => {
    const b = bench();
    stuck(b, 200, 230);
    b.setWallBy(jump);
    stuck(b, 235, 300, 218);
    expect(b.count()).toBe(1);
    expect(b.open()).toBe(true);
    b.runTo(330);
    expect(b.open()).toBe(false);
  });

  test.each([3600, -3600])('by %d s between two episodes lose none', (jump) => {
    const b = bench();
    stuck(b, 200, 230);
    b.runTo(300);
    b.setWallBy(jump);
    stuck(b, 600, 630);
    expect(b.count()).toBe(2);
  });

  test('back: lines from before the step are not taken for new ones', () => {
    const b = bench();
    stuck(b, 200, 230);
    b.runTo(300);
    b.setWallBy(-3600);
    b.runTo(310);
    b.lineOf(240, breach(900_000));
    expect(b.count()).toBe(1);
  });
});

describe('a clock that was six hours ahead once, and is right again', () => {
  const SIX_HOURS = 6 * 3600;

  test('leaves no mark in the future, in the middle of an episode', () => {
    const b = bench();
    b.setWallBy(SIX_HOURS);
    stuck(b, 200, 230);
    b.setWallBy(-SIX_HOURS);
    b.runTo(232);
    expect(openEpisode(b.state())).toMatchObject({ startedAt: T0 + 200_000, lastLineAt: T0 + 230_000 });
    stuck(b, 235, 300, 218);
    expect(b.count()).toBe(1);
    expect(openEpisode(b.state())).toMatchObject({ startedAt: T0 + 200_000, lastLineAt: T0 + 299_950 });
  });

  test('leaves the distances between episodes as they were: they are no flapping', () => {
    const b = bench();
    stuck(b, 200, 230);
    b.setWallBy(SIX_HOURS);
    stuck(b, 4000, 4030);
    stuck(b, 8000, 8030);
    b.runTo(8100);
    b.setWallBy(-SIX_HOURS);
    stuck(b, 12_000, 12_030);
    const seconds = b.state().episodes.map(({ startedAt }) => Math.round((startedAt - T0) / 1000));
    expect(seconds).toEqual([200, 4000, 8000, 12_000]);
    expect(b.state().episodes.map(({ endedAt }) => endedAt !== undefined)).toEqual([true, true, true, false]);
  });

  test('is not known any more by the next agent: what is over then is forgotten, and what is open began now', () => {
    const b = bench();
    b.setWallBy(SIX_HOURS);
    stuck(b, 200, 230);
    b.runTo(4000);
    stuck(b, 4100, 4130);
    b.restartAgent(loadEpisodes(saveEpisodes(b.state())));
    b.setWallBy(-SIX_HOURS);
    b.runTo(4133, { logCurrent: false });
    stuck(b, 4135, 4200, 218);
    expect(b.count()).toBe(1);
    expect(openEpisode(b.state())?.startedAt).toBe(T0 + 4_131_000);
  });
});

describe('the stored state', () => {
  test('comes back, but for readings of the monotonic clock', () => {
    const b = bench();
    b.send({ kind: 'kubelet', identity: 'a', startedAt: T0 });
    stuck(b, 200, 260);
    b.runTo(400);
    stuck(b, 500, 520);
    const loaded = loadEpisodes(saveEpisodes(b.state()));
    expect(loaded).toEqual({ ...b.state(), seenAtMs: undefined, quietFromMs: undefined });
  });

  test('an episode that goes on over a restart of the agent stays one', () => {
    const b = bench();
    stuck(b, 200, 260);
    b.restartAgent(loadEpisodes(saveEpisodes(b.state())));
    b.runTo(320, { logCurrent: false });
    stuck(b, 325, 400, 308);
    expect(b.count()).toBe(1);
  });

  test('another relist after a restart of the agent is another episode', () => {
    const b = bench();
    stuck(b, 200, 260);
    b.restartAgent(loadEpisodes(saveEpisodes(b.state())));
    b.runTo(900, { logCurrent: false });
    b.line(breach(183_000));
    expect(b.count()).toBe(2);
  });

  test.each(['', '{', 'null', '[]', '{"version":2}', '{"version":1,"episodes":[{"startedAt":"x"}],"boundaryAt":1}'])(
    'of %j is a new start',
    (text) => {
      expect(loadEpisodes(text).episodes).toEqual([]);
    },
  );

  test('no text makes the loader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(loadEpisodes(text).episodes.length).toBeLessThanOrEqual(50);
      }),
    );
  });
});

describe('invariants', () => {
  test('n lines 5 s apart are one episode', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (n) => {
        const b = bench();
        stuck(b, 200, 200 + 5 * (n - 1));
        expect(b.count()).toBe(1);
        expect(b.state().episodes[0]?.lines).toBe(n);
      }),
      { numRuns: 20 },
    );
  });

  test('neither the order of lines nor their number raises the count', () => {
    const seconds = Array.from({ length: 30 }, (_, i) => 200 + i * 5);
    fc.assert(
      fc.property(fc.shuffledSubarray([...seconds, ...seconds], { minLength: 1 }), (shuffled) => {
        const b = bench();
        b.runTo(1000);
        for (const s of shuffled) b.lineOf(s, breach((183 + s - 200) * 1000));
        expect(b.count()).toBe(1);
      }),
    );
  });

  test('at most 50 are kept, and those of a day', () => {
    const b = bench();
    for (let i = 0; i < 60; i++) {
      b.runTo(1000 + i * 100);
      b.line(breach(183_000));
    }
    expect(b.count()).toBe(50);
    b.runTo(7000 + 86_400);
    expect(b.count()).toBeLessThanOrEqual(1);
  });

  test('whatever comes in whatever order, at most the last episode is open, and each ends after it began', () => {
    const event = fc.record({
      second: fc.integer({ min: 0, max: 2000 }),
      elapsed: fc.integer({ min: 180, max: 400 }),
      jump: fc.constantFrom(0, 0, 0, 60, -60),
      kind: fc.constantFrom('breach', 'never', 'start', 'run'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const b = bench();
        let clock = 0;
        for (const e of events) {
          b.setWallBy(e.jump);
          if (e.kind === 'run') b.runTo((clock += 10));
          else if (e.kind === 'breach') b.lineOf(e.second, breach(e.elapsed * 1000));
          else b.lineOf(e.second, e.kind === 'start' ? START : NEVER);
        }
        const { episodes } = b.state();
        expect(episodes.slice(0, -1).every((x) => x.endedAt !== undefined)).toBe(true);
        expect(episodes.every((x) => x.endedAt === undefined || x.endedAt >= x.startedAt)).toBe(true);
      }),
    );
  });
});
