/** `kubectl medic capture`: evidence of a node now; nothing is done to it. */
import { INCIDENTS, NODES, POLICIES } from '../../api/resources.ts';
import type { KubeletIncident, Plan } from '../../api/v1alpha1/kinds/incident.ts';
import { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import type { Node } from '../../api/kubernetes/node.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { incidentName } from '../../core/decision/record/incident-name.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';
import { durationMs } from '../../core/time/duration.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { PLUGIN_MANAGER, getIncident, type Session } from '../session.ts';
import { evidenceSummary } from '../show/timeline.ts';
import { incidentRef, type Format } from '../structured.ts';
import { oneLine } from '../terminal.ts';
import { whoAmI } from '../who-am-i.ts';

export interface CaptureOptions {
  readonly reason: string | undefined;
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly format?: Format;
}

const POLL_MS = 1_000;
/** Stands in the incident where no policy rules the node. */
const NO_POLICY = 'none';

/** @throws `E_CLI_NOT_FOUND`; `E_CLI_NOT_NOW` where the evidence is not there in time. */
export async function runCapture(session: Session, nodeName: string, options: CaptureOptions): Promise<void> {
  const { cluster, terminal, clock } = session;
  const node = await cluster.get(NODES, { name: nodeName });
  if (node === undefined) throw new MedicError('E_CLI_NOT_FOUND', 'absent', `there is no node ${nodeName}`);
  const by = await whoAmI(session);
  const trigger = {
    type: 'Manual',
    at: new Date(clock.now()).toISOString(),
    message: (options.reason ?? 'evidence was asked for').slice(0, 1_024),
    by,
  } as const;
  const nodeUID = node.metadata.uid;
  const spec = { nodeName, nodeUID, trigger, plan: await planFor(session, node) };
  const { name, isNew } = await openOnce(session, spec);
  if (!isNew) terminal.note(`${name} is open already, and saves what there is\n`);
  terminal.out(`${options.format === 'name' ? incidentRef(name) : name}\n`);
  if (!options.wait) {
    terminal.note(`follow it with: kubectl medic show ${name}\n`);
    return;
  }
  const ended = await waitForEnd(session, name, options.timeoutMs);
  terminal.note(`${endText(ended)}\nfetch it with: kubectl medic evidence ${name} -o DIR\n`);
}

type Spec = Pick<KubeletIncident['spec'], 'nodeName' | 'nodeUID' | 'trigger' | 'plan'>;

/** More than a few are no chance any more. */
const TRIES = 5;

/**
 * Asked for three times, or by two at once, it is one incident while it is open: its name follows from the newest incident that
 * the node has had, so the second one to create it meets the first.
 */
async function openOnce(session: Session, spec: Spec): Promise<{ readonly name: string; readonly isNew: boolean }> {
  const { cluster } = session;
  const { nodeName, nodeUID } = spec;
  const { items } = await cluster.list(INCIDENTS, { fieldSelector: `spec.nodeName=${nodeName}` });
  const ofNode = items.filter((incident) => incident.spec.nodeUID === nodeUID);
  const open = ofNode.find((incident) => isOpen(incident) && incident.spec.trigger.type === 'Manual');
  if (open !== undefined) return { name: open.metadata.name, isNew: false };
  let last = newestOf(ofNode)?.metadata.uid ?? '';
  for (let attempt = 1; ; attempt++) {
    const name = incidentName(nodeName, nodeUID, { ...spec.trigger, at: '' }, last);
    try {
      await cluster.create(INCIDENTS, { metadata: { name }, spec }, { manager: PLUGIN_MANAGER });
      return { name, isNew: true };
    } catch (error) {
      if (!isThereAlready(error) || attempt === TRIES) throw error;
      const other = await cluster.get(INCIDENTS, { name });
      if (other !== undefined && isOpen(other)) return { name, isNew: false };
      last = other?.metadata.uid ?? last;
    }
  }
}

function isThereAlready(error: unknown): boolean {
  return isMedicError(error) && error.code === 'E_KUBE_EXISTS';
}

function newestOf(incidents: readonly KubeletIncident[]): KubeletIncident | undefined {
  return [...incidents].sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))[0];
}

/** While it is open no other incident is opened on its node. The chart's admission policy knows both bounds. */
const MAX_DEADLINE = '10m';
const MAX_INTERVAL = '1m';

function atMost(duration: string, limit: string): string {
  return durationMs(duration) <= durationMs(limit) ? duration : limit;
}

/** As the policy that rules the node would have it, and as its defaults are where none does. Always mode Capture. */
export async function planFor({ cluster }: Session, node: Node): Promise<Plan> {
  const { items } = await cluster.list(POLICIES, {});
  const policy = matchPolicy(node, items).policy ?? KubeletRecoveryPolicy.parse({ metadata: { name: NO_POLICY } });
  const { strategy, remediation, budget } = policy.spec;
  const deadline = atMost(policy.spec.evidence.deadline, MAX_DEADLINE);
  const dumpInterval = atMost(policy.spec.evidence.dumpInterval, MAX_INTERVAL);
  const evidence = { ...policy.spec.evidence, deadline, dumpInterval };
  const { name, generation } = policy.metadata;
  return { policy: name, policyGeneration: generation, mode: 'Capture', strategy, evidence, remediation, budget };
}

async function waitForEnd(session: Session, name: string, timeoutMs: number): Promise<KubeletIncident> {
  const { clock } = session;
  const { signal } = new AbortController();
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const incident = await getIncident(session, name);
    if (incident.status.outcome !== undefined) return incident;
    if (clock.monotonic() >= until) {
      const message = `${name} is not complete after ${timeoutMs / 1_000} s: does the controller run?`;
      throw new MedicError('E_CLI_NOT_NOW', 'transient', message);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

function endText(incident: KubeletIncident): string {
  const complete = findCondition(incident.status.conditions, 'Complete');
  return oneLine(`${incident.status.outcome ?? ''}: ${complete?.message ?? ''} (${evidenceSummary(incident)})`);
}
