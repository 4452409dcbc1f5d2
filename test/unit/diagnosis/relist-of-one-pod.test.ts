import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';

function dumpsOf(folder: string): readonly string[] {
  return [1, 2].map((round) => {
    const file = new URL(`../../fixtures/kubelet/${folder}/goroutines-${String(round)}.txt.gz`, import.meta.url);
    return gunzipSync(readFileSync(file)).toString('utf8');
  });
}

/** As newer kubelets (seen in 1.36) relist one pod that has just changed: `relistPod` in `pleg/generic.go`. */
function ofOnePod(dump: string): string {
  return dump
    .replaceAll('(*kubeGenericRuntimeManager).GetPods(', '(*kubeGenericRuntimeManager).GetPod(')
    .replaceAll('(*GenericPLEG).Relist(', '(*GenericPLEG).relistPod(');
}

function verdictOf(dumps: readonly string[], probe: ProbeState): Partial<Diagnosis> {
  const {
    cause,
    class: kind,
    confidence,
    restartKubelet,
    restartRuntime,
    relist,
    summary,
    fingerprint,
  } = diagnose({
    dumps: dumps.map((text, i) => ({ name: `dump-${String(i)}.txt`, text })),
    logs: [],
    probe,
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
  return { cause, class: kind, confidence, restartKubelet, restartRuntime, relist, summary, fingerprint };
}

describe.each(['1.36.3', '1.37.2'])('kubelet %s in a relist of one pod', (version) => {
  test.each([
    ['runtime-hung', 'Unknown'],
    ['runtime-hung', 'Timeout'],
    ['connection-frozen', 'Answered'],
  ] as const)('%s, the probe says %s: as in a relist of all', (fault, probe) => {
    const dumps = dumpsOf(`${version}-${fault}`);
    const ofOne = dumps.map(ofOnePod);
    expect(ofOne).not.toEqual(dumps);
    const verdict = verdictOf(ofOne, probe);
    expect(verdict.relist).toBe('Stuck');
    expect(verdict).toEqual(verdictOf(dumps, probe));
  });
});
