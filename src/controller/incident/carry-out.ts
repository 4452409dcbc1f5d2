/** Carries out a decision: the status first (write-ahead), then the commands, then the words about it. */
import { INCIDENTS } from '../../api/resources.ts';
import type { IncidentStatus, KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { Command, IncidentDecision, IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { AgentContacts } from '../agent-contacts.ts';
import { type EventRecorder, incidentSubject, nodeSubject } from '../events.ts';
import type { LocalView } from '../view/local-view.ts';
import { cordonNode, uncordonNode } from '../node-cordon.ts';
import type { EvidenceBudget } from './evidence-budget.ts';
import type { KubeletLeases } from './kubelet-leases.ts';
import type { Resting } from './resting.ts';
import type { MaintenanceLeases } from './maintenance-lease.ts';
import { captureByProxy } from '../node-proxy/capture-by-proxy.ts';
import type { RemediationView } from '../remediation/remediation-view.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import type { World } from '../world.ts';
import { eventsBetween, observationsBetween } from './report-changes.ts';

/** The part of the status that a decision writes; the agent's items are its own to write, and `trimmed` is of evidence-budget.ts. */
function controllerPart(status: IncidentStatus): IncidentStatus {
  const { actions, host, evidence, trimmed, ...own } = status;
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

async function execute(
  { world, contacts, leases }: ActContext,
  snapshot: IncidentSnapshot,
  command: Command,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, spec } = snapshot.incident;
  switch (command.kind) {
    case 'CaptureStacks':
      return captureByProxy(world, snapshot.incident, snapshot.stacks.entries, signal);
    case 'AskAgent':
      return snapshot.health === undefined ? undefined : contacts.ask(snapshot.health);
    case 'TakeLease':
      return leases.take({ name: spec.nodeName, uid: spec.nodeUID }, metadata.name);
    case 'ReleaseLease':
      return leases.release(spec.nodeName, metadata.name);
    case 'Cordon':
      if (snapshot.node !== undefined) await cordonNode(world, snapshot.node, metadata.name, command.reason);
      world.failpoint('node-cordoned');
      return;
    case 'Uncordon':
      return snapshot.node === undefined ? undefined : uncordonNode(world, snapshot.node, metadata.name);
    default:
      return command satisfies never;
  }
}

export interface ActContext {
  readonly world: World;
  readonly view: LocalView;
  readonly contacts: AgentContacts;
  readonly leases: MaintenanceLeases;
  readonly kubeletLeases: KubeletLeases;
  readonly events: EventRecorder;
  readonly evidence: EvidenceBudget;
  readonly resting: Resting;
  readonly requests: RemediationView;
  /** One at a time: a decision that looks at the budget and the write that reserves it hold the mutex. */
  readonly mutex: Mutex;
}

function tell({ world, events }: ActContext, snapshot: IncidentSnapshot, decision: IncidentDecision): void {
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
    events.record(nodeSubject(nodeName, nodeUID), {
      ...claim,
      message: `${claim.message} (${incident.metadata.name})`,
    });
    events.record(incidentSubject(incident.metadata.name, incident.metadata.uid), claim);
  }
}

/** Conflicts and refusals are known not to have taken effect. Of all else it is not known. */
async function writeOrRemember(
  world: World,
  view: LocalView,
  incident: KubeletIncident,
  status: IncidentStatus,
): Promise<KubeletIncident> {
  try {
    return await writeStatus(world, incident, status);
  } catch (error) {
    if (!isMedicError(error, 'conflict', 'absent', 'denied', 'invalid', 'throttled'))
      view.noteUncertain(incident, status);
    throw error;
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
  const written = await writeOrRemember(world, view, incident, decision.status);
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
    for (const command of decision.commands) await execute(context, snapshot, command, signal);
  } finally {
    // The status is written. A later look finds no change, so what changed is reported now.
    tell(context, snapshot, decision);
  }
}
