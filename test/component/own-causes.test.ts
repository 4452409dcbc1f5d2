/** Causes of the user's own in a cluster: what they name, and which walls they do not pass. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { POLICIES } from '../../src/api/resources.ts';
import type { Action } from '../../src/api/v1alpha1/kinds/policy.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import type { Cause } from '../../src/core/diagnosis/catalogue/cause.ts';
import type { OwnCauses } from '../../src/core/diagnosis/catalogue/own-causes.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;
/** No pattern of the catalogue is of it. */
const LINE = 'W1124 10:08:31.514715     95 acme.go:12] frobnicator 7 is wedged';

function aCause(part: Partial<Cause> = {}): Cause {
  return {
    id: 'acme-frobnicator-wedged',
    class: 'RuntimeHung',
    summary: 'The frobnicator of ACME is wedged.',
    explains: ['runtime-hung'],
    signs: [{ kind: 'log', pattern: /frobnicator \d+ is wedged/g, weight: 0.97 }],
    restartKubelet: 'Helps',
    restartRuntime: 'Helps',
    recommendation: 'Runbook ACME-7.',
    references: [],
    ...part,
  };
}

const isOver = ({ status: { outcome } }: KubeletIncident): boolean => outcome !== undefined;

/** The runtime of node-a hangs, and its kubelet says what the user's cause is told by. */
async function incidentWith(ownCauses: OwnCauses, allowedActions: readonly Action[]): Promise<KubeletIncident> {
  const policy = {
    mode: 'Remediate',
    detection: { earlyCapture: false },
    evidence: { dumpInterval: '10s' },
    budget: { maxUnhealthy: '100%', cooldown: '0s' },
    remediation: { allowedActions, verify: { timeout: '2m', stableFor: '5s' } },
  };
  bench = createControllerBench({ dumps: runtimeHungDumps(), policy, ownCauses });
  await bench.clock.advance(2_000);
  bench.host('node-a').inject('runtime-hung');
  await bench.clock.advance(160_000);
  bench.startController();
  bench.startAgent('node-a');
  bench.host('node-a').journal.write(LINE);
  return await bench.until('node-a', isOver);
}

describe('a cause of the user', () => {
  test(
    'is that of the incident, by a line that the agent picks out for it, and its node is recovered',
    async () => {
      const { status } = await incidentWith({ causes: [aCause()] }, ['RestartKubelet', 'RestartRuntime']);
      expect(status.host?.logClues.map(({ line }) => line)).toContainEqual(expect.stringContaining(LINE));
      expect(status.diagnosis).toMatchObject({ cause: 'acme-frobnicator-wedged', own: true });
      expect(status.diagnosis?.recommendation).toBe('Runbook ACME-7.');
      expect(status.outcome).toBe('Recovered');
      // The runtime answers nobody: that a restart of the kubelet helps is said by the user's cause, and is not done.
      expect(bench.host('node-a').restarts.map(({ unit }) => unit)).toEqual(['containerd.service']);
    },
    LIMIT_MS,
  );

  test(
    'has nothing done that the policy does not allow',
    async () => {
      const { status } = await incidentWith({ causes: [aCause()] }, ['RestartKubelet']);
      expect(status.diagnosis?.cause).toBe('acme-frobnicator-wedged');
      expect(status.outcome).toBe('HandedOver');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('a file that is refused', () => {
  test(
    'leaves the catalogue alone, by which the node is recovered, and each policy says what is wrong',
    async () => {
      const problem = 'own-causes.yaml:7: ownCauses[0].signs[0].pattern: Invalid regular expression';
      const { status } = await incidentWith({ causes: [], problem }, ['RestartKubelet', 'RestartRuntime']);
      expect(status).toMatchObject({ outcome: 'Recovered', diagnosis: { cause: 'runtime-hung' } });
      const policy = bench.local.read(POLICIES, 'default');
      const condition = findCondition(policy?.status.conditions, 'OwnCausesRead');
      expect(condition).toMatchObject({ status: 'False', reason: 'Refused' });
      expect(condition?.message).toContain(problem);
    },
    LIMIT_MS,
  );
});
