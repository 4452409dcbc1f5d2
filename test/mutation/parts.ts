/** What is mutated, and by which tests its mutants have to be found. A part has tests that take seconds, not minutes. */

export interface Part {
  /** Globs of what is mutated. */
  readonly mutate: readonly string[];
  /** Globs of the test files that are run on it. */
  readonly tests: readonly string[];
  /** Least share of the mutants that a test has to find, in percent. */
  readonly goal: number;
}

const decision: Pick<Part, 'tests' | 'goal'> = { tests: ['test/unit/decision/**/*.test.ts'], goal: 90 };
const controller: Pick<Part, 'tests' | 'goal'> = { tests: ['test/unit/controller/**/*.test.ts'], goal: 80 };

/** By the name that follows `npm run mutate --`. */
export const PARTS: Readonly<Record<string, Part>> = {
  'core/decision/incident': { ...decision, mutate: ['src/core/decision/incident/**/*.ts'] },
  'core/decision/node': { ...decision, mutate: ['src/core/decision/node/*.ts'] },
  'core/decision/policy': { ...decision, mutate: ['src/core/decision/policy/*.ts'] },
  'core/decision/record': { ...decision, mutate: ['src/core/decision/{*.ts,record/*.ts}'] },
  'core/decision/remediation': { ...decision, mutate: ['src/core/decision/remediation/*.ts'] },
  'controller/view': {
    ...controller,
    mutate: ['src/controller/view/*.ts', 'src/controller/{agent-contacts,node-cordon,cluster-of-term}.ts'],
  },
  'controller/incident': {
    ...controller,
    mutate: [
      'src/controller/incident/{carry-out,gather-incident,reconcile-incident,maintenance-lease,incident-retention}.ts',
    ],
  },
  'controller/node': { ...controller, mutate: ['src/controller/node/*.ts'] },
  'agent/act': {
    mutate: ['src/agent/act/*.ts', 'src/agent/{record,run-steps}.ts'],
    tests: ['test/unit/agent/*.test.ts'],
    goal: 80,
  },
};
