import { describe, expect, test } from '@jest/globals';
import { HealthStatus } from '../../../src/api/v1alpha1/kinds/health.ts';
import { NO_EPISODES } from '../../../src/core/detection/episodes.ts';
import { loadEpisodes, saveEpisodes } from '../../../src/core/detection/episodes-json.ts';
import type { ProgramRecord } from '../../../src/core/detection/program-state.ts';
import { noteSuspicion, plegInfo, type PlegInputs } from '../../../src/core/detection/pleg-state.ts';
import { bench, breach, stuck, T0 } from './episode-builders.ts';

const NOW = { wallMs: T0 + 1_000_000, monotonicMs: 50_000 };
const WELL: PlegInputs = {
  episodes: NO_EPISODES,
  suspicion: undefined,
  probe: { state: 'Answered', failingSinceMs: undefined, message: '' },
  log: { kind: 'current' },
  breachText: '',
  kubelet: undefined,
};

function aKubelet(part: Partial<ProgramRecord> = {}): ProgramRecord {
  const { wallMs, monotonicMs } = NOW;
  const at = { since: wallMs - 60_000, sinceMs: monotonicMs - 60_000, lookedAtMs: monotonicMs };
  return { state: 'Running', message: '', ...at, idleAtMs: undefined, restarts: [], ...part };
}

function failing(forMs: number, state: 'Timeout' | 'Unavailable' | 'Error' = 'Timeout'): PlegInputs['probe'] {
  return { state, failingSinceMs: NOW.monotonicMs - forMs, message: 'no answer in 5s' };
}

describe('a kubelet that does nothing', () => {
  test.each([
    'Frozen',
    'Debugged',
    'Uninterruptible',
    'Silent',
    'Stopped',
    'Masked',
    'Failed',
    'CrashLooping',
  ] as const)('is never Healthy: %s', (state) => {
    const kubelet = aKubelet({ state, message: 'process 812 is stopped (SIGSTOP)' });
    expect(plegInfo({ ...WELL, kubelet }, undefined, NOW)).toMatchObject({
      state: 'Unknown',
      reason: `Kubelet${state}`,
      message: 'the kubelet: process 812 is stopped (SIGSTOP)',
      since: new Date(NOW.wallMs - 60_000).toISOString(),
    });
    const b = bench();
    stuck(b, 200, 260);
    expect(plegInfo({ ...WELL, kubelet, episodes: b.state() }, undefined, NOW).state).toBe('Unhealthy');
  });

  test.each(['Running', 'Starting', 'Unknown'] as const)('is another thing than one that is %s', (state) => {
    expect(plegInfo({ ...WELL, kubelet: aKubelet({ state }) }, undefined, NOW).state).toBe('Healthy');
  });

  test('is not called unhealthy for what it says when it goes on', () => {
    const b = bench();
    stuck(b, 200, 200);
    const episodes = b.state();
    const now = { wallMs: episodes.episodes[0]!.startedAt + 1_000, monotonicMs: 50_000 };
    const infoAfter = (idleForMs: number | undefined, at = now): string =>
      plegInfo(
        {
          ...WELL,
          episodes,
          kubelet: aKubelet({ idleAtMs: idleForMs === undefined ? undefined : 50_000 - idleForMs }),
        },
        undefined,
        at,
      ).reason;
    expect(infoAfter(3_000)).toBe('JustResumed');
    expect(infoAfter(29_999)).toBe('JustResumed');
    expect(infoAfter(30_000)).toBe('ThresholdExceeded');
    expect(infoAfter(undefined)).toBe('ThresholdExceeded');
    // It was unhealthy before it did nothing.
    expect(infoAfter(3_000, { ...now, wallMs: now.wallMs + 30_000 })).toBe('ThresholdExceeded');
  });
});

