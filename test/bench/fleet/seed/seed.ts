/** Fills a cluster with what a fleet has that has run the product for months. */
import { randomUUID } from 'node:crypto';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../../../src/api/resources.ts';
import { AGENT_MANAGER, API_VERSION, CONTROLLER_MANAGER } from '../../../../src/api/v1alpha1/words/names.ts';
import type { Cluster } from '../../../../src/ports/cluster.ts';
import type { ControlPlane } from '../../../support/control-plane.ts';
import { readStored, type Stored, writeStored } from '../machine/etcd.ts';
import { nodeManifest, nodeName } from './node-manifest.ts';
import { movedBy, movedTo, type Template } from './template.ts';

/** Completed incidents for each node. */
const HISTORY = 2;
const DAY_MS = 86_400_000;
const WIDTH = 48;

async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, count) }, worker));
}

/** @returns the UIDs by name. */
export async function seedNodes(cluster: Cluster, count: number): Promise<ReadonlyMap<string, string>> {
  const uids = new Map<string, string>();
  const now = Date.now();
  await inParallel(count, async (index) => {
    const { metadata } = await cluster.create(NODES, nodeManifest(index, now), { manager: 'kubelet' });
    uids.set(metadata.name, metadata.uid);
  });
  return uids;
}

/** As the two programs write it, each its own fields. */
async function createHealth(cluster: Cluster, { template, uids }: History, name: string): Promise<void> {
  const { inquiry: _inquiry, ...spec } = template.health.spec;
  const metadata = { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: uids.get(name) }] };
  await cluster.apply(HEALTHS, { metadata, spec }, { manager: CONTROLLER_MANAGER, force: true });
  const status = movedTo(template.health.status, name, Date.now() - template.beganAt);
  const how = { manager: AGENT_MANAGER, subresource: 'status', force: true } as const;
  await cluster.apply(HEALTHS, { metadata: { name }, status }, how);
}

/** As the two programs write it, each its own fields. It has ended a day ago. */
async function createIncident(cluster: Cluster, { template, uids }: History, node: string): Promise<string> {
  const { spec, status } = movedTo(template.incident, node, Date.now() - DAY_MS - template.beganAt);
  const metadata = { name: `${node}-00000` };
  const created = { metadata, spec: { ...spec, nodeUID: uids.get(node) } };
  await cluster.create(INCIDENTS, created, { manager: CONTROLLER_MANAGER });
  const { actions, evidence, host, ...controllers } = status;
  for (const [manager, part] of [
    [AGENT_MANAGER, { actions, evidence, host }],
    [CONTROLLER_MANAGER, controllers],
  ] as const) {
    const object = { apiVersion: API_VERSION, kind: INCIDENTS.kind, metadata, status: part };
    await cluster.apply(INCIDENTS, object, { manager, subresource: 'status', force: true });
  }
  return metadata.name;
}

const UID = /"uid":"([0-9a-f-]{36})"/;

/** The same object of another node. */
function copy(text: string, uids: ReadonlyMap<string, string>, [from, to]: readonly [string, string]): string {
  const own = UID.exec(text)?.[1] ?? '';
  return text
    .replaceAll(own, randomUUID())
    .replaceAll(from, to)
    .replaceAll(uids.get(from) ?? '', uids.get(to) ?? '');
}

function* healthCopies(text: string, uids: ReadonlyMap<string, string>): Generator<Stored> {
  for (let index = 1; index < uids.size; index++) {
    const name = nodeName(index);
    yield { name, text: copy(text, uids, [nodeName(0), name]) };
  }
}

/** The oldest is nearly as old as incidents are kept. */
function* incidentCopies(text: string, uids: ReadonlyMap<string, string>): Generator<Stored> {
  const count = historyOf(uids.size);
  for (let index = 1; index < count; index++) {
    const node = nodeName(index % uids.size);
    const suffix = index.toString(36).padStart(5, '0');
    const moved = movedBy(copy(text, uids, [nodeName(0), node]), (-index / count) * 80 * DAY_MS);
    yield { name: `${node}-${suffix}`, text: moved.replaceAll(`${node}-00000`, `${node}-${suffix}`) };
  }
}

export interface History {
  readonly policy: object;
  readonly template: Template;
  readonly uids: ReadonlyMap<string, string>;
}

/** Before the chart is installed: its admission policies let nobody write a history. One of each is written, and copied. */
export async function seedHistory(plane: ControlPlane, cluster: Cluster, history: History): Promise<void> {
  const { policy, uids } = history;
  await cluster.create(POLICIES, { metadata: { name: 'default' }, spec: policy }, { manager: 'test' });
  const first = nodeName(0);
  await createHealth(cluster, history, first);
  const incident = await createIncident(cluster, history, first);
  const health = await readStored(plane, HEALTHS.plural, first);
  await writeStored(plane, HEALTHS.plural, healthCopies(health, uids));
  const stored = await readStored(plane, INCIDENTS.plural, incident);
  await writeStored(plane, INCIDENTS.plural, incidentCopies(stored, uids));
}

export function historyOf(nodes: number): number {
  return nodes * HISTORY;
}
