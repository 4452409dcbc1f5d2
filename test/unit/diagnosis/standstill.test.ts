import { describe, expect, test } from '@jest/globals';
import { addToStandstill, type Standstill, standstillText } from '../../../src/core/diagnosis/analysis/standstill.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';

interface Goroutine {
  readonly id: number;
  /** As the dump has it: `select, 3 minutes`. */
  readonly state?: string;
  readonly line?: number;
  readonly args?: string;
}

function dumpText(...goroutines: readonly Goroutine[]): string {
  return goroutines
    .map(
      ({ id, state = 'select', line = 10, args = '0xc000123456' }) =>
        `goroutine ${String(id)} [${state}]:\n` +
        `k8s.io/kubernetes/pkg/kubelet.work(${args})\n\t/src/pkg/kubelet/work.go:${String(line)} +0x1\n` +
        'created by k8s.io/kubernetes/pkg/kubelet.start in goroutine 1\n\t/src/pkg/kubelet/start.go:7 +0x2\n',
    )
    .join('\n');
}

function standstillOf(...texts: readonly string[]): Standstill {
  const [first = '', ...others] = texts;
  return others.reduce<Standstill>(
    (before, text) => addToStandstill(before, parseDump(text)),
    addToStandstill(undefined, parseDump(first)),
  );
}

function idsOf({ standing }: Standstill): readonly number[] {
  return standing.flatMap(({ ids }) => ids);
}

describe('goroutines that stand still', () => {
  test.each<[string, readonly Goroutine[][], readonly number[]]>([
    ['are those of the same id, frames and wait', [[{ id: 5 }], [{ id: 5 }], [{ id: 5 }]], [5]],
    ['wait longer from dump to dump', [[{ id: 5 }], [{ id: 5, state: 'select, 2 minutes' }]], [5]],
    ['are not those that are at another line', [[{ id: 5 }], [{ id: 5, line: 11 }]], []],
    ['are not those that wait for something else', [[{ id: 5 }], [{ id: 5, state: 'semacquire' }]], []],
    ['are not those that went away and came back', [[{ id: 5 }], [{ id: 5, line: 11 }], [{ id: 5 }]], []],
    ['are not those that one dump lacks', [[{ id: 5 }], [{ id: 6 }], [{ id: 5 }]], []],
    ['are not new ones at the place of others', [[{ id: 5 }], [{ id: 5 }, { id: 6 }]], [5]],
    [
      'are not those that run or are about to',
      [
        [
          { id: 5, state: 'runnable' },
          { id: 6, state: 'syscall' },
        ],
        [
          { id: 5, state: 'runnable' },
          { id: 6, state: 'syscall' },
        ],
      ],
      [6],
    ],
  ])('%s', (_name, dumps, expected) => {
    expect(idsOf(standstillOf(...dumps.map((goroutines) => dumpText(...goroutines))))).toEqual(expected);
  });

  test('come in the order of their wait, the longest first', () => {
    const dump = dumpText(
      { id: 5, line: 1 },
      { id: 6, line: 2, state: 'chan receive, 9 minutes' },
      { id: 7, line: 3, state: 'select, 4 minutes' },
    );
    expect(idsOf(standstillOf(dump, dump))).toEqual([6, 7, 5]);
  });

  test('are none where the dump has no ids', () => {
    const counts =
      'goroutine profile: total 3\n3 @ 0x1 0x2\n#\t0x1\tk8s.io/kubernetes/pkg/kubelet.work+0x1\t/src/work.go:10\n';
    const { goroutines, standing } = standstillOf(counts, counts);
    expect(goroutines).toBe(3);
    expect(standing).toEqual([]);
  });
});

describe('the text of a standstill', () => {
  test('says how many stand still, and where', () => {
    const first = dumpText({ id: 5, state: 'semacquire, 3 minutes' }, { id: 6 });
    const second = dumpText({ id: 5, state: 'semacquire, 4 minutes' }, { id: 6, line: 11 });
    expect(standstillText(standstillOf(first, second))).toBe(
      [
        '1 of 2 goroutines have not moved: same id, frames and wait in 2 dumps.',
        '',
        '1 [semacquire, up to 4 minutes]: goroutine 5',
        '  k8s.io/kubernetes/pkg/kubelet.work',
        '      /src/pkg/kubelet/work.go:10',
        '  created by k8s.io/kubernetes/pkg/kubelet.start',
      ].join('\n'),
    );
  });

  test('has a bound', () => {
    const many = dumpText(...Array.from({ length: 5_000 }, (_, i) => ({ id: i + 1, line: i % 300 })));
    const text = standstillText(standstillOf(many, many));
    expect(text).toContain('5000 of 5000 goroutines');
    expect(text).toContain('and 100 more stacks');
    const one = dumpText(...Array.from({ length: 40 }, (_, i) => ({ id: i + 1 })));
    expect(standstillText(standstillOf(one, one))).toContain('15, 16, and 24 more');
  });
});
