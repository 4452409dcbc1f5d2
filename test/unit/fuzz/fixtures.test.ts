/** Captures of real programs: the right cause or honestly none, and never a wrong one with high confidence. */
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { type Fixture, inputOf, readFixtures } from './fixture.ts';
import { IS_LONG } from '../../support/sizes.ts';

const FIXTURES = readFixtures('kubelet');
/** Each file stands alone: one program, built by one Go toolchain, dumped in one form. */
const PROGRAMS = readFixtures('programs-dumps').flatMap((fixture) =>
  fixture.files.map((file) => ({ ...fixture, file: file.name, files: [file] })),
);

/** What is asked of less than a whole capture; of each third one in `npm test`. */
const IN_PARTS = FIXTURES.filter((_, index) => IS_LONG || index % 3 === 0);

const verdicts = new Map<string, Diagnosis>();

/** What several tests look at is made once. */
function verdictOf({ name, files }: Fixture, probe: ProbeState): Diagnosis {
  const key = JSON.stringify([name, files.map((file) => file.name), probe]);
  const verdict = verdicts.get(key) ?? diagnose(inputOf(files, probe));
  verdicts.set(key, verdict);
  return verdict;
}

function isRight({ cause }: Diagnosis, { expected }: Fixture): boolean {
  return expected.causes.includes(cause);
}

/** Something is left out, so that less may be known; what is said with high confidence must hold all the same. */
function expectNothingWrong(verdict: Diagnosis, fixture: Fixture): void {
  if (isRight(verdict, fixture) || verdict.class === 'Unknown') return;
  expect({ confidence: verdict.confidence, cause: verdict.cause }).not.toMatchObject({ confidence: 'High' });
}

describe.each(FIXTURES.map((fixture) => [fixture.name, fixture] as const))('%s', (_name, fixture) => {
  const { expected } = fixture;

  test('all files together, and what the probe said: the right cause, and the right word on restarts', () => {
    const verdict = verdictOf(fixture, expected.probe);
    expect(expected.causes).toContain(verdict.cause);
    expect(expected.classes).toContain(verdict.class);
    expect(expected.restartKubelet).toContain(verdict.restartKubelet);
    expect(expected.restartRuntime).toContain(verdict.restartRuntime);
  });
});

describe.each(IN_PARTS.map((fixture) => [fixture.name, fixture] as const))('of %s', (_name, fixture) => {
  const { files, expected } = fixture;

  test('where nobody asked the runtime, no wrong cause with high confidence', () => {
    expectNothingWrong(verdictOf(fixture, 'Unknown'), fixture);
  });

  test.each(files.map((file) => [file.name, file] as const))(
    '%s alone: no wrong cause with high confidence',
    (_, file) => {
      const alone = { ...fixture, files: [file] };
      expectNothingWrong(verdictOf(alone, expected.probe), fixture);
      expectNothingWrong(verdictOf(alone, 'Unknown'), fixture);
    },
  );
});

test('nine of ten are named, so that Unknown is no way out', () => {
  const named = FIXTURES.filter((fixture) => verdictOf(fixture, fixture.expected.probe).class !== 'Unknown');
  expect(named.length).toBeGreaterThanOrEqual(Math.ceil(FIXTURES.length * 0.9));
});

test.each(PROGRAMS)('a program blocked as in $name, $file: the cause', (fixture) => {
  const { expected } = fixture;
  const verdict = verdictOf(fixture, expected.probe);
  expect(expected.causes).toContain(verdict.cause);
  expect(expected.classes).toContain(verdict.class);
  expect(expected.restartKubelet).toContain(verdict.restartKubelet);
  expect(expected.restartRuntime).toContain(verdict.restartRuntime);
});

test.each(Object.entries(Object.groupBy(PROGRAMS, ({ name }) => name)))(
  'one fingerprint of %s, whatever Go version and form of dump',
  (_, group = []) => {
    const prints = group.map((fixture) => verdictOf(fixture, fixture.expected.probe).fingerprint);
    expect(new Set(prints).size).toBe(1);
  },
);
