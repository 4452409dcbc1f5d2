import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPlegScanner, type PlegHit, scanForPleg } from '../../../src/core/detection/scan.ts';

const BREACH =
  'E1124 kubelet.go:2646] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s"';

function inChunks(bytes: Buffer, size: number): PlegHit[] {
  const hits: PlegHit[] = [];
  const scanner = createPlegScanner((hit) => hits.push(hit));
  for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
  scanner.end();
  return hits;
}

describe('scanForPleg', () => {
  test('finds lines in order, with the offset of their first byte', () => {
    const log = Buffer.from(
      `ordinary\n${BREACH}\r\nI0 server.go] "Kubelet version" kubeletVersion="v1.36.3"\nlast PLEG is not`,
    );
    expect(scanForPleg(log).map((hit) => [hit.offset, hit.line.kind])).toEqual([
      [9, 'breach'],
      [9 + BREACH.length + 2, 'kubelet-start'],
    ]);
  });

  test('a line that two hints are in is one hit', () => {
    const log = Buffer.from('err="[container runtime is down, PLEG is not healthy: pleg has yet to be successful]"');
    expect(scanForPleg(log)).toHaveLength(1);
  });

  test('the last line needs no newline', () => {
    expect(scanForPleg(Buffer.from(`x\n${BREACH}`))).toHaveLength(1);
  });

  test('a hint late in a line of megabytes is found', () => {
    const log = Buffer.concat([Buffer.alloc(3_000_000, 0x61), Buffer.from(BREACH), Buffer.from('\n')]);
    expect(scanForPleg(log)).toHaveLength(1);
  });

  test('however the stream is cut, the hits are the same', () => {
    const line = fc.oneof(fc.constant(BREACH), fc.string({ maxLength: 60 }), fc.constant('PLEG is not healthy'));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.integer({ min: 1, max: 200 }), (lines, size) => {
        const log = Buffer.from(lines.join('\n'));
        expect(inChunks(log, size)).toEqual(scanForPleg(log));
      }),
    );
  });

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.uint8Array({ maxLength: 2000 }), (a, b) => {
        const bytes = Buffer.concat([a, Buffer.from(BREACH), b]);
        expect(scanForPleg(bytes).length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
