import { NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { describeClusterContract } from '../contract/cluster-contract.ts';
import { answerAsKubelet } from '../contract/kubelet.ts';
import type { ClusterUnderTest } from '../contract/subject.ts';
import { startApiServer } from '../support/api-server/server.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { realClock, realRandom } from '../support/real-time.ts';

async function start(): Promise<ClusterUnderTest> {
  const server = await startApiServer({
    onNodeProxy: (_node, path, { method, body }) => answerAsKubelet(method, path, body),
  });
  server.deny((_asked, user) => user === 'nobody');
  server.seed(NODES, { metadata: { name: 'contract-node' } });
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  return {
    node: 'contract-node',
    cluster: (user, clock = realClock): Cluster => createCluster(server.connection(user), { ...options, clock }),
    async cutConnections(): Promise<void> {
      server.cutWatches();
    },
    async loseHistory(meanwhile): Promise<void> {
      server.fail({ with: 503, times: 1, only: ({ verb }) => verb === 'watch' });
      server.cutWatches();
      await meanwhile(createCluster(server.connection('admin'), options));
      server.compact();
    },
    close: () => server.close(),
  };
}

describeClusterContract('the embedded API server keeps the contract of the Cluster port', start);
