/** What the page knows. Nothing here needs a browser. */
import type { Cell, CellState, ChangeMessage, Link, Rest, WholeMessage } from '../wire.ts';

export interface Model {
  readonly version: number;
  /** How far the API server's clock is ahead of the browser's, in milliseconds. */
  readonly aheadMs: number;
  readonly cells: ReadonlyMap<string, Cell>;
  /** Names of all cells, as they are shown. */
  readonly order: readonly string[];
  readonly rest: Rest;
  readonly link: Link;
  readonly about: WholeMessage['about'];
}

export function fromWhole(message: WholeMessage, now: number): Model {
  const { version, cells, rest, link, about } = message;
  return {
    version,
    aheadMs: message.now - now,
    cells: new Map(cells.map((cell) => [cell.name, cell])),
    order: cells.map(({ name }) => name),
    rest,
    link,
    about,
  };
}

/** undefined: it is not the next one, so something was missed. */
export function withChange(model: Model, message: ChangeMessage, now: number): Model | undefined {
  if (message.version !== model.version + 1) return undefined;
  const cells = new Map(model.cells);
  for (const name of message.gone) cells.delete(name);
  for (const cell of message.set) cells.set(cell.name, cell);
  const isSameSet = message.gone.length === 0 && message.set.every(({ name }) => model.cells.has(name));
  return {
    ...model,
    version: message.version,
    aheadMs: message.now - now,
    cells,
    order: isSameSet ? model.order : [...cells.keys()].sort(NAMES.compare),
    rest: message.rest,
  };
}

const NAMES = new Intl.Collator('en', { numeric: true });

export interface Filter {
  /** A part of a name. */
  readonly text: string;
  /** Empty: all. */
  readonly states: ReadonlySet<CellState>;
}

export function visibleNames(
  { order, cells }: Pick<Model, 'order' | 'cells'>,
  { text, states }: Filter,
): readonly string[] {
  const part = text.trim().toLowerCase();
  if (part === '' && states.size === 0) return order;
  return order.filter((name) => {
    const state = cells.get(name)?.state;
    return name.toLowerCase().includes(part) && (states.size === 0 || (state !== undefined && states.has(state)));
  });
}

export function countStates(cells: Iterable<Cell>): ReadonlyMap<CellState, number> {
  const counts = new Map<CellState, number>();
  for (const { state } of cells) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** Where a key of the grid leads; undefined: it is none of its keys. */
export function keyTarget(
  key: string,
  isWhole: boolean,
  at: number,
  size: { count: number; columns: number },
): number | undefined {
  const { count, columns } = size;
  const row = Math.floor(at / columns) * columns;
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    PageUp: at - 10 * columns,
    PageDown: at + 10 * columns,
    Home: isWhole ? 0 : row,
    End: isWhole ? count - 1 : Math.min(count, row + columns) - 1,
  };
  const target = moves[key];
  if (target === undefined || count === 0) return undefined;
  if (target >= 0 && target < count) return target;
  // One row further there is none: it stays where it is. A page ends at the first or the last row.
  return key.startsWith('Page') ? Math.min(count - 1, Math.max(0, target)) : at;
}
