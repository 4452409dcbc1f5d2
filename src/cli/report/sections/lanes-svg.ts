/** Lanes of time as SVG, without a style or a script of its own: its classes are those of the page. */
import type { Tone } from '../../show/timeline.ts';
import { scaleOf, shortDuration, spread, type Scale } from '../facts/scale.ts';
import type { Span } from '../facts/spans.ts';
import { html, NOTHING, type Html } from '../html.ts';
import { timeText } from './parts.ts';

interface NumberedMoment {
  readonly at: number;
  readonly tone: Tone;
  /** Its row in the table. */
  readonly number: number;
}

export interface Lanes {
  readonly id: string;
  readonly title: string;
  readonly moments: readonly NumberedMoment[];
  readonly spans: readonly Span[];
  readonly from: number;
  readonly to: number;
  /** The moment that the scale counts from. */
  readonly zero: number;
}

const WIDTH = 1_000;
const LEFT = 130;
const RIGHT = 16;
const LANE = 20;
const MARKS = 40;
const AXIS = 22;
/** So many numbers have room; of more the plain ones go without. */
const MAX_MARKS = 40;

/** How far along the drawing, rounded to a tenth of its unit. */
function x(scale: Scale, at: number): number {
  return along(scale.place(at));
}

function along(place: number): number {
  return Math.round((LEFT + place * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}

export function lanesSvg({ id, title, moments, spans, from, to, zero }: Lanes): Html {
  const scale = scaleOf(from, to, zero);
  const inside = spans.filter((span) => span.to >= scale.from && span.from <= scale.to);
  const lanes = lanesOf(inside);
  const bottom = MARKS + lanes.length * LANE;
  const height = bottom + AXIS;
  const marked = moments.filter(({ at }) => at >= scale.from && at <= scale.to);
  const words = `${title}: ${timeText(scale.from)} to ${timeText(scale.to)} UTC. The table below has the same.`;
  return html`<figure class="lanes">
    <figcaption>${title}, ${shortDuration(scale.to - scale.from)}, to scale</figcaption>
    <svg role="img" aria-labelledby="${id}-title" viewBox="0 0 ${WIDTH} ${height}">
      <title id="${id}-title">${words}</title>
      ${scale.ticks.map(({ at, label }) => tick(x(scale, at), bottom, label))}
      ${lanes.map((lane, row) => laneOf(lane, MARKS + row * LANE, scale))} ${marksOf(marked, bottom, scale)}
    </svg>
  </figure> `;
}

/** Spans of one title are in one lane. */
function lanesOf(spans: readonly Span[]): readonly (readonly Span[])[] {
  const lanes = new Map<string, Span[]>();
  for (const span of spans) lanes.set(span.title, [...(lanes.get(span.title) ?? []), span]);
  return [...lanes.values()];
}

function tick(at: number, bottom: number, label: string): Html {
  const isZero = label === '0' ? ' zero' : '';
  return html`<line class="tick${isZero}" x1="${at}" x2="${at}" y1="${MARKS - 4}" y2="${bottom + 4}" /><text
      class="tick-label"
      x="${at}"
      y="${bottom + 17}"
      >${label}</text
    >`;
}

function laneOf(spans: readonly Span[], y: number, scale: Scale): Html {
  const title = spans[0]?.title ?? '';
  const bars = spans.map((span) => bar(span, y, scale));
  return html`<text class="lane" x="${LEFT - 10}" y="${y + 14}">${title}</text>${bars}`;
}

const LABEL_ROOM = 96;

function bar({ kind, from, to, isOpen }: Span, y: number, scale: Scale): Html {
  const left = x(scale, from);
  const right = Math.max(left + 3, x(scale, to));
  const label = `${shortDuration(to - from)}${isOpen ? ' so far' : ''}`;
  const isRight = right + LABEL_ROOM <= WIDTH - RIGHT;
  const isInside = right - left > LABEL_ROOM;
  const at = isRight ? right + 6 : isInside ? right - 6 : left - 6;
  const place = isRight ? 'after' : isInside ? 'inside' : 'before';
  return html`<rect
      class="bar ${kind}${isOpen ? ' going' : ''}"
      x="${left}"
      y="${y + 3}"
      width="${Math.round((right - left) * 10) / 10}"
      height="${LANE - 6}"
      rx="2"
    /><text class="bar-label ${place}" x="${at}" y="${y + 14}">${label}</text>`;
}

function marksOf(moments: readonly NumberedMoment[], bottom: number, scale: Scale): readonly Html[] {
  const kept =
    moments.length <= MAX_MARKS ? moments : moments.filter(({ tone }) => tone !== 'plain').slice(0, MAX_MARKS);
  const places = spread(
    kept.map(({ at }) => scale.place(at)),
    21 / (WIDTH - LEFT - RIGHT),
  );
  return kept.map(({ at, tone, number }, i) => {
    const exact = x(scale, at);
    const shown = along(places[i] ?? 0);
    const stem =
      bottom > MARKS ? html`<line class="stem ${tone}" x1="${exact}" x2="${exact}" y1="33" y2="${bottom}" />` : NOTHING;
    return html`${stem}<line class="stem ${tone}" x1="${shown}" y1="19" x2="${exact}" y2="33" /><circle
        class="mark ${tone}"
        cx="${shown}"
        cy="10"
        r="9.5"
      /><text class="number" x="${shown}" y="14">${number}</text>`;
  });
}
