/** Lines of the kubelet's log around the breach. */
import { TRIGGERS } from '../../../core/decision/node/triggers.ts';
import { logWindow, type LogLine, type LogWindow } from '../facts/log-window.ts';
import { clipped, html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { note, section } from './parts.ts';

const MAX_LINE = 700;
const MAX_CLUES = 12;
/** Lines before and after the middle that are printed. */
const PRINTED_BEFORE = 6;
const PRINTED_AFTER = 3;

export function logSection({ incident, artifacts }: ReportInput): Html {
  const { kubeletLog } = artifacts;
  const { trigger } = incident.spec;
  const clues = incident.status.host?.logClues ?? [];
  if (kubeletLog.kind === 'none') return section('log', "The kubelet's log", note(kubeletLog.why), told(incident));
  const own = clues.filter(({ source }) => isSameFile(source, kubeletLog.name));
  const window = logWindow(kubeletLog.content, { trigger, clues: own });
  if (window === undefined)
    return section('log', "The kubelet's log", note(`${kubeletLog.name} is empty.`), told(incident));
  return section('log', "The kubelet's log", note(aboutWindow(window, kubeletLog.name)), lines(window));
}

function isSameFile(a: string, b: string): boolean {
  return a.replace(/\.gz$/, '') === b.replace(/\.gz$/, '');
}

function aboutWindow({ total, around, found }: LogWindow, name: string): string {
  const what = {
    trigger: 'the line that opened the incident',
    breach: 'the first line that says PLEG is not healthy',
    clue: 'the last line that the diagnosis cites',
    end: 'the end; no line says that PLEG is not healthy',
  }[found];
  return `${name}: ${String(total)} lines; around line ${String(around)}, ${what}. The times in it are the kubelet's own.`;
}

function lines({ lines: all, around }: LogWindow): Html {
  const isPrinted = ({ number }: LogLine): boolean =>
    number >= around - PRINTED_BEFORE && number <= around + PRINTED_AFTER;
  return html`<ol class="log">
    ${all.map((line) => {
      const isMiddle = line.number === around && line.mark !== undefined;
      const label = isMiddle ? html`<span class="here">${line.mark === 'breach' ? 'breach' : 'cited'}</span>` : NOTHING;
      return html`<li class="${line.mark ?? ''} ${isPrinted(line) ? 'p' : 'screen'}">
        <span class="num">${line.number}</span><code>${clipped(line.text, MAX_LINE)}</code>${label}
      </li> `;
    })}
  </ol>`;
}

/** What the incident itself has of the log. */
function told({ spec, status }: ReportInput['incident']): Html {
  const clues = (status.host?.logClues ?? []).slice(0, MAX_CLUES);
  const { isFault } = TRIGGERS[spec.trigger.type];
  const rows = clues.map(
    ({ source, lineNumber, line, count }) =>
      html`<li class="clue">
        <span class="num">${source}:${lineNumber}</span
        ><code>${line}</code>${count > 1 ? html`<span class="place">${count} such lines</span>` : NOTHING}
      </li> `,
  );
  return html`<p>The incident itself has of it:</p>
    <ol class="log">
      <li class="${isFault ? 'breach' : ''} p">
        <span class="num"></span><code>${spec.trigger.message}</code><span class="here">${spec.trigger.type}</span>
      </li>
      ${rows}
    </ol>`;
}
