/** A node gets a fault: what was seen of it, what was done, and when. It makes the fault's row of docs/reference/faults.md. */
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { isAct } from '../../../src/core/decision/actions.ts';
import { cordonWrites } from '../audit.ts';
import { type Sign, watchHealth } from '../health-watch.ts';
import { eventsOf, nextIncident, uidsOf } from '../incidents.ts';
import { breachTime, execOn, nodeNow } from '../lab.ts';
import type { Report } from '../report.ts';
import type { FaultRow } from '../results/results.ts';
import { until } from '../shell.ts';

export interface FaultStory {
  readonly scenario: string;
  readonly node: string;
  /** For the table. */
  readonly fault: string;
  readonly breakIt: () => Promise<unknown>;
  readonly limitMs: number;
  /** The kubelet writes a breach line. */
  readonly hasLine?: true;
}

export interface ToldFault {
  readonly incident: KubeletIncident;
  /** Milliseconds since 1970. */
  readonly brokenAt: number;
  readonly signs: readonly Sign[];
  readonly row: FaultRow;
}

function conditionOf({ status }: KubeletIncident, type: string): { readonly reason: string; readonly message: string } {
  const found = status.conditions?.find((condition) => condition.type === type);
  return { reason: found?.reason ?? '', message: found?.message ?? '' };
}

function actsOf({ status }: KubeletIncident): readonly string[] {
  return (status.actions ?? []).filter(isAct).map(({ action, state }) => `${action} ${state}`);
}

function answerOf(incident: KubeletIncident): string {
  const { outcome } = incident.status;
  const acts = actsOf(incident);
  if (outcome === 'Recovered') return acts.map((act) => act.replace(' Succeeded', '')).join(', then ');
  const { reason, message } = conditionOf(incident, acts.length > 0 ? 'Complete' : 'ActionTaken');
  // Advice follows.
  const why = message.replace(/(?<=\.) .*$/s, '');
  return [...acts, `${String(outcome)}, ${reason}: ${why}`].join('; ');
}

/** Process ids and counts are of one run. */
function withoutIds(text: string): string {
  return text.replaceAll(/\bprocess \d+/g, 'process N');
}

interface Times {
  readonly brokenAt: number;
  readonly line: number;
  readonly staysReady: boolean;
}

function verdictOf({ status: { diagnosis } }: KubeletIncident): string {
  return diagnosis === undefined ? 'none' : `${diagnosis.cause} (${diagnosis.class}, ${diagnosis.confidence})`;
}

/** Absent where the moment is not known. */
function timed<K extends string>(key: K, seconds: number): Partial<Record<K, number>> {
  return Number.isNaN(seconds) ? {} : ({ [key]: seconds } as Record<K, number>);
}

function rowOf(story: FaultStory, incident: KubeletIncident, sign: Sign | undefined, times: Times): FaultRow {
  const { spec, status, metadata } = incident;
  const after = (at: number): number => Math.round((at - times.brokenAt) / 100) / 10;
  const acted = Date.parse(status.actions?.find(isAct)?.issuedAt ?? '');
  // The Node's condition has whole seconds, cut off: the later end is meant.
  const ready = status.outcome === 'Recovered' ? Date.parse(status.timings?.readyAt ?? '') + 1_000 : Number.NaN;
  return {
    scenario: story.scenario,
    fault: story.fault,
    sign: sign?.text ?? withoutIds(spec.trigger.message),
    signAfter: after(sign?.at ?? Date.parse(metadata.creationTimestamp)),
    trigger: spec.trigger.type,
    diagnosis: verdictOf(incident),
    answer: withoutIds(answerOf(incident)),
    ...timed('actedAfter', after(acted)),
    ...timed('readyAfter', after(ready)),
    ...(times.staysReady ? { staysReady: true } : {}),
    ...timed('lineAfter', after(times.line)),
  };
}

