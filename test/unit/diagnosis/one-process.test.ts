/** Dumps that cannot be of one process are not compared: ids that are of two goroutines say so. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { areOfOneProcess } from '../../../src/core/diagnosis/analysis/one-process.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';
import type { Dump } from '../../../src/core/dump/goroutine.ts';

function fixture(name: string): Dump {
  return parseDump(readFileSync(new URL(`../../fixtures/kubelet/${name}.txt.gz`, import.meta.url)));
}

describe('real kubelets', () => {
  const first = fixture('1.36.3-connection-frozen/goroutines-1');

  test('one is found again', () => {
    expect(areOfOneProcess(first, fixture('1.36.3-connection-frozen/goroutines-2'))).toBe('yes');
  });

  test.each(['1.36.3-idle/goroutines-1', '1.36.3-connection-frozen-215s/goroutines-1', '1.37.2-idle/goroutines-1'])(
    'is another than %s',
    (other) => {
      expect(areOfOneProcess(first, fixture(other))).toBe('no');
      expect(areOfOneProcess(fixture(other), first)).toBe('no');
    },
  );

  test('a relist that was elsewhere in another process has not moved', () => {
    const dumps = ['1.36.3-idle/goroutines-1', '1.36.3-connection-frozen/goroutines-1'].map((name) => ({
      name,
      dump: fixture(name),
    }));
    const input = { logs: [], probe: 'Unknown', host: undefined, kubeletVersion: undefined, runtimeVersion: undefined };
    const alone = diagnose({ ...input, probe: 'Unknown', dumps: dumps.slice(1) });
    expect(diagnose({ ...input, probe: 'Unknown', dumps })).toMatchObject({
      cause: alone.cause,
      confidence: alone.confidence,
      relist: alone.relist,
    });
  });
});

const WORKERS = ['informer', 'manager', 'prober', 'eviction', 'pleg', 'server'];

/** As a process goes on: ids are given in order, and what an id is of stays. */
function dumpOf(creators: readonly string[], ids: readonly number[], state: string): Dump {
  const stacks = ids.map((id) => {
    const creator = creators[id] ?? 'x';
    return `goroutine ${id + 1} [${state}]:\nk8s.io/kubernetes/pkg/kubelet/${creator}.run(0xc000${(id * 4096).toString(16).padStart(6, '0')})\n\t/x.go:${id} +0x1\ncreated by k8s.io/kubernetes/pkg/kubelet/${creator}.Start in goroutine 1\n\t/x.go:1 +0x1\n`;
  });
  return parseDump(stacks.join('\n'));
}

const creators = fc.array(fc.constantFrom(...WORKERS), { minLength: 60, maxLength: 90 });

describe('any program', () => {
  test('is one process however many of its goroutines have ended or moved', () => {
    fc.assert(
      fc.property(creators, fc.array(fc.boolean(), { minLength: 90, maxLength: 90 }), (all, alive) => {
        const ids = all.map((_, id) => id);
        const later = ids.filter((id) => alive[id] === true);
        fc.pre(later.length > 10);
        expect(areOfOneProcess(dumpOf(all, ids, 'select'), dumpOf(all, later, 'IO wait, 3 minutes'))).toBe('yes');
      }),
      { numRuns: 40 },
    );
  });

  test('is none with another that has the same ids', () => {
    fc.assert(
      fc.property(creators, creators, (one, other) => {
        const shared = Math.min(one.length, other.length);
        fc.pre(one.slice(0, shared).filter((creator, id) => creator !== other[id]).length > shared / 10);
        const dump = dumpOf(
          one,
          one.map((_, id) => id),
          'select',
        );
        const second = dumpOf(
          other,
          other.map((_, id) => id),
          'select',
        );
        expect(areOfOneProcess(dump, second)).toBe('no');
      }),
      { numRuns: 40 },
    );
  });

  test('that says nothing of ids may be one', () => {
    const dump = parseDump(
      'goroutine profile: total 1\n1 @ 0x1\n#\t0x1\tk8s.io/kubernetes/pkg/kubelet.a+0x1\t/x.go:1\n',
    );
    expect(areOfOneProcess(dump, dump)).toBe('unknown');
  });
});
