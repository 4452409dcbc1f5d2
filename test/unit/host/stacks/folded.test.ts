import { describe, expect, test } from '@jest/globals';
import { createFoldedStacks, LEFT_OUT, OTHERS } from '../../../../src/host/stacks/goroutines/folded.ts';
import { summaryOf } from '../../../../src/host/stacks/goroutines/sample-summary.ts';

function linesOf(stacks: readonly (readonly string[])[], bounds = { maxStacks: 100, maxText: 10_000 }): string[] {
  const folded = createFoldedStacks(bounds);
  for (const stack of stacks) folded.add(stack);
  return [...folded.lines()];
}

describe('folded stacks', () => {
  test('are counted, the most frequent first', () => {
    expect(linesOf([['main', 'a'], ['main', 'b'], ['main', 'b'], ['main']])).toEqual([
      'main;b 2\n',
      'main;a 1\n',
      'main 1\n',
    ]);
  });

  test('are not broken by a name', () => {
    expect(linesOf([['a;b\nc', 'f 9', '\u001b[2J\u0085']])).toEqual(['a?b?c;f 9;?[2J? 1\n']);
  });

  test('keep both ends of a deep one', () => {
    const deep = Array.from({ length: 5000 }, (_, i) => `f${String(i)}`);
    const [line = ''] = linesOf([deep, deep.slice(0, 4000)]);
    const frames = line.replace(/ \d+\n$/, '').split(';');
    expect(frames).toHaveLength(101);
    expect([frames[0], frames[49], frames[50], frames[51], frames[100]]).toEqual([
      'f0',
      'f49',
      LEFT_OUT,
      'f4950',
      'f4999',
    ]);
  });

  test('that differ by their depth alone are one', () => {
    const recursion = (depth: number): string[] => Array.from({ length: depth }, () => 'f');
    expect(linesOf([recursion(200), recursion(300)])).toHaveLength(1);
  });

  test.each([
    ['stacks', { maxStacks: 2, maxText: 10_000 }],
    ['text', { maxStacks: 100, maxText: 2 }],
  ])('have a bound of %s, and none is lost', (_what, bounds) => {
    expect(linesOf([['a'], ['b'], ['c'], ['d'], ['d'], ['a']], bounds)).toEqual([`${OTHERS} 3\n`, 'a 2\n', 'b 1\n']);
  });
});

describe('the summary of samples', () => {
  const counts = { samples: 100, busy: 0, failed: 0, stacks: 0, running: 0, torn: 0, incomplete: 0 };

  test('says that nothing ran', () => {
    expect(summaryOf({ ...counts, durationMs: 10_003, cpuMs: 0 })).toBe(
      '100 samples, 0.00 s of CPU time in 10.00 s; no goroutine ran, or waited for a CPU, in any of them.',
    );
  });

  test('says what ran, and what of it is not known', () => {
    const told = { ...counts, busy: 97, failed: 1, stacks: 240, running: 60, torn: 2, incomplete: 3 };
    expect(summaryOf({ ...told, durationMs: 10_000, cpuMs: 9870 })).toBe(
      '100 samples, 9.87 s of CPU time in 10.00 s; in 97 of them a goroutine ran or waited for a CPU, 240 stacks in all; ' +
        '60 ran their own code at that moment, so that their stack is not known; 2 went on while they were read; ' +
        '3 are incomplete; 1 samples were not read to their end.',
    );
  });

  test('is no folded stack to those that read them', () => {
    expect(`# ${summaryOf({ ...counts, durationMs: 1, cpuMs: 0 })}`).not.toMatch(/\s\d+(?:\.\d*)?$/);
  });
});
