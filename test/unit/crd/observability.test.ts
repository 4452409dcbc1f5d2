import { describe, expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { ERROR_CODES } from '../../../src/api/v1alpha1/error-codes.ts';
import { EVENT_REASONS } from '../../../src/api/v1alpha1/event-reasons.ts';
import { METRICS } from '../../../src/api/v1alpha1/metrics.ts';

const ROOT = new URL('../../../', import.meta.url);
const CODE = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((path) => !path.startsWith('src/api/'))
  .map((path) => readFileSync(new URL(path, ROOT), 'utf8'))
  .join('\n');

/** The first group of each match, sorted, once each. */
function found(pattern: RegExp): readonly string[] {
  return [...new Set([...CODE.matchAll(pattern)].map((match) => match[1] ?? ''))].sort();
}

describe('the reference', () => {
  test('has every metric that is counted', () => {
    const counted = found(/metrics\s*\.(?:count|gauge|observe)\(\s*'([a-z_]+)'/g);
    expect(counted.length).toBeGreaterThan(5);
    expect(counted.filter((name) => METRICS[name] === undefined)).toEqual([]);
  });

  test('has no metric that is counted nowhere', () => {
    expect(Object.keys(METRICS).filter((name) => !CODE.includes(`'${name}'`))).toEqual([]);
  });

  test('names counters and histograms as Prometheus does', () => {
    for (const [name, { type }] of Object.entries(METRICS)) {
      const suffix = { counter: /_total$/, histogram: /_seconds$/, gauge: /(?<!_total|_seconds)$/ }[type];
      expect(name).toMatch(suffix);
    }
  });

  test('has every error code that is thrown', () => {
    const thrown = found(/'(E_[A-Z_]+[A-Z])'/g);
    expect(thrown.length).toBeGreaterThan(10);
    expect(thrown.filter((code) => ERROR_CODES[code] === undefined)).toEqual([]);
  });

  test('has every event that a condition tells of', () => {
    const told = found(/\bevent: '([A-Za-z]+)'/g);
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((reason) => EVENT_REASONS[reason] === undefined)).toEqual([]);
  });
});
