/** What was done to the host, and who decided. */
import type { ActionRecord } from '../../../api/v1alpha1/kinds/incident.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { decisionOf } from '../facts/decision.ts';
import { shortDuration } from '../facts/scale.ts';
import { clipped, html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { facts, morePrinted, note, printClass, section, table, timeOf } from './parts.ts';

const PRINTED = 4;
const MAX_TEXT = 300;

export function actionsSection({ incident }: ReportInput): Html {
  const records = incident.status.actions ?? [];
  if (records.length === 0) return section('actions', 'Actions', note('Nothing was done to the host.'));
  const rows = records.map((record, i) => row(record, printClass(i, PRINTED)));
  const actions = table(['issued', 'action', 'state', 'took', 'before', 'after', 'command, and how it went'], rows);
  return section('actions', 'Actions', actions, morePrinted(records.length, PRINTED, 'actions'));
}

function row(record: ActionRecord, printed: string): Html {
  const { action, state, unit, command, reservedAt, issuedAt, finishedAt, before, after, reason, message } = record;
  const startedAt = fromTime(issuedAt ?? reservedAt);
  const endedAt = fromTime(finishedAt);
  const took = startedAt === undefined || endedAt === undefined ? '' : shortDuration(Math.max(0, endedAt - startedAt));
  const how = [command ?? unit, reason, message].filter((text) => text !== undefined).join(': ');
  return html`<tr class="${state === 'Succeeded' ? 'good' : state === 'Reserved' ? 'open' : 'bad'} ${printed}">
    <td class="t">${timeOf(startedAt)}</td>
    <th scope="row">${action}</th>
    <td>${state}</td>
    <td class="num">${took}</td>
    <td>${unitText(before)}</td>
    <td>${unitText(after)}</td>
    <td><span class="cut">${clipped(how, MAX_TEXT)}</span></td>
  </tr> `;
}

function unitText(unit: ActionRecord['before']): Html {
  if (unit === undefined) return NOTHING;
  const pid = unit.pid === 0 ? 'not running' : `pid ${String(unit.pid)}`;
  return html`${pid}<br /><span class="place">${unit.invocationID.slice(0, 8)}</span>`;
}

export function decisionSection({ incident }: ReportInput): Html {
  const decision = decisionOf(incident);
  const { by } = incident.spec.trigger;
  const asked = by === undefined ? NOTHING : facts([['Asked for by', by]]);
  if (decision === undefined)
    return section(
      'decision',
      'Who decided',
      asked,
      note(`No approval was asked for: strategy ${incident.spec.plan.strategy}, mode ${incident.spec.plan.mode}.`),
    );
  const when = decision.isAtMost ? html`${timeOf(decision.at)} or before` : timeOf(decision.at);
  const body = facts([
    ['Decision', decision.word],
    ['By', html`<b>${decision.by}</b>`],
    ['When', when],
    ['Action', decision.action],
    ['Why', decision.reason],
  ]);
  return section('decision', 'Who decided', asked, body);
}
