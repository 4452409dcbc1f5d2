/** The page: takes what the plugin says, and shows it. */
import type { CellState } from '../wire.ts';
import { createApi, takeToken } from './api.ts';
import { byId, setText } from './dom.ts';
import { createDecisions } from './decide.ts';
import { showDetails } from './details.ts';
import { runFeed, type FeedMessage } from './feed.ts';
import { createGrid } from './grid.ts';
import { createIncidents, showEnded } from './incidents.ts';
import { fromWhole, visibleNames, withChange, type Model } from './model.ts';
import { createReports } from './report.ts';
import { createLegend, showAbout, showLink, showPolicies, showTitle, staleText } from './side.ts';
import { createSpeaker } from './speak.ts';
import { newsOf } from './words.ts';

const TICK_MS = 1_000;

function start(): void {
  const api = createApi(takeToken());
  const speak = createSpeaker();
  const reports = createReports(api);
  const decisions = createDecisions({ api, speak, keyOf });
  const filter: { text: string; states: ReadonlySet<CellState> } = { text: '', states: new Set() };
  let model: Model | undefined;
  let broken: string | undefined = 'it has not answered yet';
  let heardAt = 0;
  let selected = '';
  let isDue = false;

  function keyOf(incident: string): string {
    return JSON.stringify(model?.rest.incidents.find(({ name }) => name === incident) ?? '');
  }

  const onReport = (incident: string): void => {
    reports.open(incident);
  };
  const grid = createGrid({
    onSelect(name): void {
      selected = name;
      draw();
    },
    onOpen(): void {
      byId('details').focus();
    },
  });
  const incidents = createIncidents({ onReport, onDecide: decisions.open, onNode });
  const legend = createLegend((states) => {
    filter.states = states;
    draw();
  });
  const search = byId('search') as HTMLInputElement;

  function onNode(name: string): void {
    if (model?.cells.has(name) !== true) {
      selected = name;
      draw();
      byId('details').focus();
      return;
    }
    if (!visibleNames(model, filter).includes(name)) {
      search.value = '';
      filter.text = '';
      legend.clear();
      show(model);
    }
    grid.focus(name);
  }

  function draw(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (model !== undefined) show(model);
    });
  }

  function show(now: Model): void {
    const { rest } = now;
    const time = Date.now() + now.aheadMs;
    const names = visibleNames(now, filter);
    byId('fleet').hidden = !rest.hasFleet;
    grid.show(names, now.cells);
    legend.show(now);
    setText(
      byId('shown'),
      names.length === now.order.length
        ? `${String(names.length)} nodes`
        : `${String(names.length)} of ${String(now.order.length)} nodes`,
    );
    incidents.show(rest.incidents, rest.moreIncidents, time);
    showEnded(rest.ended, onReport);
    showPolicies(rest.policies);
    showAbout(now);
    showDetails(now, selected, time, { onReport });
    document.body.dataset['version'] = String(now.version);
  }

  function noteLink(): void {
    const stale = staleText(model?.link, broken, heardAt);
    showLink(stale);
    showTitle(model?.rest, stale);
    decisions.noteLink(stale);
  }

  function take(message: FeedMessage): boolean {
    const before = model;
    const at = Date.now();
    if (message.kind === 'whole') model = fromWhole(message, at);
    else if (model === undefined) return false;
    else if (message.kind === 'change') model = withChange(model, message, at);
    else if (message.version === model.version) model = { ...model, link: message.link };
    else return false;
    if (model === undefined) {
      model = before;
      return false;
    }
    heardAt = at;
    broken = undefined;
    noteLink();
    if (before !== undefined) for (const news of newsOf(before, model)) speak(news);
    decisions.noteChange();
    draw();
    return true;
  }

  search.addEventListener('input', () => {
    filter.text = search.value;
    draw();
  });
  byId('details').addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && selected !== '') grid.focus(selected);
  });
  setInterval(draw, TICK_MS * 15);
  noteLink();
  void runFeed({
    api,
    onMessage: take,
    onBreak(why): void {
      broken = why;
      noteLink();
    },
  });
}

// The browser loads nothing where it is an address of the same page.
window.addEventListener('hashchange', () => {
  if (location.hash === '') return;
  takeToken();
  location.reload();
});
start();
