/** A log in several files, as rotation leaves it, says what it says in one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inRotation, type LogFile } from '../../../src/cli/diagnose/rotated-logs.ts';
import { CLUE_PATTERNS } from '../../../src/core/diagnosis/clues/clue-patterns.ts';
import { createSeededRandom } from '../../support/clock.ts';
import { cases } from '../../support/sizes.ts';
import { runOffline } from './cli-harness.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'medic-rotated-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const two = (n: number): string => String(n).padStart(2, '0');
type At = (minute: number, second?: number) => string;
const onOneDay: At = (minute, second = 1) =>
  `1124 ${two(10 + Math.floor(minute / 60))}:${two(minute % 60)}:${two(second)}.514715     95`;
/** From five minutes before midnight. */
const overNewYear: At = (minute, second = 1) =>
  `${minute < 5 ? '1231 23' : '0101 00'}:${two(minute < 5 ? 55 + minute : minute - 5)}:${two(second)}.514715     95`;

function minutes(from: number, to: number, line: (minute: number) => string): readonly string[] {
  return Array.from({ length: to - from }, (_, n) => line(from + n));
}

/** Each has 30 lines. */
function histories(at: At): Readonly<Record<string, readonly string[]>> {
  const well = (minute: number): string =>
    `I${at(minute)} kubelet.go:2500] "SyncLoop (PLEG): event for pod" pod="default/a" event={"ID":"x","Type":"ContainerStarted","Data":"y"}`;
  const stuck = (minute: number): string =>
    `E${at(minute)} kubelet.go:2495] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active ${String(minute)}m3.1s ago; threshold is 3m0s"`;
  const failing = (minute: number): string =>
    `E${at(minute)} remote_runtime.go:633] "Status from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded"`;
  return {
    'well, stuck, well': [...minutes(0, 5, well), ...minutes(5, 15, stuck), ...minutes(15, 30, well)],
    'well, and stuck to the end': [...minutes(0, 10, well), ...minutes(10, 30, stuck)],
    'stuck, and well since': [...minutes(0, 12, stuck), ...minutes(12, 30, well)],
    'well all the time': minutes(0, 30, well),
    'a runtime that fails, and works again': [...minutes(0, 12, failing), ...minutes(12, 30, well)],
    'a runtime that fails to the end': [...minutes(0, 10, well), ...minutes(10, 30, failing)],
  };
}

function folderOf(files: Readonly<Record<string, readonly string[]>>): string {
  const folder = mkdtempSync(join(root, 'd-'));
  for (const [name, lines] of Object.entries(files)) {
    const text = `${lines.join('\n')}\n`;
    writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text);
  }
  return folder;
}

async function verdictOn(paths: readonly string[]): Promise<readonly string[]> {
  const { out } = await runOffline(['diagnose', ...paths, '-o', 'json']);
  const { verdict } = JSON.parse(out) as {
    readonly verdict: Record<'class' | 'cause' | 'summary' | 'confidence', string>;
  };
  return [verdict.class, verdict.cause, verdict.summary, verdict.confidence];
}

async function verdictOf(files: Readonly<Record<string, readonly string[]>>): Promise<readonly string[]> {
  return await verdictOn([folderOf(files)]);
}

describe.each([
  ['on one day', onOneDay],
  ['over the end of a year', overNewYear],
])('%s', (_when, at) => {
  describe.each(Object.entries(histories(at)))('%s', (_what, lines) => {
    test.each([
      ['kubelet.log', 'kubelet.log.1', 'kubelet.log.2.gz'],
      ['kubelet.log', 'kubelet.log-20261124', 'kubelet.log-20261123.gz'],
      ['kubelet.log', 'kubelet.log.old', undefined],
      ['kubelet.log-20261125', 'kubelet.log-20261124', 'kubelet.log-20261123'],
      ['kubelet', 'kubelet.1', 'kubelet.2'],
    ])('as %s, %s and %s', async (current, older, oldest) => {
      const whole = await verdictOf({ [current]: lines });
      for (const cut of [5, 8, 12, 15, 20]) {
        const first = oldest === undefined ? {} : { [oldest]: lines.slice(0, 2) };
        const files = {
          [current]: lines.slice(cut),
          [older]: lines.slice(oldest === undefined ? 0 : 2, cut),
          ...first,
        };
        expect([cut, ...(await verdictOf(files))]).toEqual([cut, ...whole]);
      }
    });
  });
});