describe('the state of PLEG', () => {
  test('is Healthy where nothing speaks against it', () => {
    expect(plegInfo(WELL, undefined, NOW)).toMatchObject({ state: 'Healthy', reason: 'RelistRecent', episodes: [] });
  });

  test('is Unhealthy while an episode is open, since its first line', () => {
    const b = bench();
    stuck(b, 200, 260);
    const info = plegInfo({ ...WELL, episodes: b.state(), breachText: 'PLEG is not healthy: ...' }, undefined, NOW);
    expect(info).toMatchObject({
      state: 'Unhealthy',
      reason: 'ThresholdExceeded',
      message: 'PLEG is not healthy: ...',
      since: new Date(T0 + 199_950).toISOString(),
      elapsed: '4m3s',
      threshold: '3m0s',
    });
    expect(() => HealthStatus.parse({ pleg: info })).not.toThrow();
  });

  test.each([
    ['breach', breach(200_000), 'ThresholdExceeded'],
    ['evented-full', { kind: 'evented-full', events: 1_000, otherReasons: [] }, 'EventChannelFull'],
  ] as const)('names what the newest line says (%s), also after a start of the agent', (_kind, line, reason) => {
    const b = bench();
    b.runTo(200);
    b.line(line);
    const episodes = loadEpisodes(saveEpisodes(b.state()));
    expect(plegInfo({ ...WELL, episodes: b.state() }, undefined, NOW)).toMatchObject({ state: 'Unhealthy', reason });
    expect(plegInfo({ ...WELL, episodes }, undefined, NOW)).toMatchObject({ state: 'Unhealthy', reason });
  });

  test('that goes on never began in the future: the clock was ahead then', () => {
    const previous = plegInfo(WELL, undefined, { ...NOW, wallMs: NOW.wallMs + 6 * 3_600_000 });
    expect(plegInfo(WELL, previous, NOW).since).toBe(new Date(NOW.wallMs).toISOString());
  });

  test.each([
    ['9.9 s', 9_900, 'Healthy'],
    ['10 s', 10_000, 'Suspected'],
  ])('with a CRI probe that has failed for %s is %s', (_for, ms, state) => {
    expect(plegInfo({ ...WELL, probe: failing(ms) }, undefined, NOW).state).toBe(state);
  });

  test.each([
    ['runtime-down', 15_000, 'Suspected', 'RuntimeDown'],
    ['runtime-down', 15_001, 'Healthy', 'RelistRecent'],
    ['relist-failed', 30_000, 'Suspected', 'RelistFailed'],
    ['relist-failed', 30_001, 'Healthy', 'RelistRecent'],
  ] as const)('after a %s line of %d ms ago is %s', (kind, age, state, reason) => {
    const event = { at: NOW.wallMs - age, line: { kind } };
    const suspicion = noteSuspicion(undefined, event, NOW);
    expect(plegInfo({ ...WELL, suspicion }, undefined, NOW)).toMatchObject({ state, reason });
  });

  test('forgets a suspicion when the kubelet starts anew', () => {
    const suspicion = noteSuspicion(undefined, { at: NOW.wallMs, line: { kind: 'runtime-down' } }, NOW);
    expect(noteSuspicion(suspicion, { at: NOW.wallMs, line: breach(1) }, NOW)).toBe(suspicion);
    expect(noteSuspicion(suspicion, { at: NOW.wallMs, line: { kind: 'kubelet-start' } }, NOW)).toBeUndefined();
  });

  test('is Unknown when the log cannot be read, even with an episode open: nobody may act on it', () => {
    const b = bench();
    stuck(b, 200, 260);
    const log = { kind: 'failed', sinceMs: NOW.monotonicMs - 15_000, message: 'journalctl: exit code 1' } as const;
    const info = plegInfo({ ...WELL, episodes: b.state(), log }, undefined, NOW);
    expect(info).toMatchObject({ state: 'Unknown', reason: 'LogUnreadable' });
    expect(info.message).toContain('exit code 1');
  });

  test('is not Unknown for the moments in which the log source is started again', () => {
    const log = { kind: 'failed', sinceMs: NOW.monotonicMs - 2_000, message: 'x' } as const;
    const before = plegInfo(WELL, undefined, NOW);
    expect(plegInfo({ ...WELL, log }, before, NOW).state).toBe('Healthy');
  });

  test('is Unknown until the log has been read to its end once', () => {
    const first = plegInfo({ ...WELL, log: { kind: 'reading' } }, undefined, NOW);
    expect(first).toMatchObject({ state: 'Unknown', reason: 'LogNotReadYet' });
    expect(plegInfo(WELL, first, NOW).state).toBe('Healthy');
  });

  test('keeps its since as long as it goes on', () => {
    const later = { wallMs: NOW.wallMs + 5_000, monotonicMs: NOW.monotonicMs + 5_000 };
    const first = plegInfo({ ...WELL, probe: failing(12_000) }, undefined, NOW);
    const suspicion = noteSuspicion(undefined, { at: later.wallMs, line: { kind: 'runtime-down' } }, later);
    const second = plegInfo({ ...WELL, suspicion }, first, later);
    expect(second.since).toBe(first.since);
    expect(plegInfo(WELL, second, later).since).toBe(new Date(later.wallMs).toISOString());
  });
});
