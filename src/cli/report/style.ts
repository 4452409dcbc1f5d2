/** How the report looks: light and dark, on a screen and on two printed pages. */

const COLOURS = `
:root { color-scheme: light dark;
  --back: #fff; --panel: #f6f7f9; --ink: #16191d; --dim: #5b6470; --line: #d9dee4; --link: #0b57c2;
  --good: #1a7f43; --bad: #c3271f; --open: #9a6200; --plain: #6b7480;
  --good-back: #e4f5ea; --bad-back: #fdeae8; --open-back: #fdf1d8;
  --fault: #d9483b; --not-ready: #f0a39b; --evidence: #3b7dd8; --held: #b98a2c; --cordoned: #8a6fc9; --verify: #4aa3a0; }
@media (prefers-color-scheme: dark) { :root {
  --back: #14171b; --panel: #1c2127; --ink: #e7eaee; --dim: #9aa5b1; --line: #333b45; --link: #7db4ff;
  --good: #4cc27a; --bad: #ff7a70; --open: #e8b04a; --plain: #8f9aa6;
  --good-back: #15301f; --bad-back: #3a1c1a; --open-back: #362a10;
  --fault: #e2564a; --not-ready: #8c3f39; --evidence: #4f8fe6; --held: #c79b3f; --cordoned: #9a82d6; --verify: #3f9a97; } }
@media print { :root { color-scheme: light;
  --back: #fff; --panel: #f4f5f7; --ink: #000; --dim: #444c55; --line: #c4cad1; --link: #000;
  --good: #14683a; --bad: #a81d16; --open: #7d5000; --plain: #555e68;
  --good-back: #e4f5ea; --bad-back: #fdeae8; --open-back: #fdf1d8;
  --fault: #d9483b; --not-ready: #f0a39b; --evidence: #3b7dd8; --held: #b98a2c; --cordoned: #8a6fc9; --verify: #4aa3a0; } }
`;

const TEXT = `
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px; max-width: 1120px; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1, h2, h3, p, td, th, dt, dd, li, code, figcaption { unicode-bidi: isolate; }
h1 { margin: 4px 0 0; font-size: 30px; line-height: 1.2; display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
h2 { margin: 30px 0 8px; padding-top: 10px; border-top: 1px solid var(--line); font-size: 18px; }
h3 { margin: 14px 0 4px; font-size: 14px; color: var(--dim); font-weight: 600; }
p { margin: 6px 0; }
a { color: var(--link); }
code, .frames, .log { font-family: ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; line-height: 1.4; }
.kicker { margin: 0; color: var(--dim); font-size: 13px; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 16px; }
.story { margin: 10px 0 14px; font-size: 20px; line-height: 1.4; max-width: 62em; text-wrap: pretty; }
.headline { font-weight: 600; }
.note, .place, .source { color: var(--dim); font-size: 13px; }
.warn { padding: 6px 10px; background: var(--open-back); border-left: 4px solid var(--open); }
.badge { padding: 3px 14px; border-radius: 6px; color: #fff; background: var(--plain); font-size: 24px; }
.badge.good { background: #1a7f43; } .badge.bad { background: #c3271f; } .badge.open { background: #8a5800; }
.badge.drill { background: #6a4fb0; font-size: 16px; }
.print { display: none; }
`;

const LISTS = `
dl { margin: 6px 0; display: grid; gap: 4px 0; }
dl > div { display: grid; grid-template-columns: 11em 1fr; gap: 0 12px; }
dt { color: var(--dim); } dd { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 12px; }
.figures > div { display: block; padding: 6px 16px 7px 12px; background: var(--panel); border-radius: 6px; min-width: 118px; }
.figures dd { font-size: 21px; font-weight: 600; line-height: 1.25; } .figures dt { font-size: 12.5px; }
.confidence { margin-left: 8px; padding: 1px 9px; border-radius: 9px; font-size: .86em; background: var(--open-back); }
.confidence.High { background: var(--good-back); } .confidence.Low { background: var(--bad-back); }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--dim); font-weight: 500; font-size: 12.5px; }
tbody th { font-weight: 600; }
.n, .num, .o, .t { font-variant-numeric: tabular-nums; white-space: nowrap; }
.n, .num, .o, .moments th:nth-child(3) { text-align: right; }
.t { color: var(--dim); }
.n { color: var(--dim); }
.moments tbody th { white-space: nowrap; }
tr.good > th { color: var(--good); } tr.bad > th { color: var(--bad); } tr.open > th { color: var(--open); }
.narrow { width: auto; }
tr.blocked { background: var(--bad-back); }
.calls code { display: block; } .calls code + code { color: var(--dim); padding-left: 1em; }
.evidence .source { display: block; font-weight: 400; } .sum { font-size: 11.5px; }
.cited { margin: 0; padding-left: 1.2em; font-size: 13.5px; }
.goroutine { font-weight: 600; }
.frames, .log { margin: 4px 0; padding: 6px 0; list-style: none; background: var(--panel); border-radius: 6px; overflow: hidden; }
.frames li, .log li { padding: 1px 12px; border-left: 4px solid transparent; }
.frames .place { margin-left: 12px; font-size: 12px; }
.frames .blocked, .log .breach { background: var(--bad-back); border-left-color: var(--bad); }
.log .clue { background: var(--open-back); border-left-color: var(--open); }
.frames .blocked code { font-weight: 700; }
.log li { display: flex; gap: 12px; } .log .num { color: var(--dim); min-width: 4ch; } .log code { flex: 1; min-width: 0; white-space: pre-wrap; }
.here { margin-left: 10px; padding: 0 8px; border-radius: 8px; background: var(--bad); color: var(--back); font: 600 11px/1.5 system-ui, sans-serif; white-space: nowrap; align-self: start; }
.clue .here { background: var(--open); }
`;

