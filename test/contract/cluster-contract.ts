/** What the Cluster port promises. The embedded API server and a real kube-apiserver both keep it. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Cluster } from '../../src/ports/cluster.ts';
import { describeApply } from './apply.ts';
import { describeClock } from './clock.ts';
import { describeLists } from './lists.ts';
import { describeBrokenMirror, describeMirror } from './mirror.ts';
import { describeNodeProxy } from './node-proxy.ts';
import { describeObjects, describePatches } from './writes.ts';
import { describeRefusals } from './refusals.ts';
import { describeSelfDefeat } from './self-defeat.ts';
import { describeRules } from './rules.ts';
import type { ClusterUnderTest } from './subject.ts';

export function describeClusterContract(name: string, start: () => Promise<ClusterUnderTest>): void {
  describe(name, () => {
    let under: ClusterUnderTest;
    let cluster: Cluster;
    beforeAll(async () => {
      under = await start();
      cluster = under.cluster('admin');
    }, 120_000);
    afterAll(async () => {
      await under.close();
    });
    const env = (): ClusterUnderTest => under;
    const admin = (): Cluster => cluster;
    describeObjects(admin);
    describePatches(admin);
    describeApply(admin);
    describeRules(admin);
    describeClock(env);
    describeLists(admin);
    describeMirror(env);
    describeBrokenMirror(env);
    describeRefusals(env);
    describeSelfDefeat(env);
    describeNodeProxy(env);
  });
}
