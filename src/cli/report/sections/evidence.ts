/** The manifest: what was saved, how large, with which checksum, and how it is had. */
import type { EvidenceEntry } from '../../../api/v1alpha1/parts/evidence.ts';
import { humanBytes } from '../../table.ts';
import { evidenceSummary } from '../../show/timeline.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { clipped, html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { morePrinted, note, printClass, section, table, timeOf } from './parts.ts';

const PRINTED = 20;
const MAX_NOTE = 200;

export function evidenceSection({ incident }: ReportInput): Html {
  const { evidence = [], trimmed } = incident.status;
  const gone =
    trimmed === undefined ? NOTHING : html`<p class="warn">${timeOf(fromTime(trimmed.at))} ${trimmed.message}</p>`;
  if (evidence.length === 0) return section('evidence', 'Evidence', note(whyNone(incident)), gone);
  const rows = evidence.map((entry, i) => row(entry, printClass(i, PRINTED)));
  const artifacts = table(['artifact', 'taken', 'bytes', 'SHA-256 of the file as stored'], rows, 'evidence');
  const how = html`<p class="note">
    ${evidenceSummary(incident)}. Fetch it with <code>kubectl medic evidence ${incident.metadata.name} -o DIR</code>,
    which holds each file against its checksum.
  </p>`;
  return section('evidence', 'Evidence', how, gone, morePrinted(evidence.length, PRINTED, 'artifacts'), artifacts);
}

function whyNone({ spec, status }: ReportInput['incident']): string {
  if (spec.plan.mode === 'Observe') return 'None: the policy only observes.';
  return status.outcome === undefined ? 'None yet.' : 'None was saved.';
}

function row(
  { name, at, state, bytes, sha256, truncated, redactions, message, source }: EvidenceEntry,
  printed: string,
): Html {
  const marks = [
    clipped(source, MAX_NOTE),
    ...(truncated === true ? ['truncated'] : []),
    ...(redactions === undefined ? [] : [`${String(redactions)} secrets blacked out`]),
    ...(message === undefined ? [] : [clipped(message, MAX_NOTE)]),
  ];
  const isThere = state === 'Captured';
  const size = isThere ? html`<span title="${humanBytes(bytes ?? 0)}">${bytes ?? 0}</span>` : html`missing`;
  const sum = isThere ? html`<code class="sum">${sha256 ?? 'none'}</code>` : NOTHING;
  return html`<tr class="${isThere ? '' : 'bad'} ${printed}">
    <th scope="row"><span class="cut">${name}</span><span class="source">${marks.join('; ')}</span></th>
    <td class="t">${timeOf(fromTime(at))}</td>
    <td class="num">${size}</td>
    <td>${sum}</td>
  </tr> `;
}
