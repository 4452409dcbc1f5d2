/** Defaults and CEL rules of the CRDs: the order of an incident holds whoever writes. */
import { expect, test } from '@jest/globals';
import { INCIDENTS, POLICIES } from '../../src/api/resources.ts';
import { PolicySpec } from '../../src/api/v1alpha1/kinds/policy.ts';
import type { Cluster, JsonPatchOperation } from '../../src/ports/cluster.ts';
import { actionRecord, condition, incidentManifest } from './objects.ts';
import { AGENT, CONTROLLER, failure, MANAGER, unique } from './subject.ts';

export function describeRules(admin: () => Cluster): void {
  const controller = { ...CONTROLLER, subresource: 'status' } as const;
  const agent = { ...AGENT, subresource: 'status' } as const;

  async function newIncident(): Promise<string> {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    return name;
  }

  async function refused(work: Promise<unknown>, words: string): Promise<void> {
    const error = await failure(work);
    expect([error.code, error.class]).toEqual(['E_KUBE_INVALID', 'invalid']);
    expect(error.message).toContain(words);
  }

  test('an empty policy gets from the server the very defaults that our own parser gives it', async () => {
    const { spec } = await admin().create(POLICIES, { metadata: { name: unique('policy') }, spec: {} }, MANAGER);
    expect(spec).toEqual(PolicySpec.parse({}));
  });

  test.each([
    ['node', '/spec/nodeName', 'another', 'the node of an incident is immutable'],
    ['UID of the node', '/spec/nodeUID', 'another', 'the node of an incident is immutable'],
    ['trigger', '/spec/trigger/message', 'another', 'the trigger of an incident is immutable'],
    ['plan', '/spec/plan/mode', 'Observe', 'the plan of an incident is immutable'],
  ])('the %s of an incident cannot be changed', async (_what, path, value, words) => {
    const name = await newIncident();
    const patch: readonly JsonPatchOperation[] = [{ op: 'replace', path, value }];
    await refused(admin().jsonPatch(INCIDENTS, { name }, patch, MANAGER), words);
  });

  test('an approval is set once', async () => {
    const name = await newIncident();
    const decide = (decision: string): readonly JsonPatchOperation[] => [
      { op: 'add', path: '/spec/approval', value: { decision, by: 'jane' } },
    ];
    await admin().jsonPatch(INCIDENTS, { name }, decide('Approve'), MANAGER);
    await refused(admin().jsonPatch(INCIDENTS, { name }, decide('Reject'), MANAGER), 'an approval is set once');
    const remove: readonly JsonPatchOperation[] = [{ op: 'remove', path: '/spec/approval' }];
    await refused(admin().jsonPatch(INCIDENTS, { name }, remove, MANAGER), 'an approval is set once');
  });

  test('no action is taken before the evidence is captured or given up', async () => {
    const name = await newIncident();
    const status = (...conditions: readonly unknown[]): Promise<unknown> =>
      admin().apply(INCIDENTS, { metadata: { name }, status: { conditions } }, controller);
    const acted = condition('ActionTaken', 'True', 'RestartKubelet');
    await refused(status(acted), 'evidence comes before action');
    await refused(
      status(acted, condition('EvidenceCaptured', 'Unknown', 'InProgress')),
      'evidence comes before action',
    );
    await status(acted, condition('EvidenceCaptured', 'False', 'DeadlineExceeded'));
    await status(acted, condition('EvidenceCaptured', 'True', 'Captured'));
  });

  test('actions only grow', async () => {
    const name = await newIncident();
    const actions = (...records: readonly unknown[]): Promise<unknown> =>
      admin().apply(INCIDENTS, { metadata: { name }, status: { actions: records } }, agent);
    // Without it a status of which nothing is left is removed as a whole, which another rule is about.
    await admin().apply(INCIDENTS, { metadata: { name }, status: { action: 'x' } }, controller);
    await actions(actionRecord('act-1'));
    await actions(actionRecord('act-1', 'Succeeded'), actionRecord('act-2'));
    await refused(actions(actionRecord('act-2')), 'actions only grow');
    await refused(actions(), 'actions only grow');
    const erase: readonly JsonPatchOperation[] = [{ op: 'remove', path: '/status' }];
    const erased = admin().jsonPatch(INCIDENTS, { name }, erase, { ...MANAGER, subresource: 'status' });
    await refused(erased, 'the status of an incident is never removed');
  });

  test('a complete incident is frozen, but for its labels', async () => {
    const name = await newIncident();
    const done = { conditions: [condition('Complete', 'True', 'Recovered')], outcome: 'Recovered' };
    await admin().apply(INCIDENTS, { metadata: { name }, status: done }, controller);
    const late = { metadata: { name }, status: { actions: [actionRecord('late')] } };
    await refused(admin().apply(INCIDENTS, late, agent), 'a completed incident is frozen');
    const reopened = { metadata: { name }, status: { ...done, outcome: 'HandedOver' } };
    await refused(admin().apply(INCIDENTS, reopened, controller), 'a completed incident is frozen');
    const erase: readonly JsonPatchOperation[] = [{ op: 'remove', path: '/status' }];
    const erased = admin().jsonPatch(INCIDENTS, { name }, erase, { ...MANAGER, subresource: 'status' });
    await refused(erased, 'the status of an incident is never removed');
    const asked = await admin().apply(
      INCIDENTS,
      { metadata: { name }, status: { observedGeneration: 2 } },
      { ...agent, force: true },
    );
    expect(asked.status.observedGeneration).toBe(2);
    const label: readonly JsonPatchOperation[] = [{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }];
    const labelled = await admin().jsonPatch(INCIDENTS, { name }, label, MANAGER);
    expect([labelled.metadata.labels, labelled.status.outcome]).toEqual([{ seen: 'yes' }, 'Recovered']);
  });
}
