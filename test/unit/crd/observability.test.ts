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

describe('the reference', () => {
  test('has no metric that is counted nowhere', () => {
    expect(Object.keys(METRICS).filter((name) => !CODE.includes(`'${name}'`))).toEqual([]);
  });

  test('names counters and histograms as Prometheus does', () => {
    for (const [name, { type }] of Object.entries(METRICS)) {
      const suffix = { counter: /_total$/, histogram: /_seconds$/, gauge: /(?<!_total|(?<!_timestamp)_seconds)$/ }[
        type
      ];
      expect(name).toMatch(suffix);
    }
  });

  test('has no error code that is thrown nowhere', () => {
    expect(Object.keys(ERROR_CODES).filter((code) => !CODE.includes(`'${code}'`))).toEqual([]);
  });

  test('has no event that is sent nowhere', () => {
    const sent = (reason: string): boolean =>
      CODE.includes(`event: '${reason}'`) || CODE.includes(`reason: '${reason}'`);
    expect(Object.keys(EVENT_REASONS).filter((reason) => !sent(reason))).toEqual([]);
  });
});
