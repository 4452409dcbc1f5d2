import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import type { CaptureCase } from './cases/capture-case.ts';
import { LOG_CASES } from './cases/expected-logs.ts';
import { DUMP_CASES } from './cases/expected.ts';

function textOf(name: string): string {
  const bytes = readFileSync(new URL(`cases/${name}`, import.meta.url));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function verdictOf({ dumps = [], log, probe, host, kubeletVersion, runtimeVersion }: CaptureCase): Diagnosis {
  return diagnose({
    dumps: dumps.map((name) => ({ name, text: textOf(name) })),
    logs: log === undefined ? [] : [{ name: 'kubelet.log', text: log }],
    probe: probe ?? 'Unknown',
    host: host === undefined ? undefined : { at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [], ...host },
    kubeletVersion,
    runtimeVersion,
  });
}

describe('captures', () => {
  test.each([...DUMP_CASES, ...LOG_CASES])('$name: $class', (capture) => {
    const verdict = verdictOf(capture);
    expect(capture.class).toContain(verdict.class);
    if (capture.cause !== undefined) expect(verdict.cause).toBe(capture.cause);
    if (capture.confidence !== undefined) expect(capture.confidence).toContain(verdict.confidence);
    if (verdict.class === 'Unknown') return;
    if (capture.kubelet !== undefined) expect(capture.kubelet).toContain(verdict.restartKubelet);
    if (capture.runtime !== undefined) expect(capture.runtime).toContain(verdict.restartRuntime);
  });
});
