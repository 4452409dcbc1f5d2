/** The controller as a whole: mirrors, queues, and who wakes whom. */
import type { KubeletIncident } from '../api/v1alpha1/kinds/incident.ts';
import { runArchive } from './bucket/archive.ts';
import { runBringBack } from './bucket/bring-back.ts';
import { createAgentContacts } from './agent-contacts.ts';
import { clusterOfTerm } from './cluster-of-term.ts';
import { createEventRecorder } from './events.ts';
import { CONTROLLER_PACE, pacedCluster } from './paced-cluster.ts';
import type { ActContext } from './incident/carry-out.ts';
import { runFleetReport } from './fleet/report-fleet.ts';
import { createKubeletLeases } from './incident/kubelet-leases.ts';
import { createMaintenanceLeases } from './incident/maintenance-lease.ts';
import { reconcileIncident } from './incident/reconcile-incident.ts';
import { runRecordMarks } from './incident/record-marks.ts';
import { createResting } from './incident/resting.ts';
import { isOpen } from '../core/decision/node-state.ts';
import { createLocalView } from './view/local-view.ts';
import { createNodeReconciler } from './node/reconcile-node.ts';
import { createNotifier } from './notification/notifier.ts';
import { createPolicyReconciler } from './policy/reconcile-policy.ts';
import { createRemediationReconciler } from './remediation/reconcile-remediation.ts';
import { createRemediationView } from './remediation/remediation-view.ts';
import { wireRequests } from './remediation/wire-requests.ts';
import { createEvidenceBudget } from './incident/evidence-budget.ts';
import { runRetention } from './incident/incident-retention.ts';
import { runUploadRetention } from './incident/upload-retention.ts';
import { isSameRow, isSameRule } from './view/mirrored.ts';
import type { Term } from '../runtime/leader-election.ts';
import { createWritePace } from '../runtime/write-pace.ts';
import { createMutex } from '../runtime/mutex.ts';
import { createWorkQueue, type QueueOptions, type WorkQueue } from '../runtime/work-queue.ts';
import type { World } from './world.ts';
import { cleanCluster } from '../stores/clean-cluster.ts';

interface Queues {
  readonly nodes: WorkQueue;
  readonly incidents: WorkQueue;
  readonly policies: WorkQueue;
  readonly requests: WorkQueue;
}

function createQueues(context: ActContext): Queues {
  const { world, view } = context;
  const queue = (name: string, workers: number, reconcile: QueueOptions['reconcile']): WorkQueue =>
    createWorkQueue({
      name,
      workers,
      reconcile,
      clock: world.clock,
      random: world.random,
      log: world.log,
      onError: () => {
        world.metrics.count('reconcile_errors_total', { controller: name });
      },
    });
  return {
    nodes: queue('node', 8, createNodeReconciler(context)),
    incidents: queue('incident', 8, (name, signal) => reconcileIncident(context, name, signal)),
    policies: queue('policy', 1, createPolicyReconciler(world, view)),
    // One: whoever may make requests has no more than one write of ours at a time.
    requests: queue('remediation', 1, createRemediationReconciler(context)),
  };
}

/** How many nodes are unhealthy changes with each of them; a policy looks at all that has come within a second at once. */
const POLICY_WAITS_MS = 1_000;

function wire({ view }: ActContext, queues: Queues): void {
  const policyOfAll = (): void => {
    for (const policy of view.policies.list()) queues.policies.add(policy.metadata.name, POLICY_WAITS_MS);
  };
  const add = (incidents: readonly KubeletIncident[]): void => {
    for (const incident of incidents) if (isOpen(incident)) queues.incidents.add(incident.metadata.name);
  };
  view.nodes.onChange((current, previous) => {
    if (current !== undefined && previous !== undefined && isSameRow(current, previous)) return;
    const name = current?.metadata.name ?? previous?.metadata.name ?? '';
    queues.nodes.add(name);
    add(view.incidentsOf(name));
    policyOfAll();
  });
  view.healths.onChange((current, previous) => {
    const name = current?.metadata.name ?? previous?.metadata.name ?? '';
    queues.nodes.add(name);
    add(view.incidentsOf(name));
    if (current?.status.pleg?.state !== previous?.status.pleg?.state) policyOfAll();
  });
  view.incidents.onChange((current, previous) => {
    const incident = current ?? previous;
    if (incident === undefined) return;
    queues.incidents.add(incident.metadata.name);
    queues.nodes.add(incident.spec.nodeName);
    // One that is new to us frees nothing: at the start that is the whole history.
    const isOver = current === undefined || current.status.outcome !== undefined;
    if (previous === undefined || previous.status.outcome !== undefined || !isOver) return;
    // A place in the budget may have come free.
    policyOfAll();
    add(view.openIncidents());
  });
  view.policies.onChange((current, previous) => {
    if (current !== undefined && previous !== undefined && isSameRule(current, previous)) return;
    for (const policy of view.policies.list()) queues.policies.add(policy.metadata.name);
    // A pause may have ended.
    add(view.openIncidents());
    for (const node of view.nodes.list()) queues.nodes.add(node.metadata.name);
  });
}

/** Runs until the end of the term. */
export async function runController(allWorld: World, term: Term): Promise<void> {
  const { signal } = term;
  const pace = createWritePace(allWorld.clock, CONTROLLER_PACE, signal);
  const world = { ...allWorld, cluster: pacedCluster(clusterOfTerm(cleanCluster(allWorld.cluster), term), pace) };
  const contacts = createAgentContacts(world);
  const view = createLocalView(world, contacts, signal);
  const leases = createMaintenanceLeases(world, (name) =>
    view.openIncidents().some(({ metadata }) => metadata.name === name),
  );
  const events = createEventRecorder(world);
  const kubeletLeases = createKubeletLeases(world);
  const evidence = createEvidenceBudget({ world, view, events }, signal);
  const resting = createResting({ world, view, contacts, evidence });
  const mutex = createMutex();
  const requests = createRemediationView(world, signal);
  const parts = { world, view, contacts, leases, kubeletLeases, events, evidence, resting, mutex };
  const context: ActContext = { ...parts, requests };
  const queues = createQueues(context);
  const notifier = createNotifier(world, view);
  wire(context, queues);
  wireRequests(context, queues);
  await view.whenSynced();
  world.log.info('Controller is in sync', { nodes: view.nodes.list().length, policies: view.policies.list().length });
  world.onSynced?.();
  for (const node of view.nodes.list()) queues.nodes.add(node.metadata.name);
  for (const incident of view.openIncidents()) queues.incidents.add(incident.metadata.name);
  for (const policy of view.policies.list()) queues.policies.add(policy.metadata.name);
  await Promise.all([
    queues.nodes.run(signal),
    queues.incidents.run(signal),
    queues.policies.run(signal),
    queues.requests.run(signal),
    events.run(signal),
    runRetention(world, view, signal),
    runUploadRetention(world, view, signal),
    runRecordMarks(world, view, signal),
    evidence.run(),
    runFleetReport({ world, view, contacts }, signal),
    notifier.run(signal),
    ...(world.bucket === undefined
      ? []
      : [
          runArchive(world, { view, contacts, bucket: world.bucket }, signal),
          runBringBack(world, view, world.bucket, signal),
        ]),
  ]);
}