const DRAWING = `
.lanes { margin: 8px 0 12px; padding: 8px 10px; background: var(--panel); border-radius: 6px; }
.lanes figcaption { color: var(--dim); font-size: 13px; margin-bottom: 4px; }
.lanes svg { display: block; width: 100%; height: auto; font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.lanes text { fill: var(--ink); font-size: 13px; }
.lanes .lane { text-anchor: end; }
.lanes .tick { stroke: var(--line); } .lanes .tick.zero { stroke: var(--dim); stroke-dasharray: 3 3; }
.lanes .tick-label { text-anchor: middle; fill: var(--dim); font-size: 12px; }
.lanes .bar-label { font-size: 12px; } .lanes .bar-label.inside { text-anchor: end; fill: #fff; } .lanes .bar-label.before { text-anchor: end; }
.bar { fill: var(--plain); } .bar.fault { fill: var(--fault); } .bar.notReady { fill: var(--not-ready); } .bar.evidence { fill: var(--evidence); }
.lanes .bar.notReady + .bar-label.inside { fill: var(--ink); }
.bar.held { fill: var(--held); } .bar.cordoned { fill: var(--cordoned); } .bar.action { fill: var(--good); } .bar.verify { fill: var(--verify); } .bar.drill { fill: #6a4fb0; }
.bar.going { stroke: var(--ink); stroke-dasharray: 4 3; }
.stem { stroke: var(--plain); stroke-width: .8; opacity: .55; } .stem.bad { stroke: var(--bad); } .stem.good { stroke: var(--good); } .stem.open { stroke: var(--open); }
.mark { fill: var(--plain); } .mark.good { fill: var(--good); } .mark.bad { fill: var(--bad); } .mark.open { fill: var(--open); }
.lanes .number { text-anchor: middle; fill: var(--back); font-size: 11px; font-weight: 700; }
@media (max-width: 720px) { body { padding: 12px; } .lanes, section { overflow-x: auto; } .lanes svg { min-width: 640px; }
  dl > div { grid-template-columns: 1fr; } .story { font-size: 17px; } }
`;

/**
 * Two pages of A4 or Letter, whatever the report holds: each sheet is as high as the lower of the two, what is of class
 * \`screen\` is in the file alone, and long texts are cut after two lines.
 */
const PRINT = `
@media print {
  @page { margin: 10mm; }
  .lanes text { font-size: 12px; }
  html, body { padding: 0; margin: 0; max-width: none; font-size: 8.5pt; line-height: 1.3; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .sheet { height: 255mm; overflow: hidden; break-inside: avoid; }
  .sheet + .sheet { break-before: page; } .sheet > * { zoom: .8; }
  .screen { display: none !important; } .print { display: block; }
  h1 { font-size: 18pt; } .badge { font-size: 14pt; } .badge.drill { font-size: 10pt; }
  h2 { margin: 7pt 0 3pt; padding-top: 3pt; font-size: 10.5pt; } h3 { margin: 4pt 0 1pt; font-size: 8.5pt; }
  p { margin: 2pt 0; } .story { font-size: 11.5pt; margin: 4pt 0 6pt; }
  .story, dd, .cited li, .frames code, .log code, .note, .warn, .kicker, .goroutine { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
  dd, .goroutine { -webkit-line-clamp: 2; }
  .kicker { display: flex; } .cited { padding-left: 0; list-style-position: inside; } .cited li { display: list-item; max-height: 2.6em; }
  .cut, .log code, .frames code { -webkit-line-clamp: 1; } .cut { display: -webkit-box; -webkit-box-orient: vertical; overflow: hidden; }
  .log .breach code, .log .clue code { -webkit-line-clamp: 3; } .headline { display: none; }
  .figures { margin-bottom: 4pt; } .figures dd { font-size: 11.5pt; } .figures > div { padding: 2pt 8pt; min-width: 0; } .figures dt { font-size: 7.5pt; }
  table, .cited { font-size: 7.5pt; } th, td { padding: 1pt 4pt; } thead th, .note, .place, .source { font-size: 7pt; }
  code, .frames, .log { font-size: 6.8pt; line-height: 1.3; } .frames .place { font-size: 6.5pt; } .sum { font-size: 6.6pt; white-space: nowrap; } .here { font-size: 6.5pt; }
  .frames .place { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .frames .here { flex: none; }
  .evidence .source { display: none; } .evidence .bad .source { display: -webkit-box; -webkit-line-clamp: 1; -webkit-box-orient: vertical; overflow: hidden; }
  .calls code, .calls code + code { display: inline; padding: 0; } .calls code + code::before { content: " \\2190  "; }
  .calls { max-width: 150mm; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .frames li { display: flex; } .frames li code { flex: none; max-width: 60%; } .frames .here { order: 3; }
  .lanes { margin: 3pt 0 4pt; padding: 4pt 6pt; break-inside: avoid; } .lanes figcaption { font-size: 7.5pt; margin: 0; }
  dl { gap: 1pt 0; font-size: 8pt; } dl > div { grid-template-columns: 8em 1fr; }
  h2 + dl:not(.figures) { grid-template-columns: 1fr 1fr; column-gap: 8mm; } .pair dl { grid-template-columns: 1fr !important; }
  .frames, .log { padding: 2pt 0; } .frames li, .log li { padding: 0 6pt; border-left-width: 2pt; } .log li { gap: 6pt; }
  .pair { display: grid; grid-template-columns: 1fr 1.6fr; gap: 0 10mm; }
  a { text-decoration: none; }
}
`;

export const STYLE = `${COLOURS}${TEXT}${LISTS}${DRAWING}${PRINT}`;
