/** Takes up an act that an earlier agent reserved and never reported. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { type ActRecord, isAct } from '../../core/decision/actions.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import {
  AUTHOR_MS,
  afterOf,
  awaitReboot,
  issueAndReport,
  refused,
  reservedIn,
  sentence,
  watchAndReport,
} from './act-step.ts';
import { agentPartOf, type Change, changeIncident, findRecord, withRecord } from '../record.ts';
import { type ActParts, judgeAct, type Judgement, readHostNow } from './judge-act.ts';
import { ended, report, reportNotDone } from './report-act.ts';
import { resume } from './resume-verdict.ts';
import { startStopped } from './start-stopped.ts';

export interface Unfinished {
  readonly incident: KubeletIncident;
  readonly record: ActRecord;
}

export async function runResumeStep(
  parts: ActParts,
  { incident, record }: Unfinished,
  signal: AbortSignal,
): Promise<void> {
  const { world } = parts;
  const { metadata } = incident;
  let host = await readHostNow(world, record.action, signal);
  if (resume(record, host).kind === 'issue') {
    // Who reserved it may be alive, and about to issue it. When that was is not asked: the clock may have been set since.
    await world.clock.sleep(AUTHOR_MS, signal);
    host = await readHostNow(world, record.action, signal);
  }
  const resumption = resume(record, host);
  world.log.info('An unfinished action is taken up', {
    incident: metadata.name,
    step: record.name,
    reason: resumption.kind,
  });
  switch (resumption.kind) {
    case 'done': {
      const started = await startStopped(parts, record, signal);
      const after = host.unit.kind === 'known' ? { after: await afterOf(world, host.unit.value, signal) } : {};
      const message = sentence(resumption.message, started?.message);
      await report(world, metadata, { ...ended(record, 'Succeeded', message, world.clock.now()), ...after }, signal);
      return;
    }
    case 'ambiguous':
      await report(world, metadata, ended(record, 'Ambiguous', resumption.message, world.clock.now()), signal);
      return;
    case 'await-reboot':
      await awaitReboot(world, { incident: metadata, record, state: 'Ambiguous' }, signal);
      return;
    case 'watch':
      await watchAndReport(parts, { incident: metadata, record }, signal);
      return;
    case 'issue':
      await issueOnce(parts, { incident, record }, signal);
      return;
    default:
      resumption satisfies never;
  }
}

/** Writes that it is being issued, so that there is no third try; then as at the first time. */
async function issueOnce(parts: ActParts, unfinished: Unfinished, signal: AbortSignal): Promise<void> {
  const { world } = parts;
  const { record } = unfinished;
  const { metadata } = unfinished.incident;
  async function decide(incident: KubeletIncident): Promise<Change> {
    const known = findRecord(incident, record.name);
    if (known === undefined || !isAct(known) || known.state !== 'Reserved' || known.issuedAt !== undefined)
      return { kind: 'leave', reason: 'it was taken up' };
    const judgement = await judgeAgain(parts, incident, known, signal);
    const now = world.clock.now();
    const next =
      judgement.kind === 'refused'
        ? refused(known, judgement.refusal, now)
        : { ...known, issuedAt: toPreciseTime(now) };
    return { kind: 'write', part: withRecord(agentPartOf(incident), next) };
  }
  const written = await changeIncident(world, metadata, decide, signal);
  const issuing = reservedIn(written, record.name);
  if (issuing === undefined) reportNotDone(world, metadata.name, record.name, written);
  else await issueAndReport(parts, unfinished.incident, issuing, signal);
}

/** The step is gone from the incident only if somebody edited it. */
async function judgeAgain(
  parts: ActParts,
  incident: KubeletIncident,
  { name, action }: ActRecord,
  signal: AbortSignal,
): Promise<Judgement> {
  const step = incident.status.steps?.find((one) => one.name === name);
  if (step?.state === 'Requested') return await judgeAct(parts, { incident, step: { ...step, action } }, signal);
  const message = 'the agent died before it issued the command, and the step is over';
  return { kind: 'refused', refusal: { reason: 'StepOver', message } };
}
