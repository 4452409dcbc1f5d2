import { NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { describeClusterContract } from '../contract/cluster-contract.ts';
import { answerAsKubelet } from '../contract/kubelet.ts';
import type { ClusterUnderTest } from '../contract/subject.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { startCutProxy } from '../support/cut-proxy.ts';
import { startFakeKubelet, type FakeKubelet } from '../support/fake-kubelet.ts';
import { installCrds } from '../support/raw-resource.ts';
import { realClock, realRandom } from '../support/real-time.ts';

const NODE = 'contract-node';

async function createNode(cluster: Cluster, kubelet: FakeKubelet): Promise<void> {
  await cluster.create(NODES, { metadata: { name: NODE } }, { manager: 'test' });
  const status = {
    addresses: [{ type: 'InternalIP', address: kubelet.address }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
  };
  await cluster.apply(NODES, { metadata: { name: NODE }, status }, { manager: 'kubelet', subresource: 'status' });
}

async function start(): Promise<ClusterUnderTest> {
  const plane = await startControlPlane();
  const proxy = await startCutProxy(plane.port);
  const kubelet = await startFakeKubelet(answerAsKubelet);
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  const direct = createCluster(plane.connection('admin'), options);
  await installCrds(direct);
  await createNode(direct, kubelet);
  return {
    node: NODE,
    cluster: (user, clock = realClock) => createCluster(plane.connection(user, proxy.port), { ...options, clock }),
    async cutConnections(): Promise<void> {
      proxy.cut();
    },
    async loseHistory(meanwhile): Promise<void> {
      proxy.refuse(true);
      proxy.cut();
      await meanwhile(direct);
      // The history of an API server is its watch cache, which begins anew when it starts.
      await plane.restartApiServer();
      proxy.refuse(false);
    },
    async close(): Promise<void> {
      await proxy.close();
      await kubelet.close();
      await plane.stop();
    },
  };
}

describeClusterContract('a real kube-apiserver keeps the contract of the Cluster port', start);
