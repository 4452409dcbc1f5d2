/** Carries out a decision: the status first (write-ahead), then the commands, then the words about it. */
import { INCIDENTS, NODES } from '../../api/resources.ts';
import type { IncidentStatus, KubeletIncident } from '../../api/v1alpha1/incident.ts';
import {
  ANNOTATION_CORDON_REASON,
  ANNOTATION_CORDONED_BY,
  API_VERSION,
  CONTROLLER_MANAGER,
} from '../../api/v1alpha1/names.ts';
import type { Command, IncidentDecision, IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { isCordonedBy } from '../../core/decision/node-state.ts';
import type { JsonPatchOperation } from '../../ports/cluster.ts';
import { type EventRecorder, incidentSubject, nodeSubject } from '../events.ts';
import type { LocalView } from '../local-view.ts';
import { captureByProxy } from '../node-proxy/capture-by-proxy.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import type { World } from '../world.ts';
import { eventsBetween, observationsBetween } from './report-changes.ts';

/** The part of the status that the controller owns; the agent's items are its own to write. */
function controllerPart(status: IncidentStatus): IncidentStatus {
  const { actions, host, evidence, ...own } = status;
  return { ...own, evidence: (evidence ?? []).filter((entry) => entry.by === 'Controller') };
}

async function writeStatus(world: World, incident: KubeletIncident, status: IncidentStatus): Promise<KubeletIncident> {
  const { name, resourceVersion } = incident.metadata;
  return world.cluster.apply(
    INCIDENTS,
    {
      apiVersion: API_VERSION,
      kind: INCIDENTS.kind,
      metadata: { name, resourceVersion },
      status: controllerPart(status),
    },
    { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
  );
}

/** The node as it was decided on, or a conflict: nothing is written over what somebody else has written since. */
function preconditions(snapshot: IncidentSnapshot): JsonPatchOperation[] {
  const { uid, resourceVersion } = snapshot.node?.metadata ?? { uid: '', resourceVersion: '' };
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
  ];
}

function pointer(annotation: string): string {
  return `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

async function cordon(world: World, snapshot: IncidentSnapshot, reason: string): Promise<void> {
  const { incident, node } = snapshot;
  if (node === undefined) return;
  const annotated = Object.keys(node.metadata.annotations).length > 0;
  const patch: JsonPatchOperation[] = [
    ...preconditions(snapshot),
    ...(annotated ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} } as const]),
    { op: 'add', path: pointer(ANNOTATION_CORDONED_BY), value: incident.metadata.name },
    { op: 'add', path: pointer(ANNOTATION_CORDON_REASON), value: reason },
    { op: 'add', path: '/spec/unschedulable', value: true },
  ];
  await world.cluster.jsonPatch(NODES, { name: incident.spec.nodeName }, patch, { manager: CONTROLLER_MANAGER });
  world.failpoint('node-cordoned');
}

async function uncordon(world: World, snapshot: IncidentSnapshot): Promise<void> {
  const { incident, node } = snapshot;
  if (node === undefined || !isCordonedBy(node, incident.metadata.name)) return;
  const reasoned = ANNOTATION_CORDON_REASON in node.metadata.annotations;
  const patch: JsonPatchOperation[] = [
    ...preconditions(snapshot),
    { op: 'remove', path: '/spec/unschedulable' },
    { op: 'remove', path: pointer(ANNOTATION_CORDONED_BY) },
    ...(reasoned ? [{ op: 'remove', path: pointer(ANNOTATION_CORDON_REASON) } as const] : []),
  ];
  await world.cluster.jsonPatch(NODES, { name: incident.spec.nodeName }, patch, { manager: CONTROLLER_MANAGER });
}

async function execute(world: World, snapshot: IncidentSnapshot, command: Command, signal: AbortSignal): Promise<void> {
  switch (command.kind) {
    case 'CaptureStacks':
      return captureByProxy(world, snapshot.incident, snapshot.stacks.entries, signal);
    case 'Cordon':
      return cordon(world, snapshot, command.reason);
    case 'Uncordon':
      return uncordon(world, snapshot);
    default:
      return command satisfies never;
  }
}

export interface ActContext {
  readonly world: World;
  readonly view: LocalView;
  readonly events: EventRecorder;
  /** One at a time: a decision that looks at the budget and the write that reserves it hold the mutex. */
  readonly mutex: Mutex;
}

async function tell(
  { world, events }: ActContext,
  snapshot: IncidentSnapshot,
  decision: IncidentDecision,
): Promise<void> {
  const { incident } = snapshot;
  const { nodeName, nodeUID } = incident.spec;
  for (const { name, seconds } of observationsBetween(incident.status, decision.status))
    world.metrics.observe(name, seconds);
  if (decision.status.outcome !== undefined && incident.status.outcome === undefined) {
    world.metrics.count('incidents_completed_total', { outcome: decision.status.outcome });
  }
  for (const claim of eventsBetween(incident.status, decision.status)) {
    world.log.info('Incident event', {
      node: nodeName,
      incident: incident.metadata.name,
      reason: claim.reason,
      detail: claim.message,
    });
    await events.record(nodeSubject(nodeName, nodeUID), {
      ...claim,
      message: `${claim.message} (${incident.metadata.name})`,
    });
    await events.record(incidentSubject(incident.metadata.name, incident.metadata.uid), claim);
  }
}

/** The write-ahead: what is about to be done is in the API before it is done. @returns whether anything changed. */
export async function writeDecision(
  { world, view }: ActContext,
  snapshot: IncidentSnapshot,
  decision: IncidentDecision,
): Promise<boolean> {
  const { incident } = snapshot;
  if (canonical(controllerPart(decision.status)) === canonical(controllerPart(incident.status))) return false;
  const written = await writeStatus(world, incident, decision.status);
  view.noteWritten(written);
  // A write that the API server finds to change nothing is no reason to look again at once.
  return written.metadata.resourceVersion !== incident.metadata.resourceVersion;
}

export async function carryOut(
  context: ActContext,
  snapshot: IncidentSnapshot,
  decision: IncidentDecision,
  signal: AbortSignal,
): Promise<void> {
  const requested = decision.status.steps?.some((step) => step.type === 'Act' && step.state === 'Requested') === true;
  if (requested) context.world.failpoint('action-requested');
  try {
    for (const command of decision.commands) await execute(context.world, snapshot, command, signal);
  } finally {
    // The status is written. A later look finds no change, so what changed is reported now.
    await tell(context, snapshot, decision);
  }
}
