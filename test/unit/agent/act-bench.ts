/** What an act works with: a simulated host of which a test breaks what it likes, and an incident in the API server. */
import type { ActParts } from '../../../src/agent/act/judge-act.ts';
import { createObservationBoard } from '../../../src/agent/health/observation.ts';
import { createRequests } from '../../../src/agent/requests.ts';
import type { World } from '../../../src/agent/world.ts';
import { INCIDENTS, NODES, POLICIES } from '../../../src/api/resources.ts';
import type { ActionRecord, IncidentStatus, KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { ActStep } from '../../../src/core/decision/actions.ts';
import type { Host } from '../../../src/ports/host.ts';
import { Action } from '../../../src/api/v1alpha1/kinds/policy.ts';
import { anIncident, aNode, aPlan, aPolicy } from '../../support/builders/objects.ts';
import { createRecordingLog, createRecordingMetrics, type RecordingLog } from '../../support/builders/recording.ts';
import { createFakeClock, createSeededRandom, type FakeClock } from '../../support/clock.ts';
import { createFaultyClient, type Faults } from '../../support/faulty-cluster.ts';
import { type SimulatedHost, startSimulatedHost } from '../../support/host/simulated-host.ts';
import { createLocalCluster, type LocalCluster } from '../../support/local-cluster.ts';

export const NAME = 'node-a-x7k2q';
export const REF = { name: NAME, uid: `uid-${NAME}` };

export interface ActBench {
  readonly clock: FakeClock;
  readonly local: LocalCluster;
  /** On the agent's way to the API server. */
  readonly faults: Faults;
  readonly sim: SimulatedHost;
  readonly parts: ActParts;
  readonly log: RecordingLog;
  readonly life: AbortController;
  /** What a test puts in the place of the host's own. */
  readonly services: { -readonly [K in keyof Host['services']]?: Host['services'][K] };
  setBootID(bootID: string): void;
  /** A step that asks for it now. */
  asked(action?: ActStep['action']): ActStep;
  seed(status: IncidentStatus): KubeletIncident;
  incident(): KubeletIncident;
  /** Of `act-1`. */
  record(): ActionRecord | undefined;
  /** How many such ends the metrics have counted. */
  counted(action: string, state: string): number;
  finish(): Promise<void>;
}

export async function createActBench(): Promise<ActBench> {
  const life = new AbortController();
  const clock = createFakeClock();
  const local = createLocalCluster(clock);
  const random = createSeededRandom(7);
  const { cluster, faults } = createFaultyClient(local.cluster, { clock, random });
  const sim = startSimulatedHost({ node: 'node-a', clock, random }, life.signal);
  const services: ActBench['services'] = {};
  let bootID = 'boot-1';
  const metrics = createRecordingMetrics();
  const log = createRecordingLog();
  const { host } = sim;
  const world: World = {
    node: 'node-a',
    version: '0.1.0',
    pod: undefined,
    namespace: undefined,
    cluster,
    host: {
      ...host,
      services: {
        find: (role, signal) => (services.find ?? host.services.find)(role, signal),
        show: (unit, signal) => (services.show ?? host.services.show)(unit, signal),
        restart: (unit, signal) => (services.restart ?? host.services.restart)(unit, signal),
        reboot: (signal) => (services.reboot ?? host.services.reboot)(signal),
      },
      facts: { ...host.facts, bootID: async () => bootID },
    },
    clock,
    random,
    log,
    metrics,
  };
  const { spec, status } = aNode({ ready: 'False' });
  local.seeds.seed(NODES, { metadata: { name: 'node-a', uid: 'uid-node-a' }, spec, status });
  const remediation = { allowedActions: [...Action.options] };
  local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: aPolicy({ remediation }).spec });
  const parts = { world, board: createObservationBoard(clock.now()), requests: createRequests(world, life.signal) };
  await clock.advance(5_000);

  const incident = (): KubeletIncident => local.read(INCIDENTS, NAME)!;
  return {
    clock,
    local,
    faults,
    sim,
    parts,
    log,
    life,
    services,
    incident,
    setBootID(next): void {
      bootID = next;
    },
    asked(action = 'RestartKubelet'): ActStep {
      const startedAt = new Date(clock.now()).toISOString();
      return { name: 'act-1', type: 'Act', state: 'Requested', action, startedAt };
    },
    seed(lived): KubeletIncident {
      const plan = aPlan({ remediation });
      const { metadata, spec: own } = anIncident({ name: NAME, plan });
      local.seeds.seed(INCIDENTS, { metadata: { name: NAME, uid: metadata.uid }, spec: own, status: lived });
      return incident();
    },
    record: () => incident().status.actions?.find(({ name }) => name === 'act-1'),
    counted: (action, state) => metrics.values.get(`actions_total{action="${action}",state="${state}"}`) ?? 0,
    async finish(): Promise<void> {
      life.abort(new Error('the test is over'));
      await clock.settle();
    },
  };
}
