/** A stuck node is recovered: what all such stories have in common. */
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { cordonWrites } from '../audit.ts';
import { artifact, captured, incidentsOf } from '../incidents.ts';
import { breachTime, nodeNow, startsSince, type Units, unitsOf } from '../lab.ts';
import type { Report } from '../report.ts';
import { tellFault, type ToldFault } from './fault-story.ts';

export interface RecoveryStory {
  readonly name: string;
  readonly node: string;
  /** For the table. */
  readonly fault: string;
  readonly breakIt: () => Promise<void>;
  readonly action: 'RestartKubelet' | 'RestartRuntime';
  /** Whether the times are held against their limits. */
  readonly timed: boolean;
  /** From the breach line to Ready, in seconds, on a quiet machine; else 15. */
  readonly readyGoal?: number;
  /** Else containerd. */
  readonly runtimeUnit?: string;
}

const ROLES = { RestartKubelet: 'kubelet', RestartRuntime: 'runtime' } as const;
/** 3 minutes until the breach, then recovery, the time to hold, and slack for a machine of two cores. */
const LIMIT_MS = 12 * 60_000;

function unitNames({ runtimeUnit = 'containerd' }: RecoveryStory): Readonly<Record<keyof Units, string>> {
  return { kubelet: 'kubelet', runtime: runtimeUnit };
}

async function checkEvidence(report: Report, story: RecoveryStory, incident: KubeletIncident): Promise<void> {
  const { name } = story;
  // A CRI call gives up after two minutes, so one of two dumps may fall between two calls.
  const dumps = await Promise.all(captured(incident, 'GoroutineDump').map(artifact));
  report.check(
    name,
    'a goroutine dump with relist is saved, its checksum right',
    dumps.some((text) => /GenericPLEG\)\.[Rr]elist/.test(text)),
    `${dumps.length} dumps`,
  );
  const runtime = await Promise.all(captured(incident, 'RuntimeStacks').map(artifact));
  report.check(
    name,
    "the runtime's goroutines are saved, hung or not",
    runtime.length >= 2 && runtime.every((text) => text.includes(unitNames(story).runtime)),
    `${String(runtime.length)} dumps`,
  );
  const [log] = captured(incident, 'KubeletLog');
  const lines = log === undefined ? '' : await artifact(log);
  report.check(
    name,
    'the saved log contains the breach line, its checksum right',
    lines.includes('pleg was last seen active'),
  );
  const others = (incident.status.evidence ?? []).filter((entry) => entry.state === 'Captured');
  for (const entry of others) await artifact(entry);
  report.check(
    name,
    'every artifact of the manifest is where it says, unchanged',
    others.length >= 8,
    `${others.length} artifacts`,
  );
}

function checkOrder(report: Report, name: string, incident: KubeletIncident): void {
  const { timings } = incident.status;
  const times = [timings?.evidenceAt, timings?.cordonedAt, timings?.actedAt, timings?.completedAt].map((time) =>
    Date.parse(time ?? ''),
  );
  const ordered = times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0) - 50);
  report.check(
    name,
    'evidence, cordon, action, completion, in this order',
    ordered,
    times.map((time) => new Date(time).toISOString().slice(11, 23)).join(' '),
  );
}

async function checkNode(report: Report, story: RecoveryStory): Promise<void> {
  const { isReady, isCordoned } = await nodeNow(story.node);
  report.check(story.name, 'the node is Ready and schedulable', isReady && !isCordoned);
}

async function checkUnits(report: Report, story: RecoveryStory, before: Units, since: number): Promise<void> {
  const names = unitNames(story);
  const after = await unitsOf(story.node, names.runtime);
  const target = ROLES[story.action];
  const other = target === 'kubelet' ? 'runtime' : 'kubelet';
  report.check(
    story.name,
    `${names[target]} has a new MainPID and InvocationID`,
    after[target].pid !== before[target].pid && after[target].invocationID !== before[target].invocationID,
    `${before[target].pid} -> ${after[target].pid}`,
  );
  report.check(
    story.name,
    `${names[other]} was not touched`,
    after[other].pid === before[other].pid,
    String(after[other].pid),
  );
  report.check(
    story.name,
    `${names[target]} was started once, ${names[other]} never`,
    (await startsSince(story.node, names[target], since)) === 1 &&
      (await startsSince(story.node, names[other], since)) === 0,
  );
}

/** By the API server's record: one cordon of ours, and its end. */
export function checkCordonedOnce(report: Report, scenario: string, node: string): void {
  const kinds = cordonWrites(node).map(({ kind }) => kind);
  report.check(scenario, 'it was cordoned once, and uncordoned once', kinds.join() === 'cordon,uncordon', kinds.join());
}

function measure(report: Report, story: RecoveryStory, incident: KubeletIncident, breach: number): void {
  const issued = incident.status.actions?.find((action) => action.action === story.action)?.issuedAt;
  // The Node's condition has whole seconds, cut off: the later end is meant.
  const ready = Date.parse(incident.status.timings?.readyAt ?? '') + 1_000;
  report.figure({
    scenario: story.name,
    what: 'breach line to restart issued',
    value: (Date.parse(issued ?? '') - breach) / 1000,
    goal: 2,
    limit: 20,
    unit: 's',
  });
  report.figure({
    scenario: story.name,
    what: 'breach line to Ready=True',
    value: (ready - breach) / 1000,
    goal: story.readyGoal ?? 15,
    limit: 45,
    unit: 's',
  });
}

/** The kubelet notices in 3 minutes. */
export async function tellRecovery(report: Report, story: RecoveryStory): Promise<ToldFault> {
  const before = await unitsOf(story.node, story.runtimeUnit);
  const { name: scenario, node, fault, breakIt } = story;
  const told = await tellFault(report, { scenario, node, fault, breakIt, limitMs: LIMIT_MS, hasLine: true });
  const { incident, brokenAt: since } = told;
  const { outcome, action, diagnosis } = incident.status;
  report.check(
    story.name,
    'the outcome is Recovered',
    outcome === 'Recovered',
    `${String(outcome)}, cause ${String(diagnosis?.cause)}`,
  );
  report.check(story.name, `the action is ${story.action}`, action === story.action, String(action));
  report.check(story.name, 'there is one incident', (await incidentsOf(story.node)).length === 1);
  await checkUnits(report, story, before, since);
  await checkEvidence(report, story, incident);
  checkOrder(report, story.name, incident);
  await checkNode(report, story);
  checkCordonedOnce(report, story.name, story.node);
  const breach = await breachTime(story.node, since);
  report.check(story.name, 'the journal has the breach line', breach !== undefined);
  if (story.timed && breach !== undefined) measure(report, story, incident, breach);
  return told;
}