/** Breaks the node, and waits for what becomes of it. */
export async function tellFault(report: Report, story: FaultStory): Promise<ToldFault> {
  const { node } = story;
  await until(`${node} is Ready`, 180_000, async () => ((await nodeNow(node)).isReady ? true : undefined));
  const before = await uidsOf(node);
  const watch = watchHealth(node);
  try {
    // An agent that ended with its runtime is back, and what the last fault has left is over.
    await until(`KubeletHealth of ${node} says that all is well`, 240_000, () =>
      Promise.resolve(watch.isWell() || undefined),
    );
    watch.begin();
    const brokenAt = Date.now();
    await story.breakIt();
    report.note(`${story.scenario}: ${node} is broken: ${story.fault}`);
    const incident = await nextIncident(node, before, story.limitMs);
    const now = await nodeNow(node);
    const line = (story.hasLine === true ? await breachTime(node, brokenAt) : undefined) ?? Number.NaN;
    // One that is left to a person may lose Ready later.
    const isHealed = incident.status.outcome === 'Recovered';
    const times = { brokenAt, line, staysReady: isHealed && now.isReady && now.readySince < brokenAt };
    const signs = watch.signs();
    const row = rowOf(story, incident, signs[0], times);
    report.fault(row);
    return { incident, brokenAt, signs, row };
  } finally {
    watch.stop();
  }
}

/** Twenty nodes break at once on the two cores of a machine that others may use: so much longer than the goal may a time be. */
const BUSY = 1.5;

/** A limit on one of a row's times. @param seconds on a quiet machine. */
export function limit(report: Report, row: FaultRow, what: 'sign' | 'acted' | 'Ready', seconds: number): void {
  const values = { sign: row.signAfter, acted: row.actedAfter, Ready: row.readyAfter };
  const value = values[what] ?? Number.NaN;
  report.figure({
    scenario: row.scenario,
    what: `${row.fault}: fault to ${what}`,
    value,
    goal: seconds,
    limit: seconds * BUSY,
    unit: 's',
  });
}

/** What is expected of a fault that is left as it is. */
export interface Left {
  readonly cause: string;
  readonly reason: string;
  /** What KubeletHealth says of it. */
  readonly says: string;
  /** For a fault that a person sees at once. */
  readonly signWithin: number;
}

/** Nothing was done, and `kh`, `ki` and an event say why. */
export async function checkLeft(report: Report, told: ToldFault, expected: Left): Promise<void> {
  const { incident, row, signs, brokenAt } = told;
  const claim = (what: string): string => `${row.fault}: ${what}`;
  const { outcome, diagnosis } = incident.status;
  const { reason, message } = conditionOf(incident, 'ActionTaken');
  report.check(
    row.scenario,
    claim(`${expected.cause} is left to a person, and the incident says why`),
    outcome === 'HandedOver' && reason === expected.reason && diagnosis?.cause === expected.cause,
    `${String(outcome)}, ${reason}: ${message}; cause ${String(diagnosis?.cause)}`,
  );
  report.check(
    row.scenario,
    claim(`KubeletHealth says that ${expected.says}`),
    signs.some(({ text }) => text === expected.says),
    signs.map(({ text, at }) => `${text} +${((at - brokenAt) / 1000).toFixed(1)} s`).join('; '),
  );
  const events = await eventsOf(incident);
  report.check(
    row.scenario,
    claim('an event says why'),
    message !== '' && events.some((text) => text.includes(message)),
    events.join(' / ').slice(0, 300),
  );
  const cordons = cordonWrites(incident.spec.nodeName).filter(({ at }) => at >= brokenAt);
  report.check(
    row.scenario,
    claim('nothing was done to the node'),
    actsOf(incident).length === 0 && cordons.length === 0,
    actsOf(incident).join(),
  );
  limit(report, row, 'sign', expected.signWithin);
}

/** The node was healed by this one act. */
export function checkHealed(report: Report, { incident, row }: ToldFault, cause: string, act: string): void {
  const { outcome, diagnosis } = incident.status;
  report.check(
    row.scenario,
    `${row.fault}: ${cause} is healed by ${act}`,
    outcome === 'Recovered' && actsOf(incident).join() === `${act} Succeeded` && diagnosis?.cause === cause,
    `${String(outcome)}, ${actsOf(incident).join()}, cause ${String(diagnosis?.cause)}; ${conditionOf(incident, 'Complete').message}`,
  );
}

/** A command in the node's own shell. */
export async function onNode(node: string, script: string): Promise<string> {
  return await execOn(node, 'sh', '-c', script);
}
