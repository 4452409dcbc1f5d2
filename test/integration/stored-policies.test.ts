/** A policy that was stored before the rules against it stays readable, and what is not about the rule can be changed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { INCIDENTS, POLICIES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { MANAGER } from '../contract/subject.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { CRDS, crdOf, installCrds, withoutRules } from '../support/raw-resource.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';
import { incidentOf } from './walls/objects.ts';

const name = 'stored';
const spec = {
  mode: 'Remediate',
  strategy: 'DiagnoseFirst',
  evidence: { deadline: '0s' },
  remediation: { allowedActions: [], holdTimeout: '0s' },
  budget: { maxUnhealthy: 0, perNode: { within: '1s' } },
};

let plane: ControlPlane;
let admin: Cluster;

function change(path: string, value: unknown): Promise<unknown> {
  return admin.jsonPatch(POLICIES, { name }, [{ op: 'replace', path, value }], MANAGER);
}

beforeAll(async () => {
  plane = await startControlPlane();
  admin = createCluster(plane.connection('admin'), {
    ...{ clock: realClock, random: realRandom, log: createRecordingLog() },
  });
  await admin.apply(CRDS, withoutRules(crdOf('kubeletrecoverypolicies')), { manager: 'test', force: true });
  await eventually('the kind is served', () =>
    admin.create(POLICIES, { metadata: { name }, spec }, MANAGER).then(
      () => true,
      () => false,
    ),
  );
  await installCrds(admin);
  const other = { metadata: { name: 'other' }, spec };
  await eventually('the rules are in force', () =>
    admin.create(POLICIES, other, MANAGER).then(
      () => admin.delete(POLICIES, { name: 'other' }).then(() => false),
      () => true,
    ),
  );
}, 300_000);

afterAll(async () => {
  await plane.stop();
});

test('it is read as it is', async () => {
  expect(await admin.get(POLICIES, { name })).toMatchObject({ spec });
  expect((await admin.list(POLICIES)).malformed).toEqual([]);
});

test('the controller writes its status', async () => {
  const status = { matchedNodes: 3, wouldDo: 'nothing' };
  await admin.apply(POLICIES, { metadata: { name }, status }, { ...MANAGER, subresource: 'status', force: true });
  expect(await admin.get(POLICIES, { name })).toMatchObject({ spec, status });
});

test('an incident takes it as its plan', async () => {
  const incident = incidentOf('node-a', 'node-a-bcdfg', { plan: spec });
  expect(await admin.create(INCIDENTS, incident, MANAGER)).toMatchObject({ spec: { plan: spec } });
});

test('it is paused and narrowed, and what is changed in a section that is wrong is told of', async () => {
  await change('/spec/paused', true);
  await change('/spec/detection/sustainedFor', '5m');
  await expect(change('/spec/evidence/dumps', 1)).rejects.toThrow('spec.evidence.deadline: Invalid value: ');
  await expect(change('/spec/remediation/holdTimeout', '1s')).rejects.toThrow('spec.remediation.holdTimeout');
  await change('/spec/mode', 'Observe');
  await expect(change('/spec/mode', 'Remediate')).rejects.toThrow('spec.remediation.allowedActions');
});
