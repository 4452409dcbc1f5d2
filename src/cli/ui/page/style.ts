/** How the page looks: light and dark, by the colours of a report. */

const COLOURS = `
:root { color-scheme: light dark;
  --back: #fff; --panel: #f6f7f9; --ink: #16191d; --dim: #5b6470; --line: #c9d0d8; --link: #0b57c2; --focus: #0b57c2;
  --good: #1a7f43; --bad: #b3231c; --warn-back: #fdf1d8; --warn: #7d5000;
  --healthy: #e4f1e8; --healthy-ink: #22613a; --watched: #f3d27a; --watched-ink: #3d2c00; --unknown: #c3cad3; --unknown-ink: #1d242c;
  --working: #2b66bd; --working-ink: #fff; --ill: #c3271f; --ill-ink: #fff; --held: #6a4fb0; --held-ink: #fff; }
@media (prefers-color-scheme: dark) { :root {
  --back: #14171b; --panel: #1c2127; --ink: #e7eaee; --dim: #9aa5b1; --line: #3b444f; --link: #7db4ff; --focus: #ffd166;
  --good: #4cc27a; --bad: #ff8a80; --warn-back: #362a10; --warn: #f0c265;
  --healthy: #1b3325; --healthy-ink: #7fd3a0; --watched: #b98a2c; --watched-ink: #14100a; --unknown: #4d5763; --unknown-ink: #fff;
  --working: #6fa8f5; --working-ink: #0b1420; --ill: #ff7a70; --ill-ink: #240503; --held: #b7a0f2; --held-ink: #150b2e; } }
`;

const TEXT = `
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 12px 20px 40px; max-width: 1500px; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; }
h1 { margin: 0; font-size: 22px; } h2 { margin: 18px 0 6px; font-size: 17px; } h3 { margin: 6px 0; font-size: 16px; }
p { margin: 4px 0; } td, th, dd, h3, li, .name { unicode-bidi: isolate; }
#about, .note, dt { color: var(--dim); }
#link { font-weight: 600; color: var(--good); } [data-stale=true] #link { color: var(--bad); }
#stale { position: sticky; top: 0; z-index: 2; }
#stale, #late, #decide-stale { padding: 8px 12px; background: var(--warn-back); color: var(--ink); border: 2px solid var(--warn); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
[hidden] { display: none !important; }
button, input { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--dim); border-radius: 5px; padding: 3px 10px; min-height: 28px; }
button { cursor: pointer; } button:disabled { cursor: not-allowed; color: var(--dim); border-style: dashed; }
.good { color: var(--good); } .bad { color: var(--bad); }
`;

const TABLES = `
.scroll { overflow: auto; max-height: 42vh; }
table { width: 100%; border-collapse: collapse; font-size: 14px; overflow-wrap: break-word; }
th, td { padding: 4px 8px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tbody th { overflow-wrap: anywhere; min-width: 9em; } thead th { white-space: nowrap; position: sticky; top: 0; background: var(--back); color: var(--dim); font-weight: 500; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr[data-held=true] th:first-child { border-left: 5px solid var(--held); }
.actions { display: flex; flex-wrap: wrap; gap: 6px; }
td .actions { flex-wrap: nowrap; white-space: nowrap; }
td:nth-child(2) button { border: 0; background: none; padding: 0 2px; min-height: 24px; color: var(--link); text-decoration: underline; text-align: left; }
dl { margin: 0; } dl > div { display: grid; grid-template-columns: 5.5em 1fr; gap: 0 8px; } dd { margin: 0; }
`;

const STATES = ['healthy', 'watched', 'unknown', 'working', 'ill', 'held'];

const GRID = `
.tools { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; margin-bottom: 8px; }
#legend { display: flex; flex-wrap: wrap; gap: 6px; }
#legend button { display: inline-flex; align-items: center; gap: 5px; }
#legend button[aria-pressed=true] { outline: 2px solid var(--ink); background: var(--back); font-weight: 600; }
.swatch { display: inline-block; width: 17px; height: 17px; border-radius: 3px; text-align: center; font: 700 12px/17px "DejaVu Sans Mono", ui-monospace, monospace; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 18px; }
#grid { min-height: 40px; --size: 26px; } #grid[data-size="21"] { --size: 21px; } #grid[data-size="17"] { --size: 17px; }
#grid [role=row] { display: flex; height: var(--size); content-visibility: auto; contain-intrinsic-size: auto var(--size); }
#grid [role=gridcell] { width: var(--size); height: var(--size); border: 1px solid var(--back); border-radius: 4px; text-align: center; cursor: default;
  font: 700 12px/calc(var(--size) - 2px) "DejaVu Sans Mono", ui-monospace, monospace; user-select: none; }
#grid [role=gridcell]:focus { outline: 3px solid var(--ink); outline-offset: 1px; position: relative; z-index: 1; }
#grid [role=gridcell]:hover { border-color: var(--ink); }
${STATES.map((state) => `[data-state=${state}] { background: var(--${state}); color: var(--${state}-ink); }`).join('\n')}
[data-stale=true] #grid, [data-stale=true] .scroll { filter: grayscale(1); opacity: .75; }
.changed { animation: changed 1s ease-in-out 2; }
@keyframes changed { 50% { box-shadow: 0 0 0 3px var(--focus); } }
@media (prefers-reduced-motion: reduce) { .changed { animation: none; } }
@media (forced-colors: active) { #grid [role=gridcell], .swatch { border-color: CanvasText; } }
#details { padding: 2px 14px 12px; background: var(--panel); border-radius: 6px; position: sticky; top: 8px; align-self: start; max-height: 90vh; overflow: auto; }
#details button { margin-top: 8px; }
@media (max-width: 800px) { .pair { grid-template-columns: minmax(0, 1fr); } #details { order: -1; position: static; } }
`;

const DIALOGS = `
dialog { color: var(--ink); background: var(--back); border: 1px solid var(--dim); border-radius: 8px; padding: 14px 20px 18px; }
dialog::backdrop { background: rgb(0 0 0 / .5); }
#decide { width: min(640px, 94vw); } #decide h2 { margin-top: 0; }
#decide-would { margin: 10px 0; padding: 8px 12px; background: var(--panel); border-left: 4px solid var(--held); font-size: 16px; }
#decide fieldset { border: 1px solid var(--line); border-radius: 5px; } #decide-radios { display: flex; flex-wrap: wrap; gap: 4px 16px; }
#decide label { display: block; } #decide-reason { width: 100%; } #decide-radios input { min-height: 0; }
#decide-error { color: var(--bad); font-weight: 600; min-height: 1.5em; }
#decide-confirm:enabled { background: var(--held); color: var(--held-ink); border-color: var(--held); font-weight: 600; }
#report { width: min(1200px, 96vw); height: 94vh; max-height: none; } #report[open] { display: flex; flex-direction: column; }
#report h2 { margin: 0; flex: 1; } #report-frame { flex: 1; width: 100%; margin-top: 8px; border: 1px solid var(--line); background: var(--back); }
`;

export const STYLE_SHEET = `${COLOURS}${TEXT}${TABLES}${GRID}${DIALOGS}`;
