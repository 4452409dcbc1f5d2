/** What is known of the node that a person is at. */
import { button, byId, el, factList } from './dom.ts';
import type { Model } from './model.ts';
import { ageText, STATES } from './words.ts';

interface DetailEvents {
  readonly onReport: (incident: string) => void;
}

/** @param name empty: none is chosen. */
export function showDetails(model: Model, name: string, now: number, { onReport }: DetailEvents): void {
  const cell = model.cells.get(name);
  const root = byId('details-body');
  const since = cell?.since;
  const age = since === undefined ? undefined : ageText(now - since);
  const key = JSON.stringify([name, cell, age]);
  if (root.dataset['key'] === key) return;
  root.dataset['key'] = key;
  if (cell === undefined) {
    const text =
      name === ''
        ? 'Choose a node: arrow keys move, Enter leads here, Escape leads back.'
        : `There is no node ${name} any more.`;
    root.replaceChildren(el('p', { class: 'note' }, text));
    return;
  }
  const { word, meaning } = STATES[cell.state];
  const facts = factList([
    ['State', `${word}: ${meaning}`],
    ['Why', cell.why],
    ['For', age],
    ['Next', cell.next],
    ['But', cell.lack === undefined ? undefined : `nothing would be restarted: ${cell.lack}`],
    ['Policy', cell.policy ?? 'none'],
    ['Incident', cell.incident],
  ]);
  const { incident } = cell;
  const actions =
    incident === undefined
      ? []
      : [
          button(
            'Report',
            () => {
              onReport(incident);
            },
            { 'aria-label': `Report of ${incident}` },
          ),
        ];
  root.replaceChildren(el('h3', { id: 'details-name' }, cell.name), facts, ...actions);
}
