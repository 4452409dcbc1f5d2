/** What stories of the long set have in common: nodes on which a restart takes its time, and how they have to be in the end. */
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { getJson, kubectl, nodeNow, type NodeBoot, startsSince, unitsOf, type Units } from '../../lab.ts';
import type { Report } from '../../report.ts';
import { until } from '../../shell.ts';

/** In its first minutes one story stops the API server for 3 minutes; no other node breaches before it has been back for a while. */
export const AFTER_OUTAGE_MS = 250_000;

/** The kubelet's connections can be frozen, and its restart takes 8 s: time enough to interfere in the midst of it. */
export function slowNode(name: string): NodeBoot {
  return { name, env: { CRI_PROXY: '1', UNIT_EXTRA: 'ExecStop=/bin/sleep 8' } };
}

/** A unit before something is done to it. */
export interface Before {
  readonly units: Units;
  readonly at: number;
}

export async function before(node: string): Promise<Before> {
  return { units: await unitsOf(node), at: Date.now() };
}

export async function isKubeletAsBefore(node: string, { units }: Before): Promise<boolean> {
  return (await unitsOf(node)).kubelet.pid === units.kubelet.pid;
}

export async function checkOneRestart(report: Report, scenario: string, node: string, was: Before): Promise<void> {
  const after = await unitsOf(node);
  const starts = await startsSince(node, 'kubelet', was.at);
  report.check(
    scenario,
    'the kubelet was restarted once',
    starts === 1 && after.kubelet.invocationID !== was.units.kubelet.invocationID,
    `${String(was.units.kubelet.pid)} -> ${String(after.kubelet.pid)}, started ${String(starts)} times`,
  );
  report.check(
    scenario,
    'containerd was not touched',
    after.runtime.invocationID === was.units.runtime.invocationID && after.runtime.pid === was.units.runtime.pid,
  );
}

/** Ready, schedulable, and nothing of ours on it. */
export async function checkWell(report: Report, scenario: string, node: string): Promise<void> {
  const end = await until(`${node} is Ready`, 120_000, async () => {
    const now = await nodeNow(node);
    return now.isReady ? now : undefined;
  });
  report.check(
    scenario,
    'the node is Ready and schedulable, without a mark of ours',
    !end.isCordoned && end.cordonedBy === undefined,
    JSON.stringify(end),
  );
}

export function checkOutcome(
  report: Report,
  scenario: string,
  { status }: KubeletIncident,
  outcome: KubeletIncident['status']['outcome'],
): void {
  const complete = status.conditions?.find(({ type }) => type === 'Complete')?.message ?? '';
  report.check(
    scenario,
    `the outcome is ${String(outcome)}`,
    status.outcome === outcome,
    `${String(status.outcome)}: ${complete}`,
  );
}

/** What was written down of an incident at a moment: its steps and records. */
export function stateOf({ status }: KubeletIncident): string {
  const items = [...(status.steps ?? []), ...(status.actions ?? [])];
  return items.map(({ name, state }) => `${name} ${state}`).join(', ');
}

export async function agentPod(node: string): Promise<string> {
  const name = await kubectl(
    ...['get', 'pods', '-n', 'kubelet-medic', '-l', 'app.kubernetes.io/component=agent'],
    ...['--field-selector', `spec.nodeName=${node}`, '-o', 'jsonpath={.items[*].metadata.name}'],
  );
  return name.trim();
}

export async function deletePodByForce(name: string): Promise<void> {
  await kubectl('delete', 'pod', '-n', 'kubelet-medic', name, '--force', '--grace-period=0', '--wait=false');
}

/** The agent that has reported last, by its KubeletHealth. `reportedAt`: milliseconds since 1970. */
export async function reporterOf(node: string): Promise<{ readonly pod: string; readonly reportedAt: number }> {
  const { status } = (await getJson('kubelethealth', node)) as {
    status?: { agent?: { pod?: string; reportedAt: string } };
  };
  return { pod: status?.agent?.pod ?? '', reportedAt: Date.parse(status?.agent?.reportedAt ?? '') };
}

/** A kubelet that is well ends the old agent and starts the one of the next pod. */
export async function checkNextAgent(report: Report, scenario: string, node: string, old: string): Promise<void> {
  const next = await until(`the next agent of ${node} reports`, 120_000, async () => {
    const { pod } = await reporterOf(node);
    return pod !== old && pod === (await agentPod(node)) ? pod : undefined;
  });
  report.check(scenario, 'the agent of the next pod has taken over', true, `${old} -> ${next}`);
}
