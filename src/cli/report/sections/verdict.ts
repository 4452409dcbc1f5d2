/** The verdict: why, how sure, and where it is stuck. */
import { EFFECTS, headline } from '../../diagnose/verdict-text.ts';
import { blockedFrames } from '../facts/blocked-frames.ts';
import { clipped, html, link, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { facts, morePrinted, note, printClass, section } from './parts.ts';

/** Frames that are printed: those around the blocked one, or the first. */
const PRINTED_ABOVE = 6;
const PRINTED_BELOW = 2;
const PRINTED_LINES = 2;
const MAX_LINE = 300;
const MAX_FRAMES = 60;

export function verdictSection({ incident }: ReportInput): Html {
  const { diagnosis, pattern } = incident.status;
  if (diagnosis === undefined) return section('verdict', 'Verdict', note(whyNone(incident)));
  const { cause, confidence, restartKubelet, restartRuntime, recommendation, fixedIn, behind, references } = diagnosis;
  const also = pattern === undefined ? undefined : `${pattern.summary}: ${pattern.incidents.join(', ')}`;
  const body = facts([
    ['Cause', html`<b>${cause}</b> <span class="confidence ${confidence}">${confidence} confidence</span>`],
    ['Behind it', behind],
    ['Do', recommendation],
    ['A restart', `of the kubelet ${EFFECTS[restartKubelet]}; of the runtime ${EFFECTS[restartRuntime]}`],
    ['Fixed in', fixedIn],
    ['Kubelet', diagnosis.kubeletVersion],
    ['Also', also],
    [
      'Known from',
      references.length === 0 ? undefined : html`${references.map((one) => html`${link(clipped(one, 256))} `)}`,
    ],
    ['Fingerprint', diagnosis.fingerprint],
  ]);
  return section('verdict', 'Verdict', html`<p class="headline">${headline(diagnosis)}</p>`, body);
}

function whyNone({ spec, status }: ReportInput['incident']): string {
  if (spec.drill !== undefined) return 'A drill has no verdict of its own; the incident that its fault opened has one.';
  if (spec.plan.mode === 'Observe') return 'None: the policy only observes, so that no evidence was saved to read.';
  return status.outcome === undefined ? 'None yet: the evidence has not been read.' : 'None: no evidence was read.';
}

export function citedSection({ incident }: ReportInput): Html {
  const { evidence = [], others = [] } = incident.status.diagnosis ?? {};
  return html`${listed('cited', 'What the verdict rests on', evidence)}${listed('others', 'What else the dump shows', others)}`;
}

function listed(id: string, title: string, lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  const items = lines.map(
    (line, i) => html`<li class="${printClass(i, PRINTED_LINES)}">${clipped(line, MAX_LINE)}</li>`,
  );
  return section(
    id,
    title,
    html`<ul class="cited">
      ${items}
    </ul>`,
  );
}

export function stackSection({ incident }: ReportInput): Html {
  const { diagnosis } = incident.status;
  if (diagnosis?.blockedStack === undefined) return NOTHING;
  const { blockedGoroutine, sourceLink } = diagnosis;
  const frames = blockedFrames(diagnosis).slice(0, MAX_FRAMES);
  const source =
    sourceLink === undefined
      ? NOTHING
      : html`<p class="note">The marked line in its own version: ${link(sourceLink)}</p>`;
  const title = blockedGoroutine === undefined ? NOTHING : html`<p class="goroutine">${blockedGoroutine}</p>`;
  return section('stack', 'Where it is blocked', title, framesList(frames), source);
}

type ShownFrame = Pick<ReturnType<typeof blockedFrames>[number], 'func' | 'place'> & { readonly isBlocked?: boolean };

export function framesList(frames: readonly ShownFrame[]): Html {
  const blocked = Math.max(
    PRINTED_ABOVE,
    frames.findIndex(({ isBlocked }) => isBlocked === true),
  );
  const isPrinted = (i: number): boolean => i >= blocked - PRINTED_ABOVE && i <= blocked + PRINTED_BELOW;
  return html`<ol class="frames">
      ${frames.map((frame, i) => {
        const isBlocked = frame.isBlocked === true;
        const mark = isBlocked ? html`<span class="here">blocked here</span>` : NOTHING;
        return html`<li class="${isBlocked ? 'blocked' : ''} ${isPrinted(i) ? 'p' : 'screen'}">
          <code>${clipped(frame.func, MAX_LINE)}</code>${mark}<span class="place"
            >${clipped(frame.place, MAX_LINE)}</span
          >
        </li> `;
      })}
    </ol>
    ${morePrinted(frames.length, PRINTED_ABOVE + PRINTED_BELOW + 1, 'frames')}`;
}
