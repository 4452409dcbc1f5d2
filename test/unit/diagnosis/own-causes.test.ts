/** Causes of the user's own beside the catalogue: what they add, and what they cannot change. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CauseClass, Diagnosis, RestartEffect } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { HostSummary, MAX_CLUES } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import type { Action } from '../../../src/api/v1alpha1/kinds/policy.ts';
import { isHarmful } from '../../../src/core/decision/actions.ts';
import { chooseAction } from '../../../src/core/decision/choose-action.ts';
import { CATALOGUE } from '../../../src/core/diagnosis/catalogue/catalogue.ts';
import type { Cause } from '../../../src/core/diagnosis/catalogue/cause.ts';
import { CLUE_PATTERNS, cluePatterns } from '../../../src/core/diagnosis/clues/clue-patterns.ts';
import { boundedClues, logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import type { DiagnosisInput } from '../../../src/core/diagnosis/diagnosis-input.ts';
import { aDiagnosisInput, named } from '../../support/builders/diagnosis-input.ts';
import { LOG_CASES } from './cases/expected-logs.ts';
import { DUMP_CASES } from './cases/expected.ts';
import { REPORTS } from './cases/public-logs.ts';
import { CATALOGUE_CASES } from './catalogue-cases.ts';
import { cases } from '../../support/sizes.ts';

const HOST: HostSummary = { at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [] };

function unzipped(name: string): string {
  return gunzipSync(readFileSync(new URL(`cases/${name}`, import.meta.url))).toString('utf8');
}

const CASES: readonly DiagnosisInput[] = [
  ...CATALOGUE_CASES.map(({ dump, log, host, ...rest }) => ({
    ...aDiagnosisInput({ dumps: named('dump.txt', dump), logs: named('kubelet.log', log) }),
    ...rest,
    host: host === undefined ? undefined : { ...HOST, ...host },
  })),
  ...[...DUMP_CASES, ...LOG_CASES].map(({ dumps = [], log, probe = 'Unknown', kubeletVersion }) =>
    aDiagnosisInput({
      dumps: dumps.map((name) => ({ name, text: unzipped(name) })),
      logs: named('kubelet.log', log),
      probe,
      kubeletVersion,
    }),
  ),
  ...REPORTS.map(({ text }) => aDiagnosisInput({ logs: named('kubelet.log', text) })),
];

function anOwnCause(part: Partial<Cause> = {}): Cause {
  return {
    id: 'ours',
    class: 'KubeletDeadlock',
    summary: 'Ours.',
    signs: [{ kind: 'probe', states: ProbeState.options, weight: 0.95 }],
    restartKubelet: 'Helps',
    restartRuntime: 'Helps',
    recommendation: 'Look.',
    references: [],
    ...part,
  };
}

const anyOwnCause = fc.record({
  class: fc.constantFrom(...CauseClass.options.filter((one) => one !== 'Healthy' && one !== 'Unknown')),
  restartKubelet: fc.constantFrom(...RestartEffect.options),
  restartRuntime: fc.constantFrom(...RestartEffect.options),
  explains: fc.constantFrom(
    [],
    CATALOGUE.map(({ id }) => id),
  ),
  weight: fc.constantFrom(0.31, 0.5, 0.6, 0.9, 0.99),
});

describe('a cause of the user', () => {
  test('is named as one, and within the bounds of the API however long its words are', () => {
    const summary = `${'x'.repeat(504)}{method}`;
    const input = aDiagnosisInput({ ownCauses: [anOwnCause({ summary, recommendation: 'y'.repeat(1024) })] });
    const verdict = diagnose({ ...input, dumps: named('dump.txt', unzipped('runtime-hung.txt.gz')) });
    expect(verdict).toMatchObject({ cause: 'ours', own: true });
    expect(Diagnosis.parse(verdict)).toEqual(verdict);
  });

  test('that is as likely as another one does not make that one less sure', () => {
    for (const input of CASES) {
      const known = diagnose(input);
      const rival = anOwnCause({ class: 'Cni', signs: [{ kind: 'probe', states: [input.probe], weight: 0.31 }] });
      const beside = diagnose({ ...input, ownCauses: [rival] });
      if (beside.own !== true) expect({ ...beside, evidence: known.evidence }).toEqual(known);
    }
  });

  test('is no way around what the catalogue is sure of, and chooses no act that the policy does not allow', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CASES),
        fc.constantFrom(...ProbeState.options),
        fc.subarray<Action>(['RestartKubelet', 'RestartRuntime', 'RebootNode']),
        anyOwnCause,
        (input, probe, allowed, { weight, ...own }) => {
          const cause = anOwnCause({ ...own, signs: [{ kind: 'probe', states: [probe], weight }] });
          const known = diagnose({ ...input, probe });
          const verdict = diagnose({ ...input, probe, ownCauses: [cause] });
          const choice = chooseAction({ diagnosis: verdict, probe, allowed, tried: [], before: [] });
          const isSure = known.confidence !== 'Low' && known.class !== 'Unknown';
          if (known.class !== 'Healthy') expect(verdict.class).not.toBe('Healthy');
          else if (isSure) expect(verdict).toEqual({ ...known, evidence: verdict.evidence });
          if (known.restartKubelet === 'Harms') expect(verdict.restartKubelet).toBe('Harms');
          if (isSure) expect(verdict.confidence).not.toBe('Low');
          if (choice.kind !== 'Act') return;
          expect(allowed).toContain(choice.action);
          if (isSure) expect(isHarmful(choice.action, known)).toBe(false);
        },
      ),
      { numRuns: cases(150) },
    );
  });
});

/** Thirty-two patterns that match nearly all lines in many places, and are of no weight. */
const NOISE: readonly Cause[] = [
  anOwnCause({
    signs: 'a b c d e f g h i j k l m n o p q r s t u v w x y z : = . " / ]'.split(' ').map((letter) => ({
      kind: 'log',
      pattern: new RegExp(`[${letter === ']' ? '\\]' : letter}]`, 'g'),
      weight: 0.001,
    })),
  }),
];

