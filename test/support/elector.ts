/** An elector as a process of its own: prints what happens to it, one word and the wall clock a line. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createCluster } from '../../src/kube/cluster.ts';
import { runAsLeader } from '../../src/runtime/leader-election.ts';
import { createRecordingLog } from './builders/recording.ts';
import { realClock, realRandom } from './real-time.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: '' },
    ca: { type: 'string', default: '' },
    token: { type: 'string', default: '' },
    identity: { type: 'string', default: '' },
  },
});
const material = { ca: readFileSync(values.ca, 'utf8') };
const cluster = createCluster(
  {
    server: values.server,
    tls: () => Promise.resolve(material),
    authorization: () => Promise.resolve(`Bearer ${values.token}`),
  },
  { clock: realClock, random: realRandom, log: createRecordingLog() },
);
const stop = new AbortController();
process.on('SIGTERM', () => {
  stop.abort(new Error('SIGTERM'));
});

function say(word: string): void {
  process.stdout.write(`${word} ${Date.now()}\n`);
}

const end = await runAsLeader(
  {
    cluster,
    clock: realClock,
    random: realRandom,
    log: createRecordingLog(),
    lease: { name: 'elected', namespace: 'default' },
    identity: values.identity,
    manager: 'elector',
    signal: stop.signal,
    // Short for a test, and long enough for a busy machine to renew in.
    leaseDurationMs: 6_000,
    renewDeadlineMs: 4_000,
    retryPeriodMs: 500,
    writeDeadlineMs: 1_000,
    workGraceMs: 1_000,
  },
  async ({ signal }) => {
    while (!signal.aborted) {
      say('leads');
      await realClock.sleep(50, signal).catch(() => undefined);
    }
  },
);
say(end);
process.exit(end === 'lost' ? 1 : 0);
