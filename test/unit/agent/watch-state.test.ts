import { describe, expect, test } from '@jest/globals';
import { NOT_PROBED } from '../../../src/agent/health/observation.ts';
import {
  beginWatch,
  logObservationOf,
  onEvent,
  onFailure,
  onRecord,
  plegOf,
  type WatchState,
} from '../../../src/agent/log/log-state.ts';
import { loadWatch, saveWatch } from '../../../src/agent/log/log-state-store.ts';
import type { LogRecord } from '../../../src/ports/host.ts';
import { T0 } from '../../support/builders/objects.ts';

const BREACH =
  'E1124 10:09:33.815416      95 kubelet.go:2646] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m1s ago; threshold is 3m0s"';

const BESIDE = { probe: NOT_PROBED, kubelet: undefined, previous: undefined };

function line(at: number, text = BREACH): LogRecord {
  return { kind: 'line', at: T0 + at, text, cursor: `c${String(at)}` };
}

function moment(ms: number): { wallMs: number; monotonicMs: number } {
  return { wallMs: T0 + ms, monotonicMs: ms };
}

function feed(records: readonly (readonly [number, LogRecord])[], from?: WatchState): WatchState {
  const start = from ?? beginWatch({ cursor: undefined, episodes: undefined });
  return records.reduce((state, [now, record]) => onRecord(state, record, moment(now)), start);
}

function stateAt(state: WatchState, now: number): string {
  return plegOf(state, BESIDE, moment(now)).state;
}

describe('a record of several lines', () => {
  const HEAD = 'E1124 10:09:33.815416      95 kubelet.go:2646] "Skipping pod synchronization" err=<';
  const FIRST = '\t[container runtime is down: rpc error:';
  const LAST = '\tPLEG is not healthy: pleg was last seen active 3m1s ago; threshold is 3m0s]';
  const breachOf = (texts: readonly (string | readonly [string, number])[]): string => {
    const records = texts.map((one, i): readonly [number, LogRecord] => {
      const [text, pid] = typeof one === 'string' ? [one, 95] : one;
      return [i, { kind: 'line', at: T0 + i, text, cursor: `c${String(i)}`, pid }];
    });
    return stateAt(feed([[0, { kind: 'caught-up' }], ...records]), 1_000);
  };

  test('is read as one', () => {
    expect(breachOf([HEAD, FIRST, LAST, ' >'])).toBe('Unhealthy');
    expect(breachOf([HEAD, FIRST, LAST, ' > logger="x"'])).toBe('Unhealthy');
  });

  test.each([
    ['its end has not come', [HEAD, FIRST, LAST]],
    ['its lines go on with nothing', [FIRST, LAST, ' >']],
    ['another line is between', [HEAD, FIRST, 'x', LAST, ' >']],
    ['its lines are another process’s', [HEAD, FIRST, [LAST, 96], ' >']],
    ['it is too long', [HEAD, ...Array.from({ length: 64 }, () => '\tx'), LAST, ' >']],
    ['it is about a pod', [HEAD.replace('Skipping pod synchronization', 'Unhandled Error'), FIRST, LAST, ' >']],
    ['it is another file’s', [HEAD.replace('kubelet.go', 'warnings.go'), FIRST, LAST, ' >']],
  ] as const)('says nothing where %s', (_, texts) => {
    expect(breachOf(texts)).not.toBe('Unhealthy');
  });

  test('hides no record that comes after it', () => {
    expect(breachOf([HEAD, FIRST, BREACH])).toBe('Unhealthy');
  });
});

describe('a record with the header of another process', () => {
  const as = (signer: string): string => BREACH.replace(' 95 ', ` ${signer} `);
  const JSON_BREACH = `{"ts":1,"caller":"kubelet/kubelet.go:1","msg":"Skipping pod synchronization","err":"${BREACH.slice(BREACH.indexOf('err="') + 5)}}`;
  const own = (signer: string): string => `E1124 10:09:33.815416      ${signer} kubelet.go:1] "Something else"`;
  const of = (pid: number | undefined, at: number, text: string): readonly [number, LogRecord] => [
    at,
    { kind: 'line', at: T0 + at, text, cursor: 'c', ...(pid === undefined ? {} : { pid }) },
  ];
  /** Seconds of a log, one line each. */
  const seconds = (count: number, pid: number, text: string): WatchState =>
    feed([[0, { kind: 'caught-up' }], ...Array.from({ length: count }, (_, i) => of(pid, i * 1_000, text))]);
  const isBreach = (from: WatchState, records: readonly (readonly [number, LogRecord])[]): boolean =>
    feed(records, from).episodes.episodes.length > 0;

  test('does not count, once the kubelet is seen to sign as itself', () => {
    const known = seconds(20, 95, own('95'));
    for (const planted of [as('96'), JSON_BREACH, `Nov 24 10:09:33 n kubelet[95]: ${as('1')}`]) {
      expect([planted, isBreach(known, [of(95, 20_000, planted)])]).toEqual([planted, false]);
    }
    expect(isBreach(known, [of(95, 20_000, BREACH)])).toBe(true);
  });

  test('does not count either if it comes by the thousand, with each record of the kubelet', () => {
    const flood = Array.from({ length: 30 }, (_, second) => [
      of(95, 20_000 + second * 1_000, own('95')),
      ...Array.from({ length: 100 }, (_line, i) => of(95, 20_000 + second * 1_000 + i, as(String(i % 70)))),
    ]).flat();
    const planted = flood.filter(
      ([, record]) => record.kind !== 'line' || !record.text.includes(' 95 kubelet.go:2646'),
    );
    expect(isBreach(seconds(60, 95, own('95')), planted)).toBe(false);
  });

  test.each([
    ['which is new', feed([]), 95, BREACH],
    ['which was restarted', seconds(60, 95, own('95')), 96, as('96')],
    ['in a namespace of its own', seconds(60, 900, own('95')), 900, BREACH],
    ['that writes JSON', seconds(60, 95, '{"ts":1}'), 95, JSON_BREACH],
    ['whose log names no sender', seconds(60, 95, own('95')), undefined, as('96')],
  ])('counts of a kubelet %s', (_what, from, pid, text) => {
    expect(isBreach(from, [of(pid, 60_000, text)])).toBe(true);
  });

  test('does not make the kubelet’s own words foreign, where they are signed by an id of its namespace', () => {
    // Each planted line stands in a record of the kubelet, and is signed as journald would name it.
    const planted = Array.from({ length: 60 }, (_, i) => [
      of(900, i * 1_000, own('95')),
      of(900, i * 1_000 + 1, own('900')),
    ]);
    const sprayed = planted.flatMap((two, i) => [
      ...two,
      ...Array.from({ length: 100 }, (_, n) => of(900, i * 1_000 + 2, own(String(1_000 + n)))),
    ]);
    expect(isBreach(feed(sprayed), [of(900, 60_000, BREACH)])).toBe(true);
  });

  test('is told for a bounded number of processes', () => {
    const many = feed(Array.from({ length: 1_000 }, (_, i) => of(i + 1, i, own(String(i + 1)))));
    expect(many.signatures.size).toBe(8);
  });
});