describe('the clues of a log', () => {
  test('say to the catalogue what they say without patterns of the user, however many lines those match', () => {
    const patterns = cluePatterns(NOISE);
    const flood = Array.from(
      { length: 400 },
      (_, at) => `I1124 09:00:00.000000 95 a.go:${String(at)}] ${'q'.repeat(at % 26)}`,
    );
    for (const { logs, ...input } of CASES) {
      const [log] = logs;
      if (log === undefined || !('text' in log)) continue;
      const text = `${flood.join('\n')}\n${log.text}`;
      const verdictBy = (all = CLUE_PATTERNS): string => {
        const clues = boundedClues(logCluesOf({ name: 'kubelet.log', text }, MAX_CLUES, all), all);
        const host = HostSummary.parse({ ...HOST, ...input.host, logClues: clues });
        return diagnose({ ...input, logs: [], host }).cause;
      };
      expect(verdictBy(patterns)).toBe(verdictBy());
    }
  });

  test('of each callee are kept before those of the user', () => {
    const callees = [
      'cni plugin',
      'StartTransientUnit',
      'MountVolume',
      'device plugin',
      'runc',
      'RunPodSandbox',
      'StopContainer',
    ];
    const calls = callees.map((callee, at) => `E1124 09:00:0${String(at)}.000000 95 a.go:1] ${callee} timed out`);
    const signs = Array.from(
      { length: 32 },
      (_, at) => ({ kind: 'log', pattern: new RegExp(`frob${String(at)};`, 'g'), weight: 0.5 }) as const,
    );
    const own = signs.map((_, at) => `I1124 09:01:${String(at + 10)}.000000 95 a.go:2] frob${String(at)};`);
    const all = cluePatterns([anOwnCause({ signs })]);
    const clues = boundedClues(
      logCluesOf({ name: 'kubelet.log', text: [...calls, ...own].join('\n') }, MAX_CLUES, all),
      all,
    );
    expect(clues.map(({ line }) => line).filter((line) => line.endsWith('timed out'))).toEqual(calls);
    expect(clues).toHaveLength(MAX_CLUES);
  });

  test('tell the lines of the catalogue apart as before where the user has written the same pattern', () => {
    const same = CLUE_PATTERNS.map(
      ({ pattern }) => ({ kind: 'log', pattern: new RegExp(pattern.source, pattern.flags), weight: 0.5 }) as const,
    );
    expect(cluePatterns([anOwnCause({ signs: same })])).toEqual(CLUE_PATTERNS);
  });
});

test('a sign of the version of the runtime is found each time that it is looked for', () => {
  const signs = [{ kind: 'runtime-version', pattern: /acme/gm, weight: 0.9 }] as const;
  const input = aDiagnosisInput({
    runtimeVersion: 'containerd 1.7.27-acme',
    ownCauses: [anOwnCause({ signs: [...signs] })],
  });
  expect([1, 2, 3].map(() => diagnose(input).own)).toEqual([true, true, true]);
});
