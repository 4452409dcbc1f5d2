import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { CATALOGUE } from '../../../src/core/diagnosis/catalogue/catalogue.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { LOG_CASES } from './cases/expected-logs.ts';
import { DUMP_CASES } from './cases/expected.ts';
import { CATALOGUE_CASES, type CatalogueCase } from './catalogue-cases.ts';

const HOST = { at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [] };

function verdictOf({ dump, log, host, probe, kubeletVersion, runtimeVersion }: CatalogueCase): Diagnosis {
  return diagnose({
    dumps: dump === undefined ? [] : [{ name: 'dump.txt', text: dump }],
    logs: log === undefined ? [] : [{ name: 'node.log', text: log }],
    probe: probe ?? 'Unknown',
    host: host === undefined ? undefined : { ...HOST, ...host },
    kubeletVersion,
    runtimeVersion,
  });
}

function unzipped(name: string): string {
  return gunzipSync(readFileSync(new URL(`cases/${name}`, import.meta.url))).toString('utf8');
}

describe('the catalogue', () => {
  test.each(CATALOGUE_CASES)('diagnoses $id', (capture) => {
    const verdict = verdictOf(capture);
    expect(verdict.cause).toBe(capture.id);
    if (capture.dump !== undefined) expect(verdict.confidence).not.toBe('Low');
    expect(Diagnosis.parse(verdict)).toEqual(verdict);
  });

  test('has a capture of each cause', () => {
    const captured = new Set(CATALOGUE_CASES.map(({ id }) => id));
    for (const { dumps = [], log, probe, host, kubeletVersion, runtimeVersion } of [...DUMP_CASES, ...LOG_CASES]) {
      const verdict = diagnose({
        dumps: dumps.map((name) => ({ name, text: unzipped(name) })),
        logs: log === undefined ? [] : [{ name: 'kubelet.log', text: log }],
        probe: probe ?? 'Unknown',
        host: host === undefined ? undefined : { ...HOST, ...host },
        kubeletVersion,
        runtimeVersion,
      });
      captured.add(verdict.cause);
    }
    expect(CATALOGUE.map(({ id }) => id).filter((id) => !captured.has(id))).toEqual([]);
  });

  test('has at least 42 causes, each with an id of its own and within the bounds of the API', () => {
    const ids = CATALOGUE.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(42);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z0-9]+(?:-[a-z0-9]+)+$/.test(id))).toEqual([]);
    expect(CATALOGUE.filter(({ class: one, references }) => one !== 'Healthy' && references.length === 0)).toEqual([]);
  });

  test('names only causes that exist as explained', () => {
    const ids = new Set(CATALOGUE.map(({ id }) => id));
    expect(CATALOGUE.flatMap(({ explains }) => explains ?? []).filter((id) => !ids.has(id))).toEqual([]);
  });

  test('has patterns for logs that are global', () => {
    const patterns = CATALOGUE.flatMap(({ signs }) => signs).flatMap((sign) =>
      sign.kind === 'log' ? [sign.pattern] : [],
    );
    expect(patterns.filter(({ global }) => !global)).toEqual([]);
  });
});
