import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logClues } from '../../../src/core/evidence/log-clues.ts';

const KERNEL = {
  name: 'kernel.log',
  text: 'boot\n[1.0] nfs: server a not responding\n[2.0] nfs: server a not responding\n[3.0] INFO: task runc:12 blocked\n',
};

describe('logClues', () => {
  test('gives matching lines with their file, once for lines that differ in digits only, the newest of them', () => {
    expect(logClues([KERNEL], ['not responding', /blocked/])).toEqual([
      'kernel.log: [2.0] nfs: server a not responding',
      'kernel.log: [3.0] INFO: task runc:12 blocked',
    ]);
  });

  test('keeps one line of each pattern before more of the same', () => {
    const noise = { name: 'a', text: Array.from('abcdefghij', (c) => `x ${c}`).join('\n') };
    const clues = logClues([KERNEL, noise], ['not responding', 'x '], { maxLines: 3, maxLength: 100 });
    expect(clues).toEqual(['kernel.log: [2.0] nfs: server a not responding', 'a: x i', 'a: x j']);
  });

  test('never exceeds its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 })), fc.integer({ min: 1, max: 5 }), (lines, maxLines) => {
        const clues = logClues([{ name: 'n', text: lines.join('\n') }], [/./], { maxLines, maxLength: 20 });
        expect(clues.length).toBeLessThanOrEqual(maxLines);
        expect(clues.every((clue) => clue.length <= 20)).toBe(true);
      }),
    );
  });

  test('reads a large log in bounded memory and time', () => {
    const text = Array.from(
      { length: 200_000 },
      (_, i) => `line ${'abcdef'[i % 6] ?? ''}${i.toString(26)} blocked`,
    ).join('\n');
    const started = performance.now();
    expect(logClues([{ name: 'n', text }], ['blocked'])).toHaveLength(32);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
