import { describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { Step } from '../../../src/api/v1alpha1/incident.ts';
import { createAgentContacts } from '../../../src/controller/agent-contacts.ts';
import { inFlight } from '../../../src/core/decision/policy/places.ts';
import { createLocalView } from '../../../src/controller/local-view.ts';
import { anIncident, at } from '../../support/builders/objects.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

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
    expect(view.budgetOf('default').ageMs).toBe(200_000);
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
    expect(view.budgetOf('default').incidents.map((incident) => incident.metadata.name)).toEqual([metadata.name]);
    view.forget(metadata.name);
    await Promise.resolve();
    view.noteWritten({ ...ours, metadata: { ...ours.metadata, resourceVersion: '0' } });
    expect(view.allIncidents()).toMatchObject([{ metadata: { resourceVersion: ours.metadata.resourceVersion } }]);
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
    expect(inFlight(view.budgetOf('default').incidents, 'default')).toHaveLength(1);
    expect(inFlight(view.placesIn({ items: [incident], malformed: [] }).incidents, 'default')).toHaveLength(1);
  });
});
