/**
 * Dumps and logs of real programs, damaged at random: the diagnosis never throws, its verdict is always a valid one,
 * its time is bounded, and where the damage only takes something away, it says nothing wrong with high confidence.
 */
import { test } from '@jest/globals';
import * as fc from 'fast-check';
import { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { inputOf, readFixtures } from './fixture.ts';
import { DAMAGE, LOSS, mutate, type Mutation } from './mutation.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { cases } from '../../support/sizes.ts';

interface Base {
  readonly name: string;
  readonly text: string;
  readonly causes: readonly string[];
  readonly probe: ProbeState;
}

const GOROUTINE = /^(?=.*goroutine \d+ .*\[)|^(?=\d+ @ 0x)/m;
const TELLING = /GenericPLEG|syncLoop|runtimeServiceClient|endpointImpl|\[running\]/;
/** Of one goroutine in so many that nothing depends on. */
const SAMPLE = 24;
const MAX_LOG = 8_192;
const MAX_STACKS = 24_576;

/** Fewer goroutines, so that ten thousand cases fit into seconds: those that matter, and some others. */
function reduced(text: string): string {
  const stacks = text.split(GOROUTINE);
  if (stacks.length < 20) return text.slice(-MAX_LOG);
  const [first = '', ...others] = stacks;
  const kept = others.filter((stack, index) => TELLING.test(stack) || index % SAMPLE === 0);
  return first.slice(-MAX_LOG) + kept.join('').slice(0, MAX_STACKS);
}

const WHOLE: readonly Base[] = [...readFixtures('kubelet'), ...readFixtures('programs-dumps')].flatMap(
  ({ name, files, expected }) =>
    files.map((file) => ({
      name: `${name}/${file.name}`,
      text: file.text,
      causes: expected.causes,
      probe: expected.probe,
    })),
);
const REDUCED: readonly Base[] = WHOLE.map((base) => ({ ...base, text: reduced(base.text) }));

function diagnoseMutated(base: Base, mutations: readonly Mutation[], other: Base): Diagnosis {
  const text = mutations.reduce((mutated, mutation) => mutate(mutated, mutation, other.text), base.text);
  const file = { name: base.name, text: text.slice(0, 4 * base.text.length + 100_000) };
  // As both, so that each reader meets what is not for it.
  return diagnose({ ...inputOf([file], base.probe), dumps: [file], logs: [file] });
}

function damaged(bases: readonly Base[], mutation: fc.Arbitrary<Mutation>): fc.Arbitrary<[Base, Mutation[], Base]> {
  const base = fc.constantFrom(...bases);
  return fc.tuple(base, fc.array(mutation, { minLength: 1, maxLength: 4 }), base);
}

function expectValidAndSoon(bases: readonly Base[], numRuns: number, limitMs: number): void {
  fc.assert(
    fc.property(damaged(bases, DAMAGE), ([base, mutations, other]) => {
      const took = cpuMs(() => Diagnosis.parse(diagnoseMutated(base, mutations, other)));
      if (took > limitMs) throw new Error(`it took ${took} ms`);
    }),
    { numRuns, seed: 20_261_124 },
  );
}

function expectNothingWrong(bases: readonly Base[], numRuns: number): void {
  fc.assert(
    fc.property(damaged(bases, LOSS), ([base, mutations, other]) => {
      const { cause, confidence } = diagnoseMutated(base, mutations, other);
      if (confidence === 'High' && !base.causes.includes(cause)) throw new Error(`${cause}, High`);
    }),
    { numRuns, seed: 20_261_125 },
  );
}

test('damaged captures: no throw, a valid verdict, within half a second', () => {
  expectValidAndSoon(REDUCED, cases(2_500), 500);
});

test('damaged captures in full length: the same, within two seconds', () => {
  expectValidAndSoon(WHOLE, cases(100), 2_000);
});

test('captures that have lost something: nothing wrong is said with high confidence', () => {
  expectNothingWrong(REDUCED, cases(2_500));
});
