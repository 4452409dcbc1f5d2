/** Carries out what was decided for a node. */
import type { Node } from '../../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES } from '../../api/resources.ts';
import { API_VERSION, CONTROLLER_MANAGER, NODE_CONDITION_STUCK } from '../../api/v1alpha1/names.ts';
import type { NodeCommand, NodeSnapshot, StuckClaim } from '../../core/decision/node/node-snapshot.ts';
import { toTime } from '../../core/time/timestamp.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import { isMedicError } from '../../ports/errors.ts';
import { incidentSubject, nodeSubject } from '../events.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { earlySecretName, incidentName } from '../incident/object-names.ts';
import { type BundleRef, deleteBundle, dumpsOf, EMPTY_BUNDLE, writeBundle } from '../stacks/secret-bundle.ts';
import { captureStacks } from '../stacks/capture-stacks.ts';
import type { World } from '../world.ts';
import { ANNOTATION_WAITS } from './gather-node.ts';

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

async function setStuck(world: World, node: Node, claim: StuckClaim): Promise<void> {
  const now = toTime(world.clock.now());
  const old = node.status.conditions.find(({ type }) => type === NODE_CONDITION_STUCK);
  const isTransition = old?.status !== claim.status || old.lastTransitionTime === '';
  const lastTransitionTime = isTransition ? now : old.lastTransitionTime;
  const condition = { type: NODE_CONDITION_STUCK, ...claim, lastTransitionTime, lastHeartbeatTime: now };
  await world.cluster.apply(
    NODES,
    { apiVersion: 'v1', kind: 'Node', metadata: { name: node.metadata.name }, status: { conditions: [condition] } },
    { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
  );
}

async function captureEarly(world: World, snapshot: NodeSnapshot, signal: AbortSignal): Promise<void> {
  const { node, health } = snapshot;
  if (health === undefined) return;
  const owner = { apiVersion: API_VERSION, kind: HEALTHS.kind, name: health.metadata.name, uid: health.metadata.uid };
  const ref: BundleRef = { name: earlySecretName(node.metadata.uid), component: 'early-stacks', owner };
  const bundle = await captureStacks(world, {
    node: node.metadata.name,
    ref,
    bundle: EMPTY_BUNDLE,
    redact: health.spec.redact,
    signal,
  });
  const verdict = diagnose({
    dumps: dumpsOf(bundle),
    logs: [],
    probe: health.status.runtime?.probe.state ?? 'Unknown',
    host: undefined,
    kubeletVersion: node.status.nodeInfo?.kubeletVersion,
    runtimeVersion: undefined,
  });
  const waits = verdict.class === 'RuntimeHung' && verdict.confidence !== 'Low';
  if (waits) await writeBundle(world, { ...ref, annotations: { [ANNOTATION_WAITS]: 'true' } }, bundle);
}

type OpenIncident = Extract<NodeCommand, { kind: 'OpenIncident' }>;

async function openIncident(
  { world, view, events }: ActContext,
  snapshot: NodeSnapshot,
  { trigger, plan }: OpenIncident,
): Promise<void> {
  const { name: nodeName, uid: nodeUID } = snapshot.node.metadata;
  const name = incidentName(nodeName, nodeUID, trigger, snapshot.incidents[0]?.metadata.uid ?? '');
  try {
    const incident = await world.cluster.create(
      INCIDENTS,
      { apiVersion: API_VERSION, kind: INCIDENTS.kind, metadata: { name }, spec: { nodeName, nodeUID, trigger, plan } },
      { manager: CONTROLLER_MANAGER },
    );
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
    await events.record(nodeSubject(nodeName, nodeUID), claim);
    await events.record(incidentSubject(name, incident.metadata.uid), claim);
  } catch (err) {
    // It exists: the last controller created it and died before it could say so.
    if (!isMedicError(err, 'conflict')) throw err;
  }
}

export async function actOnNode(
  context: ActContext,
  snapshot: NodeSnapshot,
  command: NodeCommand,
  signal: AbortSignal,
): Promise<void> {
  const { world } = context;
  switch (command.kind) {
    case 'ApplyHealth':
      return applyHealth(world, snapshot.node, command.spec);
    case 'SetStuck':
      return setStuck(world, snapshot.node, command.claim);
    case 'CaptureEarlyStacks':
      return captureEarly(world, snapshot, signal);
    case 'DropEarlyStacks':
      return deleteBundle(world, earlySecretName(snapshot.node.metadata.uid));
    case 'OpenIncident':
      return openIncident(context, snapshot, command);
    default:
      return command satisfies never;
  }
}
