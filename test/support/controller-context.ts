/** What a reconciler of the controller works with, on the store of a real API server, and stuck nodes with their incidents. */
import { EVENTS, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { AGENT_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { createAgentContacts } from '../../src/controller/agent-contacts.ts';
import { createEventRecorder } from '../../src/controller/events.ts';
import type { ActContext } from '../../src/controller/incident/carry-out.ts';
import { createEvidenceBudget } from '../../src/controller/incident/evidence-budget.ts';
import { createKubeletLeases } from '../../src/controller/incident/kubelet-leases.ts';
import { createMaintenanceLeases } from '../../src/controller/incident/maintenance-lease.ts';
import { createResting } from '../../src/controller/incident/resting.ts';
import { createRemediationView } from '../../src/controller/remediation/remediation-view.ts';
import { createLocalView } from '../../src/controller/view/local-view.ts';
import { createMutex } from '../../src/runtime/mutex.ts';
import { isObject, objectAt, textAt } from './api-server/json.ts';
import { aHealth, anIncident, aNode, aPolicy, at, type IncidentOptions } from './builders/objects.ts';
import { createControllerWorld } from './controller-world.ts';
import { createSeededRandom } from './clock.ts';
import { createFaultyClient, type Faults } from './faulty-cluster.ts';

type ControllerWorld = ReturnType<typeof createControllerWorld>;

export interface ControllerParts extends Omit<ControllerWorld, 'world'> {
  readonly context: ActContext;
  /** On the controller's own way to the API server. */
  readonly faults: Faults;
  /** A node whose PLEG is unhealthy, and an agent that has just answered. */
  stuckNode(name: string): Promise<void>;
  /** Of such a node: its evidence is sealed, its cause is known, and nothing has been done yet. */
  diagnosedIncident(options?: IncidentOptions): KubeletIncident;
  incident(name: string): KubeletIncident;
  /** Of these reasons, or of all: `REASON KIND/NAME`, in the order in which they arrived. */
  events(...reasons: readonly string[]): readonly string[];
}

/** Of an incident that is about to be acted on; a capture is over. */
function diagnosed(): KubeletIncident['status'] {
  const sealed = { type: 'EvidenceCaptured', status: 'True', reason: 'Complete', message: '' } as const;
  return {
    conditions: [{ ...sealed, lastTransitionTime: at(0) }],
    timings: { evidenceAt: at(0) },
    diagnosis: {
      cause: 'pleg-event-channel-deadlock',
      class: 'KubeletDeadlock',
      confidence: 'High',
      summary: 'relist is blocked',
      restartKubelet: 'Helps',
      restartRuntime: 'DoesNotHelp',
      recommendation: 'Upgrade.',
      references: [],
      evidence: [],
      fingerprint: 'f00d',
    },
  };
}

/** There is a policy `default` that remediates, and it is all in sync. */
export async function createControllerContext(): Promise<ControllerParts> {
  const { world: plain, clock, local, log, metrics } = createControllerWorld();
  const { cluster, faults } = createFaultyClient(plain.cluster, { clock, random: createSeededRandom(3) });
  const world = { ...plain, cluster };
  const { signal } = new AbortController();
  const contacts = createAgentContacts(world);
  const view = createLocalView(world, contacts, signal);
  const leases = createMaintenanceLeases(world, (name) =>
    view.openIncidents().some(({ metadata }) => metadata.name === name),
  );
  const events = createEventRecorder(world);
  events.run(signal).catch(() => undefined);
  const kubeletLeases = createKubeletLeases(world);
  const evidence = createEvidenceBudget({ world, view, events }, signal);
  const resting = createResting({ world, view, contacts, evidence });
  const requests = createRemediationView(world, signal);
  const parts = { world, view, contacts, leases, kubeletLeases, events, evidence, resting, requests };
  const context = { ...parts, mutex: createMutex() };
  const policy = aPolicy();
  local.seeds.seed(POLICIES, { metadata: { name: policy.metadata.name }, spec: policy.spec });
  await view.whenSynced();

  function incident(name: string): KubeletIncident {
    const found = local.read(INCIDENTS, name);
    if (found === undefined) throw new Error(`there is no incident ${name}`);
    return found;
  }

  return {
    context,
    faults,
    clock,
    local,
    log,
    metrics,
    incident,
    events: (...reasons) =>
      local.writes
        .flatMap(({ plural, body }) => (plural === EVENTS.plural && isObject(body) ? [body] : []))
        .map((event) => [textAt(event, 'reason') ?? '', objectAt(event, 'involvedObject')] as const)
        .filter(([reason]) => reasons.length === 0 || reasons.includes(reason))
        .map(([reason, subject]) => `${reason} ${textAt(subject, 'kind') ?? ''}/${textAt(subject, 'name') ?? ''}`),
    async stuckNode(name): Promise<void> {
      const message = 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s';
      const { metadata, spec, status } = aNode({ name, ready: 'False', message });
      local.seeds.seed(NODES, { metadata: { name, uid: metadata.uid }, spec, status });
      local.seeds.seed(HEALTHS, { metadata: { name }, status: aHealth({ node: name, state: 'Unhealthy' }).status });
      await contacts.ask(local.read(HEALTHS, name)!);
      const edit = (draft: Parameters<Parameters<typeof local.seeds.edit>[2]>[0]): void => {
        const { inquiry } = objectAt(draft, 'spec');
        const status = objectAt(draft, 'status');
        if (isObject(status['agent']) && inquiry !== undefined)
          draft['status'] = { ...status, agent: { ...status['agent'], inquiry } };
      };
      local.seeds.edit(HEALTHS, { name }, edit, AGENT_MANAGER);
      await clock.settle();
    },
    diagnosedIncident(options = {}): KubeletIncident {
      const { metadata, spec } = anIncident(options);
      const status = options.status ?? diagnosed();
      local.seeds.seed(INCIDENTS, { metadata: { name: metadata.name, uid: metadata.uid }, spec, status });
      return incident(metadata.name);
    },
  };
}
