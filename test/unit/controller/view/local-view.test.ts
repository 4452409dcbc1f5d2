import { describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../../../src/api/resources.ts';
import type { KubeletIncident, Step } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { createAgentContacts } from '../../../../src/controller/agent-contacts.ts';
import { inFlight } from '../../../../src/core/decision/policy/places.ts';
import { createLocalView } from '../../../../src/controller/view/local-view.ts';
import { aNode, anIncident, aPolicy, at } from '../../../support/builders/objects.ts';
import { type ControllerParts, createControllerContext } from '../../../support/controller-context.ts';
import { createControllerWorld } from '../../../support/controller-world.ts';

const { signal } = new AbortController();
const reservation: Step = { name: 'cordon', type: 'Cordon', state: 'Requested', startedAt: at(0) };

describe('the view of a budget', () => {
  test.each([NODES, HEALTHS, INCIDENTS])('is as old as the oldest of what it counts: $plural', async (stale) => {
    const { world, clock } = createControllerWorld();
    const synced = clock.monotonic();
    const cluster: typeof world.cluster = {
      ...world.cluster,
      mirror: (resource, query, end) => {
        const mirror = world.cluster.mirror(resource, query, end);
        return resource.plural === stale.plural ? { ...mirror, freshAt: () => synced } : mirror;
      },
    };
    const view = createLocalView({ ...world, cluster }, createAgentContacts(world), signal);
    await view.whenSynced();
    await clock.advance(200_000);
    expect(view.budgetFor(anIncident().spec).ageMs).toBe(200_000);
  });

  test('counts what we wrote before the watch brings it, and not what is older than what it brought', async () => {
    const { world, local } = createControllerWorld();
    const view = createLocalView(world, createAgentContacts(world), signal);
    await view.whenSynced();
    const { metadata, spec } = anIncident();
    const ours = await local.cluster.create(
      INCIDENTS,
      { apiVersion: INCIDENTS.apiVersion, kind: INCIDENTS.kind, metadata: { name: metadata.name }, spec },
      { manager: 'test' },
    );
    view.noteWritten(ours);
    expect(view.budgetFor(anIncident().spec).incidents.map((incident) => incident.metadata.name)).toEqual([
      metadata.name,
    ]);
    view.forget(metadata.name);
    await Promise.resolve();
    view.noteWritten({ ...ours, metadata: { ...ours.metadata, resourceVersion: '0' } });
    expect(view.openIncidents()).toMatchObject([{ metadata: { resourceVersion: ours.metadata.resourceVersion } }]);
  });

  test.each([
    ['takes', [], [reservation]],
    ['gives back', [reservation], []],
  ])('counts a place that a write without an answer %s', async (_, before, after) => {
    const { world } = createControllerWorld();
    const view = createLocalView(world, createAgentContacts(world), signal);
    await view.whenSynced();
    const incident = anIncident({ status: { steps: before } });
    view.noteWritten(incident);
    view.noteUncertain(incident, { steps: after });
    expect(inFlight(view.budgetFor(anIncident().spec).incidents, 'default')).toHaveLength(1);
    expect(inFlight(view.placesIn({ items: [incident], malformed: [] }).incidents, 'default')).toHaveLength(1);
  });
});

describe('what a budget counts', () => {
  test('nodes of its policy, those that are unhealthy, and control plane nodes', async () => {
    const parts = await createControllerContext();
    const { context, local, clock } = parts;
    const labels = { team: 'b' };
    local.seeds.seed(POLICIES, {
      metadata: { name: 'other' },
      spec: { ...aPolicy().spec, priority: 9, nodeSelector: { matchLabels: labels } },
    });
    const seed = (name: string, own: Readonly<Record<string, string>> = {}): void => {
      const { spec, status } = aNode({ name });
      local.seeds.seed(NODES, { metadata: { name, labels: own }, spec, status });
    };
    for (const name of ['well', 'says-ill', 'silent']) {
      await parts.stuckNode(name);
      seed(name);
    }
    await parts.stuckNode('not-ready');
    seed('theirs', { ...labels, 'node-role.kubernetes.io/control-plane': '' });
    local.seeds.edit(HEALTHS, { name: 'well' }, (draft) => {
      draft['status'] = {};
    });
    // It has never reported: what it says is not believed.
    local.seeds.edit(HEALTHS, { name: 'silent' }, (draft) => {
      draft['status'] = {
        pleg: { state: 'Unhealthy', reason: '', message: '', since: '2026-11-24T10:00:00Z', episodes: [] },
      };
    });
    await clock.settle();
    expect(context.view.budgetFor(anIncident().spec)).toMatchObject({
      clusterNodes: 5,
      ruledNodes: 4,
      unhealthyNodes: 2,
    });
    expect(context.view.policyView('other')).toMatchObject({ ruledNodes: 1, unhealthyNodes: 0 });
    expect(context.view.budgetFor(anIncident().spec).controlPlaneNodes).toEqual(new Set(['theirs']));
  });

  test('incidents that cannot be read', async () => {
    const { context, local, clock } = await createControllerContext();
    local.seeds.seed(INCIDENTS, { metadata: { name: 'odd' }, spec: { nodeName: 'node-a' } });
    await clock.settle();
    expect(context.view.budgetFor(anIncident().spec).unreadable).toEqual(['odd']);
    expect(context.view.placesIn(await context.world.cluster.list(INCIDENTS))).toMatchObject({
      unreadable: ['odd'],
      maxInCluster: 5,
    });
  });
});

describe('a contact with an agent', () => {
  test('begins when the watch brings its object, and ends with it', async () => {
    const parts = await createControllerContext();
    const { context, local, clock } = parts;
    await parts.stuckNode('node-a');
    await clock.advance(50_000);
    const health = local.read(HEALTHS, 'node-a')!;
    expect(context.contacts.of(health)).toMatchObject({ isHeard: true, quietMs: 50_000 });
    local.seeds.remove(HEALTHS, { name: 'node-a' });
    await clock.settle();
    expect(context.contacts.of(health)).toMatchObject({ isHeard: false, quietMs: 0, answeredMs: undefined });
  });
});

describe('our own writes', () => {
  const NAME = 'node-a-x7k2q';
  const shown = ({ context }: ControllerParts): readonly (readonly [name: string, steps: number])[] =>
    context.view.openIncidents().map(({ metadata, status }) => [metadata.name, status.steps?.length ?? 0]);
  const reserved = (incident: KubeletIncident): KubeletIncident['status'] => ({
    ...incident.status,
    steps: [reservation],
  });

  /** A write that arrives, whoever it is of. */
  function edit({ local }: ControllerParts, change: object): KubeletIncident {
    local.seeds.edit(INCIDENTS, { name: NAME }, (draft) => {
      Object.assign(draft, { status: change });
    });
    return local.read(INCIDENTS, NAME)!;
  }

  async function begin(): Promise<{ readonly parts: ControllerParts; readonly incident: KubeletIncident }> {
    const parts = await createControllerContext();
    const incident = parts.diagnosedIncident({ name: NAME, status: {} });
    await parts.clock.settle();
    return { parts, incident };
  }

  test('are shown until the watch has caught up with them, and no longer', async () => {
    const { parts, incident } = await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'lag', ms: 10_000 });
    const ours = edit(parts, reserved(incident));
    parts.context.view.noteWritten(ours);
    expect(shown(parts)).toEqual([[NAME, 1]]);
    await parts.clock.advance(5_000);
    // Somebody takes it back: the watch brings our own write first, and then theirs.
    edit(parts, {});
    await parts.clock.advance(5_000);
    expect(shown(parts)).toEqual([[NAME, 1]]);
    await parts.clock.advance(5_000);
    expect(shown(parts)).toEqual([[NAME, 0]]);
  });

  test('are shown while the watch still brings what was before them', async () => {
    const { parts, incident } = await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'lag', ms: 10_000 });
    edit(parts, {});
    await parts.clock.advance(5_000);
    parts.context.view.noteWritten(edit(parts, reserved(incident)));
    await parts.clock.advance(6_000);
    expect(shown(parts)).toEqual([[NAME, 1]]);
  });

  test('of what the watch does not show at all are shown, and forgotten when it is gone', async () => {
    const { parts, incident } = await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    const other = { ...incident, metadata: { ...incident.metadata, name: 'new' } };
    parts.context.view.noteWritten(other);
    expect(shown(parts)).toEqual([
      [NAME, 0],
      ['new', 0],
    ]);
    parts.context.view.forget('new');
    expect(shown(parts)).toEqual([[NAME, 0]]);
  });

  test('end with the incident', async () => {
    const { parts, incident } = await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'lag', ms: 1_000 });
    parts.context.view.noteWritten(edit(parts, reserved(incident)));
    parts.local.seeds.remove(INCIDENTS, { name: NAME });
    await parts.clock.advance(2_000);
    expect(shown(parts)).toEqual([]);
  });

  describe('whose outcome is not known', () => {
    test('count as done, in a list too', async () => {
      const { parts, incident } = await begin();
      parts.context.view.noteUncertain(incident, reserved(incident));
      expect(shown(parts)).toEqual([[NAME, 1]]);
      const { incidents } = parts.context.view.placesIn({ items: [incident], malformed: [] });
      expect(incidents.map(({ status }) => status.steps?.length)).toEqual([1]);
    });

    test('count until a later version is read', async () => {
      const { parts, incident } = await begin();
      parts.context.view.noteUncertain(incident, reserved(incident));
      const later = edit(parts, { outcome: '' });
      await parts.clock.settle();
      expect(shown(parts)).toEqual([[NAME, 0]]);
      const { incidents } = parts.context.view.placesIn({ items: [later], malformed: [] });
      expect(incidents).toEqual([later]);
    });

    test('count for two minutes, and are forgotten with the incident', async () => {
      const { parts, incident } = await begin();
      parts.context.view.noteUncertain(incident, reserved(incident));
      await parts.clock.advance(120_000);
      expect(shown(parts)).toEqual([[NAME, 1]]);
      await parts.clock.advance(1);
      expect(shown(parts)).toEqual([[NAME, 0]]);
      parts.context.view.noteUncertain(incident, reserved(incident));
      parts.context.view.forget(NAME);
      expect(shown(parts)).toEqual([[NAME, 0]]);
    });

    test('are of one incident', async () => {
      const { parts, incident } = await begin();
      const other = parts.diagnosedIncident({ name: 'node-b-1', node: 'node-b', status: {} });
      await parts.clock.settle();
      parts.context.view.noteUncertain(incident, reserved(incident));
      expect(shown(parts)).toEqual([
        [NAME, 1],
        [other.metadata.name, 0],
      ]);
    });
  });
});

test('a node whose kubelet says False after a silence has not been Ready since it fell silent', async () => {
  const { context, local, clock } = await createControllerContext();
  const turn = async (ready: 'True' | 'False' | 'Unknown', since: number): Promise<number | undefined> => {
    const { metadata, spec, status } = aNode({ ready, since });
    local.seeds.seed(NODES, { metadata: { name: metadata.name, uid: metadata.uid }, spec, status });
    await clock.settle();
    const node = local.read(NODES, metadata.name)!;
    return context.view.notReadySince(node);
  };
  expect(await turn('True', -3_600_000)).toBeUndefined();
  expect(await turn('Unknown', -344_000)).toBe(Date.parse(at(-344_000)));
  expect(await turn('False', -7_000)).toBe(Date.parse(at(-344_000)));
  expect(await turn('True', 0)).toBeUndefined();
  expect(await turn('False', 9_000)).toBe(Date.parse(at(9_000)));
});
