import { describe, expect, test } from '@jest/globals';
import { parseTimespan, parseUnits } from '../../../src/host/unit/unit-facts.ts';

const V252 = `Restart=always
WatchdogUSec=30s
MainPID=57
NRestarts=3
ExecMainStartTimestamp=Tue 2026-11-24 11:54:58 UTC
ExecMainStartTimestampMonotonic=3000000000
KillMode=process
Id=kubelet.service
LoadState=loaded
ActiveState=active
SubState=running
Result=watchdog
InvocationID=dd3ac0938964456580b50d084aba4d3b
`;

const STARTED = Date.UTC(2026, 10, 24, 11, 54, 58);
/** An hour after the boot, ten minutes after the start. */
const NOW = { wallMs: STARTED + 600_000, monotonicMs: 3_600_000 };

describe('the start of a unit', () => {
  test.each([6 * 3_600_000, -2 * 3_600_000])('is told by the clock as it is now, which was %d ms off then', (offMs) => {
    const now = { ...NOW, wallMs: NOW.wallMs - offMs };
    expect(parseUnits(V252, now)[0]?.startedAt).toBe(STARTED - offMs);
  });

  test('is what systemd prints where the clock was only corrected', () => {
    expect(parseUnits(V252, { ...NOW, wallMs: NOW.wallMs + 1_500 })[0]?.startedAt).toBe(STARTED);
  });

  test('is what systemd prints where it has no other time', () => {
    const text = V252.replace(/ExecMainStartTimestampMonotonic=.*\n/, '');
    expect(parseUnits(text, { ...NOW, wallMs: 0 })[0]?.startedAt).toBe(STARTED);
  });
});

describe('systemctl show', () => {
  test('is read in whatever order the properties come', () => {
    expect(parseUnits(V252, NOW)).toEqual([
      {
        unit: 'kubelet.service',
        loadState: 'loaded',
        activeState: 'active',
        subState: 'running',
        result: 'watchdog',
        mainPID: 57,
        invocationID: 'dd3ac0938964456580b50d084aba4d3b',
        startedAt: STARTED,
        changedAt: undefined,
        hasJob: false,
        requires: [],
        restarts: 3,
        restart: 'always',
        watchdogMs: 30_000,
        killMode: 'process',
      },
    ]);
  });

  test('says since when the unit is so, what systemd is about to do with it, and with what it is stopped', () => {
    const more =
      'StateChangeTimestamp=Tue 2026-11-24 11:54:59 UTC\nStateChangeTimestampMonotonic=3001000000\nJob=812\n';
    const bonds = 'Requires=sysinit.target containerd.service\nBindsTo=\nPartOf=x.target\n';
    expect(parseUnits(`${V252}${more}${bonds}`, NOW)[0]).toMatchObject({
      changedAt: STARTED + 1_000,
      hasJob: true,
      requires: ['sysinit.target', 'containerd.service', 'x.target'],
    });
    expect(parseUnits(`${V252}Job=0\n`, NOW)[0]).toMatchObject({ hasJob: false });
  });

  test('says when the unit was changed to the millisecond, though systemd prints whole seconds', () => {
    const more = 'StateChangeTimestamp=Tue 2026-11-24 11:54:59 UTC\nStateChangeTimestampMonotonic=3001732000\n';
    expect(parseUnits(`${V252}${more}`, NOW)[0]?.changedAt).toBe(STARTED + 1_732);
  });

  test('of systemd 219 lacks InvocationID and NRestarts', () => {
    const text = V252.replace(/InvocationID=.*\n/, '').replace(/NRestarts=.*\n/, '');
    expect(parseUnits(text, NOW)[0]).toMatchObject({ invocationID: '', restarts: 0, mainPID: 57 });
  });

  test('gives a block for each unit, and none for a unit that is not there', () => {
    const gone = 'Id=nope.service\nLoadState=not-found\nActiveState=inactive\n';
    expect(parseUnits(`${V252}\n${gone}\n${V252}`, NOW).map((u) => u.unit)).toEqual([
      'kubelet.service',
      'kubelet.service',
    ]);
  });

  test('of a unit that never started has no start time', () => {
    const text = 'Id=x.service\nLoadState=loaded\nExecMainStartTimestamp=\nWatchdogUSec=0\nMainPID=0\n';
    expect(parseUnits(text, NOW)[0]).toMatchObject({ startedAt: undefined, watchdogMs: undefined, mainPID: 0 });
  });
});

test.each([
  ['0', 0],
  ['30s', 30_000],
  ['1min 30s', 90_000],
  ['500ms', 500],
  ['1h 2min 3s', 3_723_000],
  ['1month 1d', 2_716_200_000],
  ['infinity', undefined],
  ['', undefined],
])('the time span %j', (text, ms) => {
  expect(parseTimespan(text)).toBe(ms);
});