/** By day and month of klog, in which there is no year. */
const day: (monthAndDay: string) => At = (monthAndDay) => (minute, second) =>
  onOneDay(minute, second).replace('1124', monthAndDay);
const WELL_OF = (at: At, to = 30): readonly string[] => (histories(at)['well all the time'] ?? []).slice(0, to);
const STUCK_OF = (at: At): readonly string[] => (histories(at)['well, and stuck to the end'] ?? []).slice(10);
const STUCK = 'PLEG is not healthy, but without a goroutine dump nothing shows why.';

const KLOG = {
  well: 'I kubelet.go:2500] "SyncLoop (PLEG): event for pod" pod="default/a" event={"ID":"x","Type":"ContainerStarted","Data":"y"}',
  stuck:
    'E kubelet.go:2495] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 4m3.1s ago; threshold is 3m0s"',
  never:
    'E kubelet.go:2495] "Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"',
  list: 'E remote_runtime.go:277] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" filter="nil"',
  network:
    'E kuberuntime_manager.go:1170] "CreatePodSandbox for pod failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" pod="default/a"',
  lease:
    'E controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://10.0.0.1:6443/x\\": dial tcp 10.0.0.1:6443: connect: connection refused" interval="7s"',
  ready: 'I kubelet_node_status.go:724] "Recording event message for node" node="n1" event="NodeReady"',
  mount:
    'E nestedpendingoperations.go:348] Operation for "x" failed. No retries permitted until then. Error: MountVolume.SetUp failed for volume "v" : rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  space: 'W eviction_manager.go:344] "Eviction manager: attempting to reclaim" resourceName="ephemeral-storage"',
  other: 'I prober.go:107] "Probe succeeded" probeType="Liveness" pod="default/b"',
};

test('whatever happened, and wherever it was cut', async () => {
  const random = createSeededRandom(20261129);
  const upTo = (most: number): number => Math.floor(random.next() * most);
  const kinds = Object.values(KLOG);
  for (let n = 0; n < cases(400); n++) {
    const lines: string[] = [];
    let seconds = 0;
    for (let phase = 0; phase <= upTo(4); phase++) {
      const some = [kinds[upTo(kinds.length)], kinds[upTo(kinds.length)]];
      const stepSeconds = [5, 20, 30, 60][upTo(4)] ?? 5;
      for (let line = 0; line <= upTo(30); line++) {
        const [level = '', words = ''] = [some[line % 2]?.[0], some[line % 2]?.slice(2)];
        lines.push(`${level}${onOneDay(Math.floor(seconds / 60), seconds % 60)} ${words}`);
        seconds += stepSeconds;
      }
    }
    const cuts = [0, ...Array.from({ length: 1 + upTo(3) }, () => upTo(lines.length)), lines.length].sort(
      (a, b) => b - a,
    );
    const files = cuts.slice(1).flatMap((from, at) => (from === cuts[at] ? [] : [lines.slice(from, cuts[at])]));
    const named = files.map((file, at) => [at === 0 ? 'kubelet.log' : `kubelet.log.${String(at)}`, file] as const);
    expect([n, ...(await verdictOf(Object.fromEntries(named)))]).toEqual([
      n,
      ...(await verdictOf({ 'kubelet.log': lines })),
    ]);
  }
});

describe('the file that is written to is the end of the log, whatever the clock says', () => {
  test.each([
    ['set back by an hour', day('1124'), (minute: number) => onOneDay(minute - 60)],
    ['set back by a day', day('1125'), day('1124')],
    ['set back by a month', day('1224'), day('1124')],
    ['of a year ago', day('0301'), day('0120')],
  ])('%s', async (_what, older, newer) => {
    for (const name of ['kubelet.log.1', 'kubelet.log-20261124', 'kubelet.log.old', 'kubelet.log.7']) {
      const [, , summary] = await verdictOf({ 'kubelet.log': STUCK_OF(newer), [name]: WELL_OF(older) });
      expect([name, summary]).toEqual([name, STUCK]);
    }
  });

  test('after seven months of files', async () => {
    const older = ['1201', '1101', '1001', '0901', '0801', '0701', '0601'];
    const files = older.map((at, n) => [`kubelet.log.${String(n + 1)}`, WELL_OF(day(at))] as const);
    const newest = [...WELL_OF(day('0101')), ...STUCK_OF(day('0120'))];
    expect((await verdictOf({ ...Object.fromEntries(files), 'kubelet.log': newest }))[2]).toBe(STUCK);
    const [first, ...rest] = older;
    const stuckBefore = { ...Object.fromEntries(files), 'kubelet.log.1': STUCK_OF(day(first ?? '')) };
    expect(rest).toHaveLength(6);
    expect((await verdictOf({ ...stuckBefore, 'kubelet.log': WELL_OF(day('0101')) }))[2]).toMatch(
      /^PLEG was not healthy until /,
    );
  });

  test('in a file over New Year', async () => {
    const newest = [...WELL_OF(day('1112')), ...WELL_OF(day('0101')), ...STUCK_OF(day('0120'))];
    expect((await verdictOf({ 'kubelet.log': newest, 'kubelet.log.1': WELL_OF(day('1101')) }))[2]).toBe(STUCK);
  });
});

