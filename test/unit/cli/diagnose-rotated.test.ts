/** A log in several files, as rotation leaves it, says what it says in one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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

async function verdictOf(files: Readonly<Record<string, readonly string[]>>): Promise<readonly string[]> {
  const { out } = await runOffline(['diagnose', folderOf(files), '-o', 'json']);
  const { verdict } = JSON.parse(out) as { readonly verdict: Record<'class' | 'cause' | 'summary', string> };
  return [verdict.class, verdict.cause, verdict.summary];
}

describe.each([
  ['on one day', onOneDay],
  ['over the end of a year', overNewYear],
])('%s', (_when, at) => {
  describe.each(Object.entries(histories(at)))('%s', (_what, lines) => {
    test.each([
      ['kubelet.log', 'kubelet.log.1', 'kubelet.log.2.gz'],
      ['kubelet.log', 'kubelet.log-20261124', 'kubelet.log-20261123.gz'],
      ['kubelet.log', 'kubelet.log.old', 'kubelet.log.1'],
      ['kubelet', 'kubelet.1', 'kubelet.2'],
    ])('as %s, %s and %s', async (current, older, oldest) => {
      const whole = await verdictOf({ [current]: lines });
      for (const cut of [5, 8, 12, 15, 20]) {
        const files = { [current]: lines.slice(cut), [older]: lines.slice(2, cut), [oldest]: lines.slice(0, 2) };
        expect([cut, ...(await verdictOf(files))]).toEqual([cut, ...whole]);
      }
    });
  });
});

describe('what looks rotated, and is of two nodes or of two looks, is not joined', () => {
  const { 'stuck, and well since': stuck = [], 'well all the time': well = [] } = histories(onOneDay);

  test.each([
    ['addresses', '10.0.0.1', '10.0.0.2'],
    ['addresses behind a name', 'kubelet-10.0.0.1', 'kubelet-10.0.0.2'],
    ['numbers of nodes', 'kubelet.log.node-1', 'kubelet.log.node-2'],
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
});
