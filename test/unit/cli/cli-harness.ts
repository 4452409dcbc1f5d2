/** The plugin on an API server in memory: what it writes, and how it ends. */
import { Readable } from 'node:stream';
import { runProgram } from '../../../src/cli/program.ts';
import type { Session } from '../../../src/cli/session.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { createCluster } from '../../../src/kube/cluster.ts';
import { createSystemClock } from '../../../src/platform/clock.ts';
import { serveLoopback } from '../../../src/platform/loopback-server.ts';
import { readOwnCauses } from '../../../src/platform/own-causes/read-own-causes.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import type { LocalProcesses } from '../../../src/ports/stacks.ts';
import { LEASES } from '../../../src/api/resources.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import { startApiServer, type ApiServer } from '../../support/api-server/server.ts';
import { T0 } from '../../support/builders/objects.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { createSeededRandom } from '../../support/clock.ts';
import { quickClock } from '../../support/ui/quick-clock.ts';
import { withReviews } from '../../support/reviews.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Bench {
  readonly server: ApiServer;
  /** As the plugin has it. */
  readonly cluster: Cluster;
  run(...argv: readonly string[]): Promise<Ran>;
  /** @param other what of the connection is not as it is there. */
  runWith(other: Partial<Pick<Session, 'cluster' | 'clock'>>, ...argv: readonly string[]): Promise<Ran>;
}

/** Ten minutes after the incidents of the builders. */
export const NOW = T0 + 600_000;

/** @param times how much quicker than by the machine's clock waits are over. */
export async function startBench(times = 1): Promise<Bench> {
  const server = await startApiServer({ now: () => NOW });
  const renewTime = new Date(NOW - 1_000).toISOString();
  const metadata = { name: LEADER_LEASE, namespace: 'kubelet-medic' };
  server.seed(LEASES, { metadata, spec: { holderIdentity: 'pod-1', leaseDurationSeconds: 30, renewTime } });
  const clock: Clock = { ...quickClock(times), now: () => NOW };
  const cluster = withReviews(
    createCluster(server.connection(), { clock, random: createSeededRandom(), log: createRecordingLog() }),
  );
  const runWith: Bench['runWith'] = (other, ...argv) =>
    runOffline(argv, { connect: (terminal) => Promise.resolve({ cluster, clock, terminal, ...other }) });
  return { server, cluster, runWith, run: (...argv) => runWith({}, ...argv) };
}

/** Without a cluster. */
export async function runOffline(
  argv: readonly string[],
  options: {
    readonly stdin?: string | Buffer;
    readonly processes?: LocalProcesses;
    readonly connect?: (terminal: Terminal) => ReturnType<Parameters<typeof runProgram>[1]['connect']>;
  } = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    note: (text) => {
      err += text;
    },
    paint: (_colour, text) => text,
  };
  const code = await runProgram(argv, {
    terminal,
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    clock: createSystemClock(),
    version: '1.2.3',
    readOwnCauses,
    processes: () =>
      options.processes === undefined
        ? Promise.reject(new Error('it reads no process'))
        : Promise.resolve(options.processes),
    serveLocally: () => Promise.resolve(serveLoopback),
    inputEnd: () => new AbortController().signal,
    connect: () => options.connect?.(terminal) ?? Promise.reject(new Error('it needs no cluster')),
  });
  return { code, out, err };
}
