import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineTime, UTC } from '../../../src/core/time/line-time.ts';

const NEAR = Date.UTC(2026, 10, 24, 12);

describe('the time of a line', () => {
  test.each([
    ['klog', 'E1124 10:09:33.815416      95 kubelet.go:2646] "x"', Date.UTC(2026, 10, 24, 10, 9, 33, 815) + 0.416],
    [
      'klog behind syslog',
      'Nov 24 10:09:33 n kubelet[95]: E1124 10:09:33.815000      95 kubelet.go:1] x',
      Date.UTC(2026, 10, 24, 10, 9, 33, 815),
    ],
    ['JSON', '{"ts":1745319662553.902,"caller":"x"}', 1745319662553.902],
    ['RFC 3339', '2026-11-24T10:05:02.711180+0000 node-1 systemd[1]: x', Date.UTC(2026, 10, 24, 10, 5, 2, 711)],
    [
      'RFC 3339 before klog, which has no zone',
      '2026-11-24T10:05:02+02:00 n kubelet[95]: E1124 10:05:02.000000      95 kubelet.go:1] x',
      Date.UTC(2026, 10, 24, 8, 5, 2),
    ],
    ['logrus', 'time="2026-11-24T10:05:02.5Z" level=error msg="x"', Date.UTC(2026, 10, 24, 10, 5, 2, 500)],
    [
      'klog that quotes logrus',
      'E1124 10:09:33.815000      95 kubelet.go:1] time="2020-01-01T00:00:00Z"',
      Date.UTC(2026, 10, 24, 10, 9, 33, 815),
    ],
    ['RFC 3339 with a zone', '2026-11-24T10:05:02+02:00 x', Date.UTC(2026, 10, 24, 8, 5, 2)],
  ])('%s', (_form, line, expected) => {
    expect(lineTime(line, NEAR, UTC)).toBeCloseTo(expected, 3);
  });

  test.each(['', 'goroutine 1 [running]:', '\tmain.go:12 +0x1', 'E9999 99:99:99.000000  1 a.go:1] x'])(
    '%j has none',
    (line) => {
      expect(lineTime(line, NEAR, UTC)).toBeUndefined();
    },
  );

  test('klog is local time: the zone of the host is taken off', () => {
    const line = 'E1124 12:00:00.000000      95 kubelet.go:2646] x';
    expect(lineTime(line, NEAR, () => 120)).toBe(Date.UTC(2026, 10, 24, 10));
  });

  test('so is RFC 3339 without a zone', () => {
    expect(lineTime('2026-11-24 12:00:00 x', NEAR, () => 120)).toBe(Date.UTC(2026, 10, 24, 10));
  });

  test('a line of the old year, read in the new one, is of the old year', () => {
    const line = 'E1231 23:59:59.000000      95 kubelet.go:2646] x';
    expect(lineTime(line, Date.UTC(2027, 0, 1, 0, 0, 5), UTC)).toBe(Date.UTC(2026, 11, 31, 23, 59, 59));
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        const ms = lineTime(line, NEAR, UTC);
        expect(ms === undefined || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});
