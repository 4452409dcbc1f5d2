/** A cell a node, in rows; one cell takes part in the order of Tab, and arrow keys move from it. */
import type { Cell } from '../wire.ts';
import { byId, el, setText } from './dom.ts';
import { keyTarget } from './model.ts';
import { cellLabel, STATES } from './words.ts';

export interface Grid {
  /** @param names those that are shown, in order. */
  show(names: readonly string[], cells: ReadonlyMap<string, Cell>): void;
  readonly focus: (name: string) => void;
}

interface GridEvents {
  /** The one that a person is at, by key or pointer. */
  readonly onSelect: (name: string) => void;
  /** He wants to know more of it. */
  readonly onOpen: () => void;
}

/** The more there are, the smaller is each: 5,000 are little more than a screen. */
const SIZES = [
  { upTo: 600, px: 26 },
  { upTo: 2_000, px: 21 },
  { upTo: Number.POSITIVE_INFINITY, px: 17 },
];

export function createGrid({ onSelect, onOpen }: GridEvents): Grid {
  const root = byId('grid');
  const elements = new Map<string, HTMLElement>();
  let shown: readonly string[] = [];
  let columns = 1;
  let current = '';

  function sizeFor(count: number): number {
    return SIZES.find(({ upTo }) => count <= upTo)?.px ?? 17;
  }

  function elementOf(name: string): HTMLElement {
    const known = elements.get(name);
    if (known !== undefined) return known;
    const made = el('div', { role: 'gridcell', tabindex: '-1', 'data-name': name });
    elements.set(name, made);
    return made;
  }

  function paint(name: string, cell: Cell): void {
    const element = elementOf(name);
    const label = cellLabel(cell);
    if (element.ariaLabel === label && element.dataset['state'] === cell.state) return;
    if (element.dataset['state'] !== undefined && element.dataset['state'] !== cell.state) flash(element);
    element.ariaLabel = label;
    element.dataset['state'] = cell.state;
    setText(element, STATES[cell.state].glyph);
  }

  function layOut(): void {
    const px = sizeFor(shown.length);
    const focused = document.activeElement;
    columns = Math.max(1, Math.floor(root.clientWidth / px));
    root.dataset['size'] = String(px);
    root.ariaColCount = String(columns);
    root.ariaRowCount = String(Math.ceil(shown.length / columns));
    const rows: HTMLElement[] = [];
    for (let from = 0; from < shown.length; from += columns) {
      const row = el('div', { role: 'row', 'aria-rowindex': String(rows.length + 1) });
      row.append(...shown.slice(from, from + columns).map(elementOf));
      rows.push(row);
    }
    root.replaceChildren(...rows);
    const isLost = focused instanceof HTMLElement && focused.getAttribute('role') === 'gridcell';
    if (isLost && focused.isConnected) focused.focus({ preventScroll: true });
    else if (isLost) elements.get(current)?.focus();
  }

  /** One is always to be reached by Tab. */
  function choose(name: string): void {
    elements.get(current)?.setAttribute('tabindex', '-1');
    current = name;
    elements.get(current)?.setAttribute('tabindex', '0');
  }

  function nameAt(target: EventTarget | null): string | undefined {
    return target instanceof HTMLElement ? target.dataset['name'] : undefined;
  }

  root.addEventListener('keydown', (event) => {
    const at = shown.indexOf(nameAt(event.target) ?? '');
    if (at < 0 || event.altKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onOpen();
      return;
    }
    const target = keyTarget(event.key, event.ctrlKey, at, { count: shown.length, columns });
    if (target === undefined) return;
    event.preventDefault();
    elements.get(shown[target] ?? '')?.focus();
  });
  root.addEventListener('focusin', (event) => {
    const name = nameAt(event.target);
    if (name === undefined) return;
    choose(name);
    onSelect(name);
  });
  root.addEventListener('pointerover', (event) => {
    const name = nameAt(event.target);
    if (name !== undefined && !root.contains(document.activeElement)) onSelect(name);
  });
  root.addEventListener('click', (event) => {
    const name = nameAt(event.target);
    if (name !== undefined) elements.get(name)?.focus();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    layOut();
  }).observe(root);

  return {
    show(names, cells): void {
      for (const [name, cell] of cells) paint(name, cell);
      for (const name of elements.keys()) if (!cells.has(name)) elements.delete(name);
      const isSame = names.length === shown.length && names.every((name, index) => name === shown[index]);
      shown = names;
      if (!isSame) {
        if (!names.includes(current)) choose(names[0] ?? '');
        layOut();
      }
    },
    focus(name): void {
      elements.get(name)?.focus();
    },
  };
}

/** Many at once are seen without it. */
const MAX_FLASHES = 60;

function flash(element: HTMLElement): void {
  if (document.getElementsByClassName('changed').length >= MAX_FLASHES) return;
  element.classList.add('changed');
  setTimeout(() => {
    element.classList.remove('changed');
  }, 2_000);
}
