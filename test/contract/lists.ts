/** Lists. */
import { expect, test } from '@jest/globals';
import { INCIDENTS, LEASES, OPEN_INCIDENTS } from '../../src/api/resources.ts';
import { SECRETS } from '../support/secrets.ts';
import type { Cluster, Resource } from '../../src/ports/cluster.ts';
import { incidentManifest } from './objects.ts';
import { CONTROLLER, MANAGER, unique } from './subject.ts';

export function describeLists(admin: () => Cluster): void {
  test('a list of many pages is whole, and selectors narrow it', async () => {
    const run = unique('many');
    const names = Array.from({ length: 260 }, (_, index) => `${run}-${index}`);
    for (let from = 0; from < names.length; from += 26) {
      await Promise.all(
        names
          .slice(from, from + 26)
          .map((name, index) =>
            admin().create(
              LEASES,
              { metadata: { name, namespace: 'default', labels: { run, parity: index % 2 === 0 ? 'even' : 'odd' } } },
              MANAGER,
            ),
          ),
      );
    }
    const all = await admin().list(LEASES, { labelSelector: `run=${run}` });
    expect(all.items.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    expect(Number(all.resourceVersion)).toBeGreaterThan(0);
    const even = await admin().list(LEASES, { namespace: 'default', labelSelector: `run=${run},parity=even` });
    expect(even.items).toHaveLength(130);
    const one = await admin().list(LEASES, { namespace: 'default', fieldSelector: `metadata.name=${run}-7` });
    expect(one.items.map(({ metadata }) => metadata.name)).toEqual([`${run}-7`]);
    expect((await admin().list(LEASES, { namespace: 'kube-system', labelSelector: `run=${run}` })).items).toEqual([]);
  }, 60_000);

  test('incidents can be selected by their node', async () => {
    const [a, b] = [unique('incident'), unique('incident')];
    await admin().create(INCIDENTS, incidentManifest(a, `node-of-${a}`), CONTROLLER);
    await admin().create(INCIDENTS, incidentManifest(b, `node-of-${b}`), CONTROLLER);
    const { items } = await admin().list(INCIDENTS, { fieldSelector: `spec.nodeName=node-of-${a}` });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([a]);
  });

  test('incidents that are not over can be selected', async () => {
    const node = unique('node');
    for (const name of [`${node}-open`, `${node}-over`])
      await admin().create(INCIDENTS, incidentManifest(name, node), CONTROLLER);
    await admin().apply(
      INCIDENTS,
      { metadata: { name: `${node}-over` }, status: { outcome: 'Recovered' } },
      { ...CONTROLLER, subresource: 'status', force: true },
    );
    const { items } = await admin().list(INCIDENTS, { fieldSelector: `${OPEN_INCIDENTS},spec.nodeName=${node}` });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([`${node}-open`]);
  });

  test('an object that the parser refuses is named beside the others', async () => {
    const run = unique('malformed');
    for (const name of [`${run}-good`, `${run}-bad`]) {
      await admin().create(SECRETS, { metadata: { name, namespace: 'default', labels: { run } }, data: {} }, MANAGER);
    }
    const picky: Resource = {
      ...SECRETS,
      parse: (raw) => {
        const object = SECRETS.parse(raw);
        if (object.metadata.name.endsWith('bad')) throw new Error('this one is bad');
        return object;
      },
    };
    const listed = await admin().list(picky, { labelSelector: `run=${run}` });
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual([`${run}-good`]);
    const raw: unknown = expect.objectContaining({ metadata: expect.objectContaining({ name: `${run}-bad` }) });
    expect(listed.malformed).toEqual([{ name: `${run}-bad`, message: 'this one is bad', raw }]);
  });
}
