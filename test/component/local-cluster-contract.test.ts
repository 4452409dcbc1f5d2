import { describe, expect, test } from '@jest/globals';
import { EVENTS } from '../../src/api/resources.ts';
import { describeApply } from '../contract/apply.ts';
import { describeLists } from '../contract/lists.ts';
import { describeMirror } from '../contract/mirror.ts';
import { describeRules } from '../contract/rules.ts';
import { describeObjects, describePatches } from '../contract/writes.ts';
import { createLocalCluster } from '../support/local-cluster.ts';
import { realClock } from '../support/real-time.ts';

describe('the local cluster keeps what the contract of the Cluster port says of objects and of live copies', () => {
  const { cluster } = createLocalCluster(realClock);
  const admin = (): typeof cluster => cluster;
  describeObjects(admin);
  describePatches(admin);
  describeApply(admin);
  describeRules(admin);
  describeLists(admin);
  describeMirror(() => ({ cluster: admin }));

  test('names that it makes do not meet, as those of a real server from 1.32 on', async () => {
    const event = {
      metadata: { generateName: 'same.', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'a' },
    };
    const names = new Set<string>();
    for (let index = 0; index < 4_000; index++) {
      const { metadata } = await cluster.create(EVENTS, event, { manager: 'test' });
      names.add(metadata.name);
    }
    expect(names.size).toBe(4_000);
  });
});
