import { describe } from '@jest/globals';
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
});
