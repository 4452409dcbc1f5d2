/** A World for parts of the controller: the store of a real API server, and kubelets that answer what a test says. */
import { DEFAULT_BOUNDS } from '../../src/core/decision/storage/bounds.ts';
import type { World } from '../../src/controller/world.ts';
import { networkError } from '../../src/kube/errors.ts';
import type { ProxyResponse } from '../../src/ports/cluster.ts';
import {
  createRecordingLog,
  createRecordingMetrics,
  type RecordingLog,
  type RecordingMetrics,
} from './builders/recording.ts';
import { createFakeClock, createSeededRandom, type FakeClock } from './clock.ts';
import { createLocalCluster, type LocalCluster } from './local-cluster.ts';

interface ControllerWorld {
  readonly world: World;
  readonly clock: FakeClock;
  readonly local: LocalCluster;
  readonly log: RecordingLog;
  readonly metrics: RecordingMetrics;
}

/** What a kubelet says to a path; undefined: it cannot be reached. */
type Answers = (path: string) => Partial<ProxyResponse> | undefined;

export function createControllerWorld(answers: Answers = () => undefined): ControllerWorld {
  const clock = createFakeClock();
  const local = createLocalCluster(clock);
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const world: World = {
    cluster: {
      ...local.cluster,
      proxyNode: async (node, path) => {
        const answer = answers(path);
        if (answer === undefined) throw networkError(`get nodes/${node}/proxy${path}`, new Error('connection refused'));
        return await Promise.resolve({ status: 200, body: Buffer.alloc(0), truncated: false, ...answer });
      },
    },
    clock,
    random: createSeededRandom(5),
    log,
    metrics,
    nodeProxy: true,
    medik8sLeases: true,
    maxInCluster: 5,
    storage: DEFAULT_BOUNDS,
    failpoint: () => undefined,
  };
  return { world, clock, local, log, metrics };
}
