/** The head of the page, policies, and what is not shown. */
import type { CellState, Link, PolicyCard, Rest } from '../wire.ts';
import { byId, el, setText } from './dom.ts';
import { countStates, type Model } from './model.ts';
import { STATE_NAMES, STATES, timeText } from './words.ts';

/** @param stale why what is shown is not of now; empty: it is. */
export function showLink(stale: string): void {
  const banner = byId('stale');
  document.body.dataset['stale'] = String(stale !== '');
  banner.hidden = stale === '';
  setText(banner, stale);
  setText(byId('link'), stale === '' ? 'live' : 'not current');
}

/** Of a tab that nobody looks at it is all that is seen. */
export function showTitle(rest: Rest | undefined, stale: string): void {
  const held = rest?.incidents.filter(({ isHeld }) => isHeld).length ?? 0;
  const first = stale === '' ? `${String(held)} held` : 'not current';
  document.title = stale === '' && held === 0 ? 'kubelet-medic' : `(${first}) kubelet-medic`;
}

/** @param broken why the plugin is not heard; undefined: it is. @param heardAt when it was last. */
export function staleText(link: Link | undefined, broken: string | undefined, heardAt: number): string {
  if (broken !== undefined) {
    const since = heardAt === 0 ? '' : ` What is shown is of ${timeText(heardAt)}, and not of now.`;
    return `kubectl medic is not heard: ${broken.replace(/\.$/, '')}.${since}`;
  }
  if (link === undefined || link.kind === 'live') return '';
  return `The API server is not heard since ${timeText(link.since)}: ${link.why}. What is shown is of then, and not of now.`;
}

export function showAbout({ about, rest }: Model): void {
  setText(byId('about'), `${about.server} as ${about.user}; kubectl medic ${about.plugin}`);
  const list = byId('notice-list');
  byId('notices').hidden = rest.notices.length === 0;
  replaceIfOther(list, rest.notices, (notice) => el('li', {}, notice));
}

export function showPolicies(policies: readonly PolicyCard[]): void {
  byId('policies').hidden = policies.length === 0;
  replaceIfOther(byId('policy-rows'), policies, (card) => {
    const { name, mode, nodes, unhealthy, breaker, inFlight, next } = card;
    const cells = [mode, String(nodes), unhealthy, breaker, inFlight, next].map((text) => el('td', {}, text));
    return el('tr', {}, el('th', { scope: 'row' }, name), ...cells);
  });
}

function replaceIfOther<T>(root: HTMLElement, items: readonly T[], make: (item: T) => HTMLElement): void {
  const key = JSON.stringify(items);
  if (root.dataset['key'] === key) return;
  root.dataset['key'] = key;
  root.replaceChildren(...items.map(make));
}

interface Legend {
  show(model: Model): void;
  /** Filters by no state. */
  clear(): void;
}

/** The legend, which is the filter too. */
export function createLegend(onChange: (states: ReadonlySet<CellState>) => void): Legend {
  const pressed = new Set<CellState>();
  const counts = new Map<CellState, HTMLElement>();
  const root = byId('legend');
  for (const state of STATE_NAMES) {
    const { glyph, word, meaning } = STATES[state];
    const count = el('b', {}, '0');
    counts.set(state, count);
    const swatch = el('span', { class: 'swatch', 'data-state': state, 'aria-hidden': 'true' }, glyph);
    const chip = el(
      'button',
      { type: 'button', 'aria-pressed': 'false', title: meaning },
      swatch,
      ' ',
      count,
      ` ${word}`,
    );
    chip.addEventListener('click', () => {
      if (!pressed.delete(state)) pressed.add(state);
      chip.setAttribute('aria-pressed', String(pressed.has(state)));
      onChange(pressed);
    });
    root.append(chip);
  }
  return {
    show({ cells }): void {
      const now = countStates(cells.values());
      for (const [state, element] of counts) setText(element, String(now.get(state) ?? 0));
    },
    clear(): void {
      pressed.clear();
      for (const chip of root.children) chip.setAttribute('aria-pressed', 'false');
      onChange(pressed);
    },
  };
}
