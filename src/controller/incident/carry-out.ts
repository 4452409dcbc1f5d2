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
import { fromTime } from '../../core/time/timestamp.ts';
import type { JsonPatchOperation } from '../../ports/cluster.ts';
import { type EventRecorder, incidentSubject, nodeSubject } from '../events.ts';
import type { LocalView } from '../local-view.ts';
import { type Bundle, type BundleRef, deleteBundle, EMPTY_BUNDLE, readBundle } from '../stacks/secret-bundle.ts';
import { captureStacks } from '../stacks/capture-stacks.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import type { World } from '../world.ts';
import { earlySecretName, incidentOwner, stacksSecretName } from './object-names.ts';
import { eventsBetween, observationsBetween } from './report-changes.ts';

/** Early dumps older than this are not of this trouble. */
const EARLY_MAX_AGE_MS = 15 * 60_000;

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

async function earlyBundle(world: World, incident: KubeletIncident): Promise<Bundle | undefined> {
  const early = await readBundle(world, earlySecretName(incident.spec.nodeUID));
  const newest = Math.max(0, ...(early?.bundle.entries ?? []).map((entry) => fromTime(entry.at) ?? 0));
  if (early === undefined || world.clock.now() - newest > EARLY_MAX_AGE_MS) return undefined;
  const location = `secret://${world.namespace}/${stacksSecretName(incident)}#`;
  const entries = early.bundle.entries.map((entry) =>
    entry.state === 'Captured'
      ? {
          ...entry,
          location: `${location}${entry.name}`,
          message: entry.message ?? 'taken early, while PLEG was only suspected',
        }
      : entry,
  );
  return { entries, files: early.bundle.files };
}

async function capture(world: World, { incident, node }: IncidentSnapshot, signal: AbortSignal): Promise<void> {
  if (node === undefined) return;
  const ref: BundleRef = {
    name: stacksSecretName(incident),
    component: 'incident-stacks',
    owner: incidentOwner(incident),
  };
  const stored = await readBundle(world, ref.name);
  const early = stored === undefined ? await earlyBundle(world, incident) : undefined;
  const bundle = stored?.bundle ?? early ?? EMPTY_BUNDLE;
  await captureStacks(world, {
    node: incident.spec.nodeName,
    ref,
    bundle,
    redact: incident.spec.plan.evidence.redact,
    signal,
  });
  if (early !== undefined) await deleteBundle(world, earlySecretName(incident.spec.nodeUID));
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
      return capture(world, snapshot, signal);
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
    // The status is written: what changed in it is told now or never.
    await tell(context, snapshot, decision);
  }
}
