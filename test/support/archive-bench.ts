/** The controller's part of the copies alone, with many nodes whose agents do as a test says. */
import { HEALTHS, INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { BUCKET_MANAGER, INQUIRY_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { createAgentContacts } from '../../src/controller/agent-contacts.ts';
import { runArchive } from '../../src/controller/bucket/archive.ts';
import { createLocalView } from '../../src/controller/view/local-view.ts';
import { objectName } from '../../src/core/evidence/bucket-objects.ts';
import { sha256 } from '../../src/core/evidence/manifest.ts';
import { createGrantKey } from '../../src/core/evidence/sealed-grant.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { objectAt } from './api-server/json.ts';
import { aPlan } from './builders/objects.ts';
import type { RecordingLog, RecordingMetrics } from './builders/recording.ts';
import type { FakeClock } from './clock.ts';
import { createControllerWorld } from './controller-world.ts';
import { createFakeBucket, type FakeBucket, folderIn } from './fake-bucket.ts';
import type { LocalCluster } from './local-cluster.ts';

const LOG = Buffer.from('I1124 10:00:00 kubelet.go:1] PLEG is not healthy\n');
const GOOD_KEY = createGrantKey().publicKey;

const LEFT = 'old';

export interface Member {
  /**
   * - `well`: it answers, and carries grants out.
   * - `busy`: it answers, and never ends an upload.
   * - `silent`: it has reported once.
   */
  readonly agent?: 'well' | 'busy' | 'silent';
  /** For which grants are sealed. */
  readonly key?: string;
  /** An earlier controller has left a grant, for an agent that is no more. */
  readonly hasOldGrant?: boolean;
  /** Of the only artifact, as its entry says. */
  readonly bytes?: number;
  readonly isOpen?: boolean;
}

export interface ArchiveBench {
  readonly clock: FakeClock;
  readonly local: LocalCluster;
  readonly log: RecordingLog;
  readonly metrics: RecordingMetrics;
  readonly bucket: FakeBucket;
  incident(index: number): KubeletIncident;
  /** It answers what it was asked meanwhile. */
  setAgent(index: number, agent: Member['agent']): void;
  /** Names of the nodes that got a grant, each time. */
  granted(): readonly string[];
  stop(): void;
}

/** Each node `node-INDEX` has one incident with one artifact. An incident that is over ended `index` milliseconds after the first. @param onWrite as of the local cluster. */
export async function startArchive(
  count: number,
  memberOf: (index: number) => Member,
  onWrite?: Parameters<LocalCluster['onWrite']>[0],
): Promise<ArchiveBench> {
  const life = new AbortController();
  const { world, clock, local, metrics, log } = createControllerWorld();
  const bucket = createFakeBucket(clock);
  const agents = new Map<string, Member['agent']>();
  const grants: string[] = [];

  function seed(index: number): void {
    const { agent = 'well', key = GOOD_KEY, hasOldGrant = false, bytes = LOG.length, isOpen = false } = memberOf(index);
    const name = `node-${String(index)}`;
    const at = toPreciseTime(clock.now() + index);
    agents.set(name, agent);
    const about = { name: 'kubelet.log.gz', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at, source: 's' };
    const entry = { ...about, bytes, sha256: sha256(LOG) };
    const is = (type: string, status: string, reason: string): object => ({
      type,
      status,
      reason,
      message: '',
      lastTransitionTime: at,
    });
    const open = { conditions: [is('EvidenceCaptured', 'True', 'Saved'), is('Complete', 'False', 'Acting')] };
    const over = {
      conditions: [is('Complete', 'True', 'Recovered')],
      outcome: 'Recovered',
      timings: { completedAt: at },
    };
    local.seeds.seed(NODES, { metadata: { name, uid: `uid-${name}` } });
    local.seeds.seed(HEALTHS, {
      metadata: { name },
      spec: hasOldGrant ? { bucket: { id: LEFT, sealed: 'x' } } : {},
      status: { agent: { version: '1.0.0', startedAt: at, reportedAt: at }, bucket: { key } },
    });
    const trigger = { type: 'PLEGUnhealthy', at, message: 'x' };
    local.seeds.seed(INCIDENTS, {
      metadata: { name: `${name}-x7k2q` },
      spec: { nodeName: name, nodeUID: `uid-${name}`, trigger, plan: aPlan() },
      status: { evidence: [entry], ...(isOpen ? open : over) },
    });
  }

  function report(name: string): void {
    if (agents.get(name) === 'silent') return;
    local.seeds.edit(HEALTHS, { name }, (draft) => {
      const status = objectAt(draft, 'status');
      const { inquiry, bucket: grant } = objectAt(draft, 'spec');
      const said = inquiry === undefined ? {} : { agent: { ...objectAt(status, 'agent'), inquiry } };
      const id = grant === undefined ? undefined : objectAt(objectAt(draft, 'spec'), 'bucket')['id'];
      const isDone = id !== undefined && id !== LEFT && agents.get(name) === 'well';
      if (isDone)
        bucket.objects.set(
          `${folderIn(bucket, name, `${name}-x7k2q`)}/${objectName('kubelet.log.gz', sha256(LOG))}`,
          LOG,
        );
      draft['status'] = {
        ...status,
        ...said,
        ...(isDone ? { bucket: { ...objectAt(status, 'bucket'), grant: id } } : {}),
      };
    });
  }

  for (let index = 0; index < count; index++) seed(index);
  local.onStored(({ plural, manager, name }, stored) => {
    if (plural !== HEALTHS.plural) return;
    const isGrant = manager === BUCKET_MANAGER && objectAt(stored, 'spec')['bucket'] !== undefined;
    if (isGrant) grants.push(name);
    if (isGrant || manager === INQUIRY_MANAGER) {
      void clock.sleep(100, life.signal).then(
        () => {
          report(name);
        },
        () => undefined,
      );
    }
  });
  local.onWrite(onWrite);
  const contacts = createAgentContacts(world);
  const view = createLocalView(world, contacts, life.signal);
  await clock.advance(1_000);
  await view.whenSynced();
  void runArchive(world, { view, contacts, bucket }, life.signal);
  return {
    clock,
    local,
    log,
    metrics,
    bucket,
    incident: (index) => local.read(INCIDENTS, `node-${String(index)}-x7k2q`)!,
    setAgent(index, agent): void {
      agents.set(`node-${String(index)}`, agent);
      report(`node-${String(index)}`);
    },
    granted: () => grants,
    stop: () => {
      life.abort(new Error('the test is over'));
    },
  };
}
