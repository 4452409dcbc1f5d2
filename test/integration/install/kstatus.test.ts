/** Incidents and policies as the library judges them by which Flux and others do, in each state that they can have. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { POLICIES } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import { decidePolicyStatus } from '../../../src/core/decision/policy/policy-status.ts';
import { OUTCOMES, type Outcome } from '../../../src/core/decision/record/outcomes.ts';
import { withEnd, withWait } from '../../../src/core/decision/record/progress.ts';
import type { WaitReason } from '../../../src/core/decision/record/reasons.ts';
import { WAIT_STATES } from '../../../src/core/decision/record/states.ts';
import { NO_OWN_CAUSES } from '../../../src/core/diagnosis/catalogue/own-causes.ts';
import { anIncident, aPolicy, T0 } from '../../support/builders/objects.ts';
import { createCluster } from '../../../src/kube/cluster.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { startControlPlane, type ControlPlane } from '../../support/control-plane.ts';
import { installCrds } from '../../support/raw-resource.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';
import { aSnapshot } from '../../unit/decision/incident-builders.ts';

const script = fileURLToPath(new URL('../../lab/kstatus.sh', import.meta.url));
const kstatus = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** `Current`, `InProgress`, `Failed` or `Terminating`. */
function judged(kind: string, { metadata, status }: { readonly metadata: object; readonly status: object }): string {
  const object = { apiVersion: 'kubelet-medic.io/v1alpha1', kind, metadata, status };
  return execFileSync(kstatus, { input: JSON.stringify(object), encoding: 'utf8' }).split(':')[0] ?? '';
}

const open = anIncident({ status: { observedGeneration: 1 } });
const over = (outcome: Outcome): KubeletIncident => {
  const lived = withWait(open.status, { reason: 'Acting', message: 'm' }, T0);
  return { ...open, status: withEnd(lived, { outcome, message: 'm' }, T0 + 1_000) };
};

describe('an incident', () => {
  const WAITS: readonly string[] = [
    ...Object.keys(WAIT_STATES),
    'ActionRequested',
    'Acting',
    'NotReady',
    'Stabilising',
  ];

  test.each(WAITS)('that is open is in progress: %s', (reason) => {
    const status = withWait(open.status, { reason: reason as WaitReason, message: 'm' }, T0);
    expect(judged('KubeletIncident', { ...open, status })).toBe('InProgress');
  });

  test.each(Object.entries(OUTCOMES))('that is over as %s is done, or has failed', (outcome, { isGood }) => {
    expect(judged('KubeletIncident', over(outcome as Outcome))).toBe(isGood ? 'Current' : 'Failed');
  });

  test('is so by its first decision, and after a request for an upload it is in progress until that is seen', () => {
    const { status } = decideIncident(aSnapshot());
    expect(judged('KubeletIncident', { metadata: { generation: 1 }, status })).toBe('InProgress');
    const { metadata, status: ended } = over('Recovered');
    expect(judged('KubeletIncident', { metadata: { ...metadata, generation: 2 }, status: ended })).toBe('InProgress');
  });
});

describe('a policy', () => {
  const overridden = new Map([['node-a', 'high']]);
  const [all, some] = [{ ruledNodes: 0, overridden }, { overridden }];

  test.each([
    ['Current', 'in force', {}, {}],
    ['Current', 'over no node', {}, { ruledNodes: 0 }],
    ['Current', 'overridden on some of its nodes', {}, some],
    ['Failed', 'overridden on all of its nodes', {}, all],
    ['Current', 'without a place in its budget', {}, { unhealthyNodes: 2 }],
    ['Current', 'paused', { paused: true }, {}],
  ])('is %s that is %s', (expected, _what, spec, view) => {
    const input = { now: T0, open: [], ruledNodes: 2, unhealthyNodes: 0, overridden: new Map(), ...view };
    const before = aPolicy(spec);
    // One that was overridden before is not stalled for good.
    const stalled = decidePolicyStatus({ ...input, ...all, policy: before, ownCauses: NO_OWN_CAUSES });
    const policy = { ...before, status: stalled };
    const status = decidePolicyStatus({ ...input, policy, ownCauses: NO_OWN_CAUSES });
    expect(judged('KubeletRecoveryPolicy', { metadata: policy.metadata, status })).toBe(expected);
    const changed = { ...policy.metadata, generation: policy.metadata.generation + 1 };
    expect(judged('KubeletRecoveryPolicy', { metadata: changed, status })).toBe('InProgress');
  });
});

describe('on a real API server', () => {
  let plane: ControlPlane;
  let cluster: Cluster;

  beforeAll(async () => {
    plane = await startControlPlane();
    cluster = createCluster(plane.connection('admin'), {
      clock: realClock,
      random: realRandom,
      log: createRecordingLog(),
    });
    await installCrds(cluster);
  }, 900_000);

  afterAll(async () => {
    await plane.stop();
  });

  test('a policy that nobody has looked at yet is in progress, and not done', async () => {
    await eventually('the kinds are served', () =>
      cluster.list(POLICIES, {}).then(
        () => true,
        () => false,
      ),
    );
    const policy = await cluster.create(POLICIES, { metadata: { name: 'new' }, spec: {} }, { manager: 'test' });
    expect(policy.status).toEqual({ observedGeneration: -1 });
    expect(judged('KubeletRecoveryPolicy', policy)).toBe('InProgress');
  }, 60_000);
});
