/** Takes up an act that an earlier agent reserved and never reported. */
import type { KubeletIncident, Step } from '../../api/v1alpha1/incident.ts';
import { type ActRecord, type ActStep, isAct } from '../../core/decision/actions.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import {
  afterOf,
  awaitReboot,
  ended,
  gatherQuestion,
  issueAndReport,
  readBootID,
  report,
  watchAndReport,
} from './act-step.ts';
import { agentPartOf, changeIncident, findRecord, withRecord } from '../record.ts';
import type { Requests } from '../requests.ts';
import { type ActQuestion, refuse } from './refusal.ts';
import { resume } from './resume-verdict.ts';
import type { World } from '../world.ts';

export interface Unfinished {
  readonly incident: KubeletIncident;
  readonly step: Step | undefined;
  readonly record: ActRecord;
}

export async function runResumeStep(
  world: World,
  requests: Requests,
  { incident, step, record }: Unfinished,
  signal: AbortSignal,
): Promise<void> {
  const { name } = incident.metadata;
  const asked = askedFor(record, step);
  const question = await gatherQuestion(world, requests, { incident, step: asked }, signal);
  const resumption = resume(record, { unit: question.unit, bootID: await readBootID(world, signal) });
  world.log.info('An unfinished action is taken up', { incident: name, step: record.name, reason: resumption.kind });
  switch (resumption.kind) {
    case 'done': {
      const after = question.unit.kind === 'known' ? { after: await afterOf(world, question.unit.value, signal) } : {};
      await report(
        world,
        name,
        { ...ended(record, 'Succeeded', resumption.message, world.clock.now()), ...after },
        signal,
      );
      return;
    }
    case 'ambiguous':
      await report(world, name, ended(record, 'Ambiguous', resumption.message, world.clock.now()), signal);
      return;
    case 'await-reboot':
      await awaitReboot(world, { incident: name, record, state: 'Ambiguous' }, signal);
      return;
    case 'watch':
      await watchAndReport(world, { incident: name, record }, signal);
      return;
    case 'issue':
      await issueOnce(world, record, question, signal);
      return;
    default:
      resumption satisfies never;
  }
}

/** The step is gone from the incident only if somebody edited it; then it is not Requested, and nothing is issued. */
function askedFor({ name, action, reservedAt }: ActRecord, step: Step | undefined): ActStep {
  return { ...(step ?? { name, type: 'Act', state: 'Failed', startedAt: reservedAt }), action };
}

/** Writes that it is being issued, so that there is no third try; then as at the first time. */
async function issueOnce(world: World, record: ActRecord, question: ActQuestion, signal: AbortSignal): Promise<void> {
  const { clock } = world;
  const incident = question.incident.metadata.name;
  let issuing: ActRecord | undefined;
  await changeIncident(
    world,
    incident,
    (fresh) => {
      const known = findRecord(fresh, record.name);
      if (known === undefined || !isAct(known) || known.state !== 'Reserved' || known.issuedAt !== undefined)
        return { kind: 'leave', reason: 'it was taken up' };
      const now = clock.now();
      const step = fresh.status.steps?.find(({ name }) => name === record.name);
      const refusal =
        step?.state === 'Requested'
          ? refuse({ ...question, incident: fresh, step: askedFor(known, step) })
          : { reason: 'StepOver', message: 'the agent died before it issued the command, and the step is over' };
      issuing =
        refusal === undefined
          ? { ...known, issuedAt: toPreciseTime(now) }
          : ended(known, 'Refused', `${refusal.reason}: ${refusal.message}`, now);
      return { kind: 'write', part: withRecord(agentPartOf(fresh), issuing) };
    },
    signal,
  );
  if (issuing?.state === 'Reserved') await issueAndReport(world, incident, issuing, signal);
}
