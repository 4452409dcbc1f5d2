/** The timeline: lanes to scale, and the same as a table. */
import { completedAt, spansOf, type Span } from '../facts/spans.ts';
import { reportTimeline, type Timeline } from '../facts/moments.ts';
import { offsetText } from '../facts/scale.ts';
import type { Moment } from '../../show/timeline.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { clipped, html, NOTHING, type Html } from '../html.ts';
import type { ReportInput } from '../report-input.ts';
import { lanesSvg } from './lanes-svg.ts';
import { morePrinted, note, printClass, section, table, timeOf } from './parts.ts';

const MAX_TEXT = 500;
const PRINTED_ROWS = 14;
/** Where what was done takes a smaller part of the whole, it is drawn once more by itself. */
const ZOOM_BELOW = 0.3;

export function timelineSection({ incident, events, now }: ReportInput): Html {
  const timeline = reportTimeline(incident, events, now);
  const { moments } = timeline;
  const zero = fromTime(incident.spec.trigger.at) ?? moments[0]?.at ?? now;
  const end = completedAt(incident) ?? now;
  const spans = spansOf(incident, end);
  const [from, to] = rangeOf(moments, spans);
  const numbered = moments.map((moment, index) => ({ at: moment.at, tone: moment.tone, number: index + 1 }));
  const whole = lanesSvg({
    id: 'whole',
    title: 'From the first sign to the end',
    moments: numbered,
    spans,
    from,
    to,
    zero,
  });
  const core = coreOf(moments, zero);
  const isZoomed = core !== undefined && core.to - core.from < ZOOM_BELOW * (to - from);
  const zoom = isZoomed
    ? lanesSvg({ id: 'zoom', title: 'The same, what was done', moments: numbered, spans, ...core, zero })
    : NOTHING;
  return section('timeline', 'Timeline', whole, zoom, momentsTable(timeline, zero));
}

function rangeOf(moments: readonly Moment[], spans: readonly Span[]): readonly [number, number] {
  const all = [...moments.map(({ at }) => at), ...spans.flatMap(({ from, to }) => [from, to])];
  return [Math.min(...all), Math.max(...all)];
}

/** From the detection to what was done last, and Ready. */
function coreOf(moments: readonly Moment[], zero: number): { readonly from: number; readonly to: number } | undefined {
  const told = moments.filter(({ at, title }) => at > zero && CORE.test(title));
  const last = told.at(-1);
  if (last === undefined) return undefined;
  const margin = (last.at - zero) * 0.06;
  return { from: zero - margin, to: last.at + margin };
}

const CORE = /^(?:Ready|cordoned|host evidence|stacks saved|diagnosis|confirmed|kubelet restarted|runtime restarted)$/;

function momentsTable({ moments, leftOut }: Timeline, zero: number): Html {
  const rows = moments.map((moment, index) => {
    const gap = leftOut > 0 && index === moments.length / 2 ? gapRow(leftOut) : NOTHING;
    return html`${gap}
      <tr class="${moment.tone} ${printClass(index, PRINTED_ROWS)}">
        <td class="n">${index + 1}</td>
        <td class="t">${timeOf(moment.at)}</td>
        <td class="o">${offsetText(moment.at - zero)}</td>
        <th scope="row">${moment.title}</th>
        <td><span class="cut">${clipped(moment.text, MAX_TEXT)}</span></td>
      </tr> `;
  });
  return html`${table(['#', 'UTC', 'after', 'what', 'how'], rows, 'moments')}
  ${morePrinted(moments.length, PRINTED_ROWS, 'moments')}${note("The line of the log and what was done to the host are by the node's clock, the rest by the controller's.")}`;
}

function gapRow(count: number): Html {
  return html`<tr>
    <td colspan="5">${String(count)} moments are left out here</td>
  </tr> `;
}
