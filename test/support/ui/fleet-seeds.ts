/** Fleets for the page: nodes with agents that have reported just now, and incidents. */
import { HEALTHS, INCIDENTS, LEASES, NODES, POLICIES } from '../../../src/api/resources.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import type { HealthStatus } from '../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { KubeObject, Manifest, Resource } from '../../../src/ports/cluster.ts';
import {
  aHealth,
  anIncident,
  aNode,
  aPlan,
  aPolicy,
  T0,
  type IncidentOptions,
  type NodeOptions,
} from '../builders/objects.ts';
import { recovered } from '../report/scenarios.ts';

/** As both the API server in memory and the cluster without a network have it. */
export interface Seeder {
  seed(resource: Pick<Resource, 'apiVersion' | 'plural'>, object: Manifest): unknown;
}

export function plant(server: Seeder, resource: Resource, object: KubeObject): void {
  server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

function fine(type: string): NonNullable<HealthStatus['conditions']>[number] {
  return { type, status: 'True', reason: 'Fine', message: 'fine', lastTransitionTime: ago(3_600_000) };
}

function healthStatus(): Partial<HealthStatus> {
  return {
    kubelet: { unit: 'kubelet.service', restart: 'always', program: { state: 'Running', since: ago(3_600_000) } },
    conditions: ['LogReadable', 'RuntimeReachable', 'SpoolWritable', 'StacksReadable', 'Recoverable'].map(fine),
  };
}

export interface SeededNode extends NodeOptions {
  readonly name: string;
  readonly agent?: 'well' | 'silent' | 'none';
  readonly health?: Partial<HealthStatus>;
}

export function plantNode(server: Seeder, { agent = 'well', health, ...node }: SeededNode): void {
  plant(server, NODES, aNode(node));
  if (agent === 'none') return;
  const reportedAt = Date.now() - T0 - (agent === 'silent' ? 3_600_000 : 10_000);
  const made = aHealth({ node: node.name, reportedAt, status: { ...healthStatus(), ...health } });
  plant(server, HEALTHS, { ...made, spec: { ...made.spec, policy: 'default', mode: 'Remediate' } } as typeof made);
}

export function nodeName(index: number): string {
  return `node-${String(index).padStart(4, '0')}`;
}

const STUCK = { state: 'Unhealthy', reason: 'r', message: 'PLEG is not healthy' } as const;

/** Some of each state; the first seven are ill in some way. */
/** One that has renewed its lease a moment ago. */
function plantLeader(server: Seeder): void {
  const metadata = { name: LEADER_LEASE, namespace: 'kubelet-medic' };
  const renewTime = new Date(Date.now() - 1_000).toISOString();
  server.seed(LEASES, { metadata, spec: { holderIdentity: 'pod-1', leaseDurationSeconds: 30, renewTime } });
}

export function plantFleet(server: Seeder, count: number): void {
  plant(server, POLICIES, aPolicy());
  plantLeader(server);
  const special: readonly Omit<SeededNode, 'name'>[] = [
    { ready: 'False', since: Date.now() - T0 - 120_000 },
    { health: { pleg: { ...STUCK, since: ago(90_000), episodes: [] } } },
    { health: { kubelet: { program: { state: 'Frozen', since: ago(60_000) } } } },
    { agent: 'silent' },
    { agent: 'none' },
    { health: { pleg: { ...STUCK, state: 'Suspected', since: ago(20_000), episodes: [] } } },
    { ready: 'Unknown', since: Date.now() - T0 - 400_000 },
  ];
  for (let index = 0; index < count; index++) plantNode(server, { ...special[index], name: nodeName(index) });
}

export const HELD = 'node-0001-held1';

/** One whose node waits for a person, with a diagnosis of a real kubelet. */
export function aHeldIncident(options: IncidentOptions = {}): KubeletIncident {
  const { diagnosis } = recovered().incident.status;
  if (diagnosis === undefined) throw new Error('the scenario has a diagnosis');
  const held = {
    name: 'hold',
    type: 'Hold',
    state: 'Requested',
    startedAt: ago(60_000),
    deadline: ago(-1_200_000),
  } as const;
  return anIncident({
    name: HELD,
    node: nodeName(1),
    createdAt: Date.now() - T0 - 90_000,
    plan: aPlan({ strategy: 'DiagnoseFirst' }),
    status: { state: 'Held', diagnosis, steps: [held] },
    ...options,
  });
}

export function plantIncident(server: Seeder, incident: KubeletIncident): void {
  plant(server, INCIDENTS, incident);
}
