import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { HEALTH_ROWS, INCIDENT_ROWS, isSameRow, NODE_ROWS } from '../../../../src/controller/view/mirrored.ts';
import { agentSeenAt, clockSkewMs, isCordonedBy, isExcluded } from '../../../../src/core/decision/node-state.ts';
import { objectionOf } from '../../../../src/core/decision/other-actors.ts';
import { isRetried } from '../../../../src/core/decision/record/retry-after.ts';
import { aHealth, aNode, anIncident, aPlan, at } from '../../../support/builders/objects.ts';

const fields = (count: number): Record<string, object> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f:field-${String(index)}`, { '.': {} }]));

/** As a kubelet keeps it: most of it is of no interest here. */
function asSent(node: object): object {
  const { metadata, status, ...rest } = node as { metadata: Record<string, unknown>; status: Record<string, unknown> };
  const images = Array.from({ length: 50 }, (_, index) => ({
    names: [`registry.example/team/image-${String(index)}@sha256:${'0'.repeat(64)}`],
    sizeBytes: 1,
  }));
  const entry = {
    manager: 'kubelet',
    operation: 'Update',
    subresource: 'status',
    fieldsV1: { 'f:status': fields(99) },
  };
  const managedFields = [...(metadata['managedFields'] as object[]), entry];
  return { ...rest, metadata: { ...metadata, managedFields }, status: { ...status, images } };
}

const bytes = (object: unknown): number => JSON.stringify(object).length;

describe('a node in the mirror', () => {
  const cordoned = {
    unschedulable: true,
    annotations: { 'kubelet-medic.io/cordoned-by': 'node-a-x7k2q', 'example.com/note': 'x'.repeat(4_000) },
  };

  test.each([
    ['kubelet-medic-controller', true],
    ['kubectl', false],
  ])('still shows whose cordon it is: %s', (cordonedBy, isOurs) => {
    const row = NODE_ROWS.parse(asSent(aNode({ ...cordoned, cordonedBy })));
    expect(isCordonedBy(row, 'node-a-x7k2q')).toBe(isOurs);
  });

  test.each([
    [{ annotations: { 'kubelet-medic.io/exclude': 'true' } }, 'NodeExcluded'],
    [{ annotations: { 'weave.works/kured-reboot-in-progress': 'x' } }, 'OtherActor'],
    [{ taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }] }, 'OtherActor'],
    [{ deleting: true }, 'NodeDeleting'],
  ])('still shows that somebody else is at work: %j', (options, reason) => {
    const row = NODE_ROWS.parse(asSent(aNode(options)));
    expect(objectionOf(row, 'incident', { kind: 'free' })?.reason).toBe(reason);
    expect(isExcluded(row)).toBe(reason === 'NodeExcluded');
  });

  test('is small, and is not changed by a heartbeat', () => {
    const sent = asSent(aNode({ ...cordoned, cordonedBy: 'kubelet-medic-controller' }));
    const row = NODE_ROWS.parse(sent);
    expect(bytes(sent)).toBeGreaterThan(10_000);
    expect(bytes(row)).toBeLessThan(1_200);
    const { status } = sent as { status: { conditions: object[] } };
    const conditions = status.conditions.map((condition) => ({ ...condition, lastHeartbeatTime: at(99_000) }));
    const metadata = { ...row.metadata, resourceVersion: '11' };
    const later = NODE_ROWS.parse({ ...sent, metadata, status: { ...status, conditions } });
    expect(isSameRow(row, later)).toBe(true);
    const sick = conditions.map((condition) => ({ ...condition, status: 'Unknown' }));
    expect(isSameRow(row, NODE_ROWS.parse({ ...sent, status: { ...status, conditions: sick } }))).toBe(false);
  });
});

test('a health in the mirror still shows when its agent wrote, by the API server', () => {
  const health = aHealth({ reportedAt: 50_000 });
  const status = { manager: 'kubelet-medic-agent', operation: 'Apply', subresource: 'status', time: at(0) };
  const managedFields = [
    { manager: 'kubelet-medic-controller', operation: 'Apply', time: at(-9_000), fieldsV1: { 'f:spec': fields(20) } },
    { ...status, fieldsV1: { 'f:status': fields(99) } },
  ];
  const row = HEALTH_ROWS.parse({ ...health, metadata: { ...health.metadata, managedFields } });
  expect(agentSeenAt(row)).toBe(Date.parse(at(0)));
  expect(clockSkewMs(row)).toBe(50_000);
  expect(bytes(row)).toBeLessThan(bytes(health) + 200);
});

describe('an incident in the mirror', () => {
  const condition = (type: string, status: 'True' | 'False', reason: string) =>
    ({ type, status, reason, message: 'm'.repeat(1_000), lastTransitionTime: at(0) }) as const;

  test('is whole while it is open', () => {
    const open = anIncident({ status: { conditions: [condition('Diagnosed', 'True', 'RuntimeHung')] } });
    expect(INCIDENT_ROWS.parse(open)).toEqual(open);
  });

  test('that is over is small, and still counts for what it did', () => {
    const verdict: Diagnosis = {
      cause: 'runtime-hung',
      class: 'RuntimeHung',
      confidence: 'High',
      summary: 's'.repeat(500),
      restartKubelet: 'DoesNotHelp',
      restartRuntime: 'Helps',
      recommendation: 'r'.repeat(1_000),
      references: [],
      evidence: Array.from({ length: 8 }, () => 'e'.repeat(500)),
      blockedStack: `main.leaf\n${'main.frame\n'.repeat(300)}`,
      fingerprint: 'abc',
    };
    const over = anIncident({
      status: {
        outcome: 'HandedOver',
        conditions: [condition('Complete', 'True', 'HandedOver'), condition('ActionTaken', 'False', 'AgentSilent')],
        steps: [
          { name: 'capture-host', type: 'CaptureHost', state: 'Succeeded', startedAt: at(0), message: 'm' },
          { name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(1), message: 'm' },
          { name: 'act-1', type: 'Act', state: 'Succeeded', action: 'RestartKubelet', startedAt: at(2), message: 'm' },
        ],
        diagnosis: verdict,
        timings: { completedAt: at(9_000) },
      },
    });
    const row = INCIDENT_ROWS.parse(over);
    expect(row.status.steps?.map(({ name }) => name)).toEqual(['cordon', 'act-1']);
    expect(row.status).toMatchObject({
      outcome: 'HandedOver',
      diagnosis: { fingerprint: 'abc', blockedStack: 'main.leaf' },
    });
    expect(isRetried(row)).toBe(true);
    expect(bytes({ ...row, spec: { ...row.spec, plan: undefined } })).toBeLessThan(1_800);
  });

  test('shares its verdict and its conditions with those that ended as it did', () => {
    const over = (name: string, time: number): KubeletIncident => {
      const conditions = [{ ...condition('Complete', 'True', 'HandedOver'), lastTransitionTime: at(time) }];
      return INCIDENT_ROWS.parse(anIncident({ name, status: { conditions, timings: { completedAt: at(time) } } }));
    };
    const [one, two] = [over('one', 1_000), over('two', 9_000)];
    expect(one.status.conditions).toBe(two.status.conditions);
    expect(one.status.timings).not.toEqual(two.status.timings);
  });

  test('need not be right in what is left out, once it is over', () => {
    const conditions = [condition('Complete', 'True', 'Recovered')];
    const old = anIncident({ status: { conditions } });
    const odd = (status: object): unknown => ({ ...old, status: { ...status, host: 7, evidence: [{ name: 7 }] } });
    expect(INCIDENT_ROWS.parse(odd(old.status))).toEqual(INCIDENT_ROWS.parse(old));
    expect(() => INCIDENT_ROWS.parse(odd({}))).toThrow();
  });

  test('shares its plan with those of the same policy', () => {
    const [one, two] = [
      INCIDENT_ROWS.parse(anIncident({ name: 'one' })),
      INCIDENT_ROWS.parse(anIncident({ name: 'two' })),
    ];
    const other = INCIDENT_ROWS.parse(anIncident({ plan: aPlan({ mode: 'Capture' }) }));
    expect(one.spec.plan).toBe(two.spec.plan);
    expect(other.spec.plan).not.toBe(one.spec.plan);
  });
});
