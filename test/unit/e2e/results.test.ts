import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { signsOf } from '../../e2e/health-watch.ts';
import { faultsPage, measurementsPage } from '../../e2e/results/pages.ts';
import { type FaultRow, type Figure, merge, readResults, type Results } from '../../e2e/results/results.ts';

const MEASURED = { on: '2026-11-27', kubelet: 'v1.36.1', runtime: 'containerd://1.6.20' };
const LATER = { on: '2026-11-28', kubelet: 'v1.36.3', runtime: 'containerd://1.6.20' };
const ORDER = ['first', 'second'];

function figure(scenario: string, value: number): Figure {
  return { scenario, what: 'fault to sign', value, limit: 20, unit: 's' };
}

function fault(row: Partial<FaultRow>): FaultRow {
  const diagnosis = 'kubelet-frozen (KubeletSilent, High)';
  const seen = { sign: 'the kubelet is Frozen', signAfter: 8.21, trigger: 'KubeletSilent', diagnosis };
  return { scenario: 'first', fault: 'frozen', ...seen, answer: 'RestartKubelet', ...row };
}

function page(row: Partial<FaultRow>): string {
  return faultsPage({ figures: [], faults: [{ ...fault(row), measured: MEASURED }] });
}

describe('what the end-to-end suite has measured', () => {
  const old: Results = {
    figures: [
      { ...figure('second', 2), measured: MEASURED },
      { ...figure('first', 1), measured: MEASURED },
      { ...figure('gone', 3), measured: MEASURED },
    ],
    faults: [],
  };

  it('keeps rows of scenarios that did not run, in the order of the suite, and none of one that is gone', () => {
    const { figures } = merge(old, { figures: [figure('second', 9)], faults: [] }, () => LATER, ORDER);
    expect(figures.map(({ scenario, value, measured }) => [scenario, value, measured.on])).toEqual([
      ['first', 1, '2026-11-27'],
      ['second', 9, '2026-11-28'],
    ]);
  });

  it.each([
    ['another minor', { ...LATER, kubelet: 'v1.34.4' }, [5, 1]],
    ['another runtime', { ...LATER, runtime: 'cri-o://1.34.0' }, [1, 5]],
  ])('keeps rows beside those of %s, which replace their own kind', (_, other, values) => {
    const run = (value: number, measured: typeof LATER, before: Results): Results =>
      merge(before, { figures: [figure('first', value)], faults: [] }, () => measured, ['first']);
    const { figures } = run(5, other, run(4, other, old));
    expect(figures.map(({ value }) => value)).toEqual(values);
  });

  it('says with what each row was measured', () => {
    const text = measurementsPage(merge(old, { figures: [], faults: [] }, () => LATER, ORDER));
    expect(text).toContain('2026-11-27, v1.36.1, containerd 1.6.20');
  });

  it('is what the pages say', () => {
    const results = readResults();
    expect(readFileSync('docs/measurements.md', 'utf8')).toBe(measurementsPage(results));
    expect(readFileSync('docs/reference/faults.md', 'utf8')).toBe(faultsPage(results));
  });
});

describe('the row of a fault', () => {
  it('counts from the fault, and from the breach line where there is one', () => {
    expect(page({ actedAfter: 49.2, readyAfter: 50 })).toMatch(/ 49\.2 s +\| 50\.0 s /);
    expect(page({ actedAfter: 182.6, readyAfter: 192.4, lineAfter: 180.5 })).toMatch(
      / 182\.6 s \(line \+ 2\.1 s\) \| 192\.4 s \(line \+ 11\.9 s\) /,
    );
  });

  it('says that nothing was done, and that a node was never lost', () => {
    expect(page({ answer: 'HandedOver, HeldByPerson: a | b' })).toMatch(/ a \\\| b +\| never \| left to a person /);
    expect(page({ actedAfter: 40, readyAfter: -20, staysReady: true })).toMatch(/ 40\.0 s +\| never lost /);
  });
});

describe('what a KubeletHealth says that is not well', () => {
  it.each([
    ['Running|Running|Answered|Healthy|Ok', []],
    ['||||', []],
    ['Masked|Running|Answered|Unknown|KubeletSilent', ['the kubelet is Masked', 'PLEG is Unknown (KubeletSilent)']],
    ['Running|Failed|Unavailable|Healthy|', ['the runtime is Failed', 'the CRI probe says Unavailable']],
  ])('%s', (line, signs) => {
    expect(signsOf(line)).toEqual(signs);
  });
});
