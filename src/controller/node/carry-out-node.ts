/** Carries out what was decided for a node. */
import type { Node } from '../../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { NodeCommand, NodeSnapshot } from '../../core/decision/node/node-snapshot.ts';
import { isCordonedBy, isOpen } from '../../core/decision/node-state.ts';
import { nodeLabels } from '../../core/decision/record/labels.ts';
import { incidentName } from '../../core/decision/record/incident-name.ts';
import { isMedicError } from '../../ports/errors.ts';
import { incidentSubject, nodeSubject } from '../events.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { uncordonNode, unmarkNode } from '../node-cordon.ts';
import type { World } from '../world.ts';
import { setStuck } from './node-condition.ts';

async function applyHealth(world: World, node: Node, spec: unknown): Promise<void> {
  const owner = { apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid };
  await world.cluster.apply(
    HEALTHS,
    {
      apiVersion: API_VERSION,
      kind: HEALTHS.kind,
      metadata: { name: node.metadata.name, ownerReferences: [owner] },
      spec,
    },
    { manager: CONTROLLER_MANAGER, force: true },
  );
}

/** Of one incident that are tried. */
const MAX_NAMES = 3;

type OpenIncident = Extract<NodeCommand, { kind: 'OpenIncident' }>;

/** @returns undefined: it is there: the last controller created it and died before it could say so. */
async function createIncident(
  { cluster, log }: World,
  spec: KubeletIncident['spec'],
  newest: KubeletIncident | undefined,
): Promise<KubeletIncident | undefined> {
  const { nodeName, nodeUID, trigger } = spec;
  let last = newest?.metadata.uid ?? '';
  for (let tries = 1; ; tries++) {
    const name = incidentName(nodeName, nodeUID, trigger, last);
    const metadata = { name, labels: nodeLabels(nodeName) };
    const manifest = { apiVersion: API_VERSION, kind: INCIDENTS.kind, metadata, spec };
    try {
      return await cluster.create(INCIDENTS, manifest, { manager: CONTROLLER_MANAGER });
    } catch (err) {
      if (!isMedicError(err, 'conflict')) throw err;
      const there = await cluster.get(INCIDENTS, { name });
      if (there?.spec.trigger.type === trigger.type && there.spec.nodeUID === nodeUID) return undefined;
      if (tries === MAX_NAMES) throw err;
      // A person's, who has the right to make incidents: whatever is under our name, this trouble is not handled by it.
      log.warn('The name of an incident is taken by another one', { node: nodeName, incident: name });
      last = `${last}/${there?.metadata.uid ?? ''}`;
    }
  }
}

async function openIncident(
  { world, view, events }: ActContext,
  snapshot: NodeSnapshot,
  { trigger, plan }: OpenIncident,
): Promise<void> {
  const { name: nodeName, uid: nodeUID } = snapshot.node.metadata;
  const incident = await createIncident(world, { nodeName, nodeUID, trigger, plan }, snapshot.incidents[0]);
  if (incident === undefined) return;
  const { name } = incident.metadata;
  view.noteWritten(incident);
  world.metrics.count('incidents_opened_total', { trigger: trigger.type });
  world.log.info('Incident opened', {
    node: nodeName,
    incident: name,
    reason: trigger.type,
    detail: trigger.message,
  });
  const claim = {
    type: 'Warning',
    reason: trigger.type,
    message: `${trigger.message} (${name}, policy ${plan.policy}, mode ${plan.mode})`,
  } as const;
  events.record(nodeSubject(nodeName, nodeUID), claim);
  events.record(incidentSubject(name, incident.metadata.uid), claim);
}

type SweepCordon = Extract<NodeCommand, { kind: 'SweepCordon' }>;

/** Both are read again: in the copies the incident may be missing that has just cordoned the node. */
async function nodeToSweep(
  { cluster }: World,
  { node: { metadata } }: NodeSnapshot,
  name: string,
): Promise<Node | undefined> {
  const incident = await cluster.get(INCIDENTS, { name });
  const node = await cluster.get(NODES, { name: metadata.name });
  const isInUse = incident !== undefined && isOpen(incident);
  return node?.metadata.uid !== metadata.uid || isInUse ? undefined : node;
}

async function sweepCordon(
  { world, events }: ActContext,
  snapshot: NodeSnapshot,
  { incident: name, why }: SweepCordon,
): Promise<void> {
  const node = await nodeToSweep(world, snapshot, name);
  if (node === undefined || !isCordonedBy(node, name)) return;
  const { metadata } = node;
  await uncordonNode(world, node, name);
  world.log.info('A cordon of ours is undone', { node: metadata.name, incident: name, detail: why });
  const message = `cordoned by incident ${name}: undone, since ${why}`;
  events.record(nodeSubject(metadata.name, metadata.uid), { type: 'Normal', reason: 'NodeUncordoned', message });
}

async function sweepMark({ world }: ActContext, snapshot: NodeSnapshot, name: string): Promise<void> {
  const node = await nodeToSweep(world, snapshot, name);
  if (node !== undefined) await unmarkNode(world, node, name);
}

export async function actOnNode(context: ActContext, snapshot: NodeSnapshot, command: NodeCommand): Promise<void> {
  const { world, contacts } = context;
  switch (command.kind) {
    case 'ApplyHealth':
      return applyHealth(world, snapshot.node, command.spec);
    case 'AskAgent':
      return snapshot.health === undefined ? undefined : contacts.ask(snapshot.health);
    case 'SweepCordon':
      return sweepCordon(context, snapshot, command);
    case 'SweepMark':
      return sweepMark(context, snapshot, command.incident);
    case 'SetStuck':
      return setStuck(world, snapshot.node, command.claim);
    case 'OpenIncident':
      return openIncident(context, snapshot, command);
    default:
      return command satisfies never;
  }
}
