import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePlegLine } from '../../../src/core/detection/pleg-line.ts';
import { formatDuration } from '../../../src/core/time/duration.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const TEXT = 'PLEG is not healthy: pleg was last seen active 3m5.320829963s ago; threshold is 3m0s';

describe('a breach is read from every form of the line', () => {
  test.each([
    [
      '1.7 to 1.12, space list',
      `I0902 22:01:59.607732    9010 kubelet.go:1752] skipping pod synchronization - [${TEXT}]`,
      [],
    ],
    [
      '1.11, space list of two',
      `I0902 22:01:59.607732    9010 kubelet.go:1752] skipping pod synchronization - [container runtime is down ${TEXT}]`,
      ['container runtime is down'],
    ],
    [
      '1.14, single and bare',
      `E1020 11:05:30.012345    9010 kubelet.go:1844] skipping pod synchronization - ${TEXT}`,
      [],
    ],
    [
      '1.16, comma aggregate',
      `E1207 15:16:22.530073   14756 kubelet.go:1846] skipping pod synchronization - [container runtime is down, ${TEXT}]`,
      ['container runtime is down'],
    ],
    [
      '1.20, structured',
      `E0806 07:59:04.839883    1498 kubelet.go:1991] "Skipping pod synchronization" err="${TEXT}"`,
      [],
    ],
    [
      '1.36, structured aggregate',
      `E1124 10:09:33.815416      95 kubelet.go:2646] "Skipping pod synchronization" err="[container runtime is down, ${TEXT}]"`,
      ['container runtime is down'],
    ],
    [
      '1.36, contextual logger',
      `E1124 10:09:33.815416      95 kubelet.go:2646] "Skipping pod synchronization" logger="kubelet" err="[${TEXT}, runtime x]"`,
      ['runtime x'],
    ],
    [
      'JSON',
      `{"ts":1745319662553.902,"caller":"kubelet/kubelet.go:2646","msg":"Skipping pod synchronization","err":"[container runtime is down, ${TEXT}]"}`,
      ['container runtime is down'],
    ],
    [
      'journald short',
      `Nov 24 10:09:33 node-1 kubelet[95]: E1124 10:09:33.815416      95 kubelet.go:2646] "Skipping pod synchronization" err="${TEXT}"`,
      [],
    ],
    ['a condition', TEXT, []],
    ['a condition of several', `[container runtime is down, ${TEXT}, a, b]`, ['container runtime is down', 'a', 'b']],
    ['an old condition, commas without spaces', `container runtime is down,${TEXT}`, ['container runtime is down']],
    [
      'Node became not ready, to 1.19',
      `kubelet_node_status.go:682] Node became not ready: {Type:Ready Status:False Reason:KubeletNotReady Message:${TEXT}}`,
      [],
    ],
    [
      'Node became not ready, JSON',
      `setters.go:600] "Node became not ready" condition={"type":"Ready","status":"False","reason":"KubeletNotReady","message":"${TEXT}"}`,
      [],
    ],
    [
      'wrapped by a terminal',
      'skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m5.32 0829963s ago;  threshold is 3m0s]',
      [],
    ],
  ])('%s', (_form, line, others) => {
    expect(parsePlegLine(line)).toEqual({
      kind: 'breach',
      elapsedMs: 185_320.829963,
      elapsedText: '3m5.320829963s',
      thresholdMs: 180_000,
      thresholdText: '3m0s',
      otherReasons: others,
    });
  });

  test('the threshold is what the line says: EventedPLEG makes it ten minutes', () => {
    const line = 'PLEG is not healthy: pleg was last seen active 10m0.5s ago; threshold is 10m0s';
    expect(parsePlegLine(line)).toMatchObject({ kind: 'breach', thresholdMs: 600_000, elapsedMs: 600_500 });
  });

  test('a negative elapsed, of a clock that went back, is read', () => {
    const line = 'PLEG is not healthy: pleg was last seen active -1.5s ago; threshold is 3m0s';
    expect(parsePlegLine(line)).toMatchObject({ kind: 'breach', elapsedMs: -1500 });
  });

  test('an EventedPLEG reason beside it does not hide it', () => {
    const line = `err="[${TEXT}, EventedPLEG is not healthy: EventedPLEG: pleg event channel capacity is full with 1000 events]"`;
    expect(parsePlegLine(line)).toMatchObject({
      kind: 'breach',
      otherReasons: [expect.stringContaining('1000 events')],
    });
  });
});