describe('a rotated log is known', () => {
  const older = STUCK_OF(day('1123'));
  test.each([
    [
      'with the date of a pod in one of its lines',
      `I${onOneDay(40)} a.go:1] "Observed" at="2026-11-24 10:19:01 +0000 UTC"`,
    ],
    [
      'with a date of next year in one of its lines',
      `I${onOneDay(40)} a.go:1] "Certificate expiration is 2027-11-24 10:09:33"`,
    ],
  ])('%s', async (_what, line) => {
    const files = { 'kubelet.log': [...WELL_OF(onOneDay), line], 'kubelet.log.1': older };
    expect((await verdictOf(files))[2]).toMatch(/^PLEG was not healthy until /);
  });

  test('beside an unpacked copy of one of its files', async () => {
    const files = { 'kubelet.log': WELL_OF(onOneDay), 'kubelet.log.2': older, 'kubelet.log.2.gz': older };
    expect((await verdictOf(files))[2]).toMatch(/^PLEG was not healthy until /);
  });
});

describe('what looks rotated, and is of two nodes or of two looks, is not joined', () => {
  const { 'stuck, and well since': stuck = [], 'well all the time': well = [] } = histories(onOneDay);

  test.each([
    ['addresses', '10.0.0.1', '10.0.0.2'],
    ['addresses behind a name', 'kubelet-10.0.0.1', 'kubelet-10.0.0.2'],
    ['numbers of nodes', 'kubelet.log.node-1', 'kubelet.log.node-2'],
    ['last parts of addresses', 'kubelet.log.101', 'kubelet.log.102'],
    ['numbers alone', 'kubelet.1', 'kubelet.2'],
  ])('%s', async (_what, one, other) => {
    const complaint = await verdictOf({ [one]: stuck.slice(0, 12) });
    expect(await verdictOf({ [one]: stuck.slice(0, 12), [other]: well.slice(12) })).toEqual(complaint);
  });

  test('a log of which one file has a year, and the other has none', async () => {
    const complaint = await verdictOf({ 'kubelet.log': stuck.slice(0, 12) });
    const older = well.slice(0, 12).map((line) => `2026-11-24T09:00:00Z node-a kubelet[95]: ${line}`);
    expect(await verdictOf({ 'kubelet.log': stuck.slice(0, 12), 'kubelet.log.1': older })).toEqual(complaint);
  });

  test('windows that overlap', async () => {
    const complaint = await verdictOf({ 'kubelet.log': stuck.slice(0, 12) });
    expect(await verdictOf({ 'kubelet.log': stuck.slice(0, 12), 'kubelet.log.1': well.slice(5, 20) })).toEqual(
      complaint,
    );
  });

  test('logs of one name in two folders', async () => {
    const folders = [folderOf({ 'kubelet.log': stuck.slice(0, 12) }), folderOf({ 'kubelet.log': well.slice(12) })];
    const complaint = await verdictOf({ 'kubelet.log': stuck.slice(0, 12) });
    for (const some of [folders, [...folders].reverse()]) expect(await verdictOn(some)).toEqual(complaint);
  });

  test('so many clues that looking behind each for what has succeeded since takes too long', () => {
    const clue = { source: 'kern.log', lineNumber: 1, line: 'kernel: nfs: server a not responding', count: 1 };
    const filesOf = (clues: number): readonly LogFile[] =>
      Array.from({ length: 2 }, (_, n) => ({
        log: { name: n === 0 ? 'kern.log' : 'kern.log.1', clues: Array.from({ length: clues }, () => clue) },
        span: { startMs: 1_000 * (2 - n), endMs: 1_000 * (3 - n) },
      }));
    expect(inRotation(filesOf(4_096), CLUE_PATTERNS.slice(0, 1))).toHaveLength(1);
    expect(inRotation(filesOf(4_097), CLUE_PATTERNS.slice(0, 1))).toHaveLength(2);
  });
});
