import { describe, expect, test } from '@jest/globals';
import { parseTimespan, parseUnits } from '../../../src/host/unit/unit-facts.ts';

const V252 = `Restart=always
WatchdogUSec=30s
MainPID=57
NRestarts=3
ExecMainStartTimestamp=Tue 2026-11-24 11:54:58 UTC
KillMode=process
Id=kubelet.service
LoadState=loaded
ActiveState=active
SubState=running
InvocationID=dd3ac0938964456580b50d084aba4d3b
`;

describe('systemctl show', () => {
  test('is read in whatever order the properties come', () => {
    expect(parseUnits(V252)).toEqual([
      {
        unit: 'kubelet.service',
        activeState: 'active',
        subState: 'running',
        mainPID: 57,
        invocationID: 'dd3ac0938964456580b50d084aba4d3b',
        startedAt: Date.UTC(2026, 10, 24, 11, 54, 58),
        restarts: 3,
        restart: 'always',
        watchdogMs: 30_000,
        killMode: 'process',
      },
    ]);
  });

  test('of systemd 219 lacks InvocationID and NRestarts', () => {
    const text = V252.replace(/InvocationID=.*\n/, '').replace(/NRestarts=.*\n/, '');
    expect(parseUnits(text)[0]).toMatchObject({ invocationID: '', restarts: 0, mainPID: 57 });
  });

  test('gives a block for each unit, and none for a unit that is not there', () => {
    const gone = 'Id=nope.service\nLoadState=not-found\nActiveState=inactive\n';
    expect(parseUnits(`${V252}\n${gone}\n${V252}`).map((u) => u.unit)).toEqual(['kubelet.service', 'kubelet.service']);
  });

  test('of a unit that never started has no start time', () => {
    const text = 'Id=x.service\nLoadState=loaded\nExecMainStartTimestamp=\nWatchdogUSec=0\nMainPID=0\n';
    expect(parseUnits(text)[0]).toMatchObject({ startedAt: undefined, watchdogMs: undefined, mainPID: 0 });
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