describe('other lines', () => {
  test.each([
    [
      '"Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"',
      { kind: 'never-relisted', otherReasons: ['container runtime status check may not have completed yet'] },
    ],
    [
      'skipping pod synchronization - [container runtime is down PLEG is not healthy: pleg was last seen active 2562047h47m16.854775807s ago; threshold is 3m0s]',
      { kind: 'never-relisted', otherReasons: ['container runtime is down'] },
    ],
    [
      '"Skipping pod synchronization" err="EventedPLEG is not healthy: EventedPLEG: pleg event channel capacity is full with 1000 events"',
      { kind: 'evented-full', events: 1000, otherReasons: [] },
    ],
    ['"Skipping pod synchronization" err="container runtime is down"', { kind: 'runtime-down' }],
    [
      'I0229 18:37:39.342791    4318 kubelet.go:2341] skipping pod synchronization - [container runtime is down]',
      { kind: 'runtime-down' },
    ],
    [
      '"GenericPLEG: Unable to retrieve pods" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded"',
      { kind: 'relist-failed' },
    ],
    ['generic.go:193] GenericPLEG: Unable to retrieve pods: rpc error: code = Unknown', { kind: 'relist-failed' }],
    [
      'I1124 10:05:02.774476      55 server.go:545] "Kubelet version" kubeletVersion="v1.36.3"',
      { kind: 'kubelet-start' },
    ],
    ['{"ts":1,"msg":"Kubelet version","kubeletVersion":"v1.36.3"}', { kind: 'kubelet-start' }],
    ['I0101 00:00:00.000000       1 kubelet.go:1820] Starting kubelet main sync loop.', { kind: 'kubelet-start' }],
    [
      '"Skipping pod synchronization" err="container runtime status check may not have completed yet"',
      { kind: 'none' },
    ],
    ['"SyncLoop (PLEG): event for pod" pod="default/p1"', { kind: 'none' }],
    ['"GenericPLEG" podUID="f0d2" oldState="non-existent" newState="running"', { kind: 'none' }],
    ['PLEG is not healthy: pleg was last seen active soon ago; threshold is 3m0s', { kind: 'none' }],
    ['', { kind: 'none' }],
  ])('%s', (line, expected) => {
    expect(parsePlegLine(line)).toEqual(expected);
  });

  test('the copy of a Node in the HTTP log of -v=8 is no news', () => {
    const body = `I1124 10:05:02 1 request.go:1212] "Response Body" body="{\\"message\\":\\"${TEXT}\\"}"`;
    expect(parsePlegLine(body)).toEqual({ kind: 'none' });
  });
});

describe('invariants', () => {
  test('any duration that Go prints comes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 48 }), (micros) => {
        const text = formatDuration(micros / 1000);
        const found = parsePlegLine(`PLEG is not healthy: pleg was last seen active ${text} ago; threshold is ${text}`);
        expect(found).toMatchObject({ kind: 'breach', elapsedText: text, thresholdText: text });
        if (found.kind === 'breach') expect(found.elapsedMs).toBeCloseTo(micros / 1000, 2);
      }),
    );
  });

  test('no text makes it throw, and words around a breach do not change it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        parsePlegLine(before);
        const found = parsePlegLine(`${before} ${TEXT} ${after}`);
        expect(['breach', 'none']).toContain(found.kind);
      }),
      { numRuns: 500 },
    );
  });

  test('a line of megabytes takes no more than a look', () => {
    const took = cpuMs(() => {
      expect(parsePlegLine('x'.repeat(8_000_000) + TEXT).kind).toBe('breach');
      expect(parsePlegLine('PLEG is not healthy'.repeat(300_000)).kind).toBe('none');
    });
    expect(took).toBeLessThan(500);
  });
});
