/** Server-side apply and the status subresource, as two field managers share a KubeletIncident. */
import { expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS } from '../../src/api/resources.ts';
import type { IncidentStatus } from '../../src/api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import type { Cluster, Manifest } from '../../src/ports/cluster.ts';
import { actionRecord, incidentManifest, step } from './objects.ts';
import { AGENT, CONTROLLER, failure, MANAGER, unique } from './subject.ts';

const AT = '2026-11-24T10:00:00Z';

export function describeApply(admin: () => Cluster): void {
  const statusOf = async (name: string): Promise<IncidentStatus | undefined> =>
    (await admin().get(INCIDENTS, { name }))?.status;

  test('spec and status are written apart, and only the spec counts generations', async () => {
    const name = unique('incident');
    const manifest = { ...incidentManifest(name), status: { outcome: 'Recovered' } };
    const created = await admin().create(INCIDENTS, manifest, CONTROLLER);
    expect([created.status.outcome, created.metadata.generation]).toEqual([undefined, 1]);
    const status = { metadata: { name }, spec: { nodeName: 'other' }, status: { action: 'RestartKubelet' } };
    const applied = await admin().apply(INCIDENTS, status, { ...CONTROLLER, subresource: 'status' });
    expect([applied.spec.nodeName, applied.status.action, applied.metadata.generation]).toEqual([
      created.spec.nodeName,
      'RestartKubelet',
      1,
    ]);
    const approve = [{ op: 'add', path: '/spec/approval', value: { decision: 'Approve', by: 'jane' } }] as const;
    const approved = await admin().jsonPatch(INCIDENTS, { name }, approve, MANAGER);
    expect([approved.metadata.generation, approved.status.action]).toEqual([2, 'RestartKubelet']);
  });

  test('two managers own their own items of one status', async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const controller = { ...CONTROLLER, subresource: 'status' } as const;
    const agent = { ...AGENT, subresource: 'status' } as const;
    const steps = { metadata: { name }, status: { steps: [step('capture-host')], conditions: [] } };
    await admin().apply(INCIDENTS, steps, controller);
    const actions = { metadata: { name }, status: { actions: [actionRecord('capture-host')] } };
    await admin().apply(INCIDENTS, actions, agent);
    const more = { metadata: { name }, status: { steps: [step('capture-host', 'Succeeded'), step('act-1')] } };
    await admin().apply(INCIDENTS, more, controller);
    const status = await statusOf(name);
    expect(status?.steps?.map(({ name: item, state }) => [item, state])).toEqual([
      ['capture-host', 'Succeeded'],
      ['act-1', 'Requested'],
    ]);
    expect(status?.actions?.map((action) => action.name)).toEqual(['capture-host']);
  });

  test('what a manager no longer applies is removed, unless another one owns it too', async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const controller = { ...CONTROLLER, subresource: 'status' } as const;
    const agent = { ...AGENT, subresource: 'status' } as const;
    const evidence = { name: 'a', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: AT, source: 's' };
    const both = [evidence, { ...evidence, name: 'b' }];
    await admin().apply(INCIDENTS, { metadata: { name }, status: { evidence: both, action: 'x' } }, controller);
    await admin().apply(INCIDENTS, { metadata: { name }, status: { evidence: [both[0]] } }, agent);
    await admin().apply(INCIDENTS, { metadata: { name }, status: { action: 'x' } }, controller);
    expect((await statusOf(name))?.evidence?.map((item) => item.name)).toEqual(['a']);
    await admin().apply(INCIDENTS, { metadata: { name }, status: {} }, agent);
    const status = await statusOf(name);
    expect([status?.evidence ?? [], status?.action]).toEqual([[], 'x']);
  });

  test("another manager's field with another value is a conflict that names it, and force takes it over", async () => {
    const name = unique('incident');
    await admin().create(INCIDENTS, incidentManifest(name), CONTROLLER);
    const agent = { ...AGENT, subresource: 'status' } as const;
    const state = (value: string): Manifest => ({ metadata: { name }, status: { steps: [step('act-1', value)] } });
    await admin().apply(INCIDENTS, state('Requested'), { ...CONTROLLER, subresource: 'status' });
    await admin().apply(INCIDENTS, state('Requested'), agent);
    const error = await failure(admin().apply(INCIDENTS, state('Failed'), agent));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
    expect(error.message).toContain('.status.steps[name="act-1"].state');
    expect(error.message).toContain(CONTROLLER_MANAGER);
    await admin().apply(INCIDENTS, state('Failed'), { ...agent, force: true });
    expect((await statusOf(name))?.steps?.[0]?.state).toBe('Failed');
    const back = await failure(admin().apply(INCIDENTS, state('Requested'), { ...CONTROLLER, subresource: 'status' }));
    expect(back.class).toBe('conflict');
  });

  test('apply to an object that is not there creates it, its status does not', async () => {
    const name = unique('health');
    const status = { ...AGENT, subresource: 'status' } as const;
    const error = await failure(admin().apply(HEALTHS, { metadata: { name }, status: {} }, status));
    expect(error.class).toBe('absent');
    const created = await admin().apply(HEALTHS, { metadata: { name }, spec: { mode: 'Capture' } }, CONTROLLER);
    expect([created.metadata.name, created.spec.mode, created.spec.logWindow]).toEqual([name, 'Capture', '15m']);
  });

  test('apply keeps to the resourceVersion and the uid that it is given', async () => {
    const name = unique('health');
    const spec = { mode: 'Capture' };
    const { metadata } = await admin().apply(HEALTHS, { metadata: { name }, spec }, CONTROLLER);
    const { resourceVersion } = metadata;
    const changed = { metadata: { name, resourceVersion }, spec: { mode: 'Observe' } };
    await admin().apply(HEALTHS, changed, CONTROLLER);
    expect((await failure(admin().apply(HEALTHS, { ...changed, spec }, CONTROLLER))).class).toBe('conflict');
    const uid = '00000000-0000-4000-8000-000000000000';
    expect((await failure(admin().apply(HEALTHS, { metadata: { name, uid }, spec }, CONTROLLER))).class).toBe(
      'conflict',
    );
  });
}