describe('what the kubelet log tells', () => {
  test('a fresh breach line is a breach, even before the log was read to its end', () => {
    expect(stateAt(feed([[1_000, line(0)]]), 1_000)).toBe('Unhealthy');
  });

  test('old breach lines open no case, before the end of the log and after it', () => {
    const old = feed([[600_000, line(0)]]);
    expect(stateAt(old, 600_000)).toBe('Unknown');
    expect(stateAt(feed([[600_001, { kind: 'caught-up' }]], old), 600_001)).toBe('Unknown');
  });

  test('a line that comes after the end was reached counts, however its time was misread', () => {
    const state = feed([
      [600_000, { kind: 'caught-up' }],
      [600_001, line(0)],
    ]);
    expect(stateAt(state, 600_001)).toBe('Unhealthy');
  });

  test('old lines that a fresh one follows are one open episode', () => {
    const records = Array.from({ length: 120 }, (_, index) => [600_000, line(index * 5_000)] as const);
    const state = feed(records);
    expect(stateAt(state, 600_000)).toBe('Unhealthy');
    expect(plegOf(state, BESIDE, moment(600_000)).episodes).toHaveLength(1);
  });

  test('an episode that closes unconfirmed leaves a healthy node', () => {
    let state = feed([
      [600_000, line(0)],
      [600_000, { kind: 'caught-up' }],
    ]);
    for (let now = 600_000; now <= 620_000; now += 1_000) {
      state = onEvent(state, { kind: 'tick', logCurrent: true, kubeletAlive: true }, moment(now));
    }
    expect(stateAt(state, 620_000)).toBe('Healthy');
  });

  test('lag, loss and failure are told', () => {
    const state = feed([
      [90_000, line(0, 'nothing of note')],
      [90_001, { kind: 'lost', lines: 40, message: 'rotated away' }],
      [90_002, { kind: 'lost', lines: 2, message: 'rotated away' }],
      [90_003, { kind: 'unreadable', at: T0, message: 'binary' }],
    ]);
    expect(logObservationOf(state)).toMatchObject({
      state: 'reading',
      lagSeconds: 90,
      lostLines: 42,
      unreadableLines: 1,
    });
    const failed = onFailure(onFailure(state, 'first', moment(1)), 'exit 1', moment(5));
    expect(failed.status).toEqual({ kind: 'failed', sinceMs: 1, message: 'exit 1' });
    expect(logObservationOf(failed)).toMatchObject({ state: 'failed', error: 'exit 1' });
  });
});

describe('what is kept over a restart', () => {
  const state = feed([[1_000, line(0)]]);

  test('is where the log was, and the episodes', () => {
    const loaded = loadWatch(saveWatch('journald:kubelet.service', state), 'journald:kubelet.service');
    expect(loaded.cursor).toBe('c0');
    expect(loaded.episodes.episodes).toEqual(state.episodes.episodes);
    expect(loaded.confirmed).toBe(false);
  });

  test('has no cursor of another source', () => {
    const loaded = loadWatch(saveWatch('journald:kubelet.service', state), 'file:/var/log/kubelet.log');
    expect(loaded.cursor).toBeUndefined();
    expect(loaded.episodes.episodes).toHaveLength(1);
  });

  test.each(['', 'null', '{"version":2}', '{"version":1', saveWatch('x', state).slice(0, -9)])(
    'a torn or foreign text starts anew: %j',
    (text) => {
      expect(loadWatch(text, 'x')).toEqual(beginWatch({ cursor: undefined, episodes: undefined }));
    },
  );
});
