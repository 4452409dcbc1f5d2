/** What is said of an act: in the incident, in the log and in the metrics. */
import type { ActionRecord } from '../../api/v1alpha1/kinds/incident.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import {
  type AgentPart,
  findRecord,
  type IncidentRef,
  reportUntilWritten,
  withRecord,
  type Written,
} from '../record.ts';
import type { World } from '../world.ts';

export function ended<R extends ActionRecord>(
  record: R,
  state: ActionRecord['state'],
  message: string,
  now: number,
): R {
  return { ...record, state, message: message.slice(0, 1024), finishedAt: toPreciseTime(now) };
}

export function reportNotDone(world: World, incident: string, name: string, written: Written): void {
  const { log, metrics } = world;
  if (written.kind === 'left') {
    log.info('An action is left alone', { incident, step: name, reason: written.reason });
    return;
  }
  const record = findRecord(written.incident, name);
  metrics.count('actions_total', { action: record?.action ?? '', state: record?.state ?? '' });
  log.warn('An action is refused', { incident, step: name, reason: record?.message ?? '' });
}

/** What another agent has reported meanwhile stands. */
function withEnd(part: AgentPart, record: ActionRecord): AgentPart {
  const known = part.actions.find(({ name }) => name === record.name);
  return known === undefined || known.state === 'Reserved' ? withRecord(part, record) : part;
}

export async function report(
  world: World,
  incident: IncidentRef,
  record: ActionRecord,
  signal: AbortSignal,
): Promise<void> {
  const { log, metrics } = world;
  const written = await reportUntilWritten(world, incident, (part) => withEnd(part, record), signal);
  metrics.count('actions_total', { action: record.action, state: record.state });
  const detail = written.kind === 'left' ? `not recorded: ${written.reason}` : (record.message ?? '');
  log.info('Acted', {
    incident: incident.name,
    step: record.name,
    unit: record.unit ?? '',
    reason: record.state,
    detail,
  });
}
