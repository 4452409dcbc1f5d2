/** Open incidents, a row each. A row stays the same element while its incident is open, so that a focus in it stays. */
import type { EndedCard, IncidentCard } from '../wire.ts';
import { button, byId, el, setText } from './dom.ts';
import { ageText, decisionsOf } from './words.ts';

interface IncidentEvents {
  readonly onReport: (incident: string) => void;
  readonly onDecide: (incident: string, decision: 'Approve' | 'Reject') => void;
  readonly onNode: (node: string) => void;
}

interface Row {
  readonly element: HTMLTableRowElement;
  readonly cells: Readonly<Record<'cause' | 'age' | 'waits', HTMLElement>>;
  readonly actions: HTMLElement;
  /** Of the buttons that it has. */
  made: string;
}

export interface IncidentTable {
  show(cards: readonly IncidentCard[], more: number, now: number): void;
}

export function createIncidents(events: IncidentEvents): IncidentTable {
  const body = byId('incident-rows');
  const rows = new Map<string, Row>();

  function rowOf({ name, node }: IncidentCard): Row {
    const known = rows.get(name);
    if (known !== undefined) return known;
    const cells = { cause: el('td'), age: el('td', { class: 'n' }), waits: el('td') };
    const actions = el('div', { class: 'actions' });
    const toNode = button(node, () => {
      events.onNode(node);
    });
    const head = el('th', { scope: 'row' }, el('span', { class: 'name' }, name));
    const element = el(
      'tr',
      {},
      head,
      el('td', {}, toNode),
      cells.cause,
      cells.age,
      cells.waits,
      el('td', {}, actions),
    );
    const made = { element, cells, actions, made: '' };
    rows.set(name, made);
    return made;
  }

  function fillActions(row: Row, card: IncidentCard): void {
    const decisions = decisionsOf(card);
    const key = decisions.join();
    if (row.made === key && row.actions.hasChildNodes()) return;
    row.made = key;
    const { name } = card;
    const hadFocus = row.actions.contains(document.activeElement);
    const report = button(
      'Report',
      () => {
        events.onReport(name);
      },
      { 'aria-label': `Report of ${name}` },
    );
    row.actions.replaceChildren(
      report,
      ...decisions.map((decision) =>
        button(
          `${decision}…`,
          () => {
            events.onDecide(name, decision);
          },
          { 'aria-label': `${decision} ${name}…`, class: decision },
        ),
      ),
    );
    if (hadFocus) report.focus();
  }

  /** An element that is moved loses the focus. */
  function moveTo(element: HTMLElement, next: Element | undefined): void {
    const focused = document.activeElement;
    body.insertBefore(element, next ?? null);
    if (focused instanceof HTMLElement && element.contains(focused)) focused.focus({ preventScroll: true });
  }

  function fill(card: IncidentCard, now: number): HTMLElement {
    const row = rowOf(card);
    setText(row.cells.cause, card.cause);
    setText(row.cells.age, card.openedAt === undefined ? '' : ageText(now - card.openedAt));
    setText(row.cells.waits, card.decided === undefined ? card.waitsFor : `${card.decided}; ${card.waitsFor}`);
    row.element.dataset['held'] = String(card.isHeld);
    fillActions(row, card);
    return row.element;
  }

  return {
    show(cards, more, now): void {
      const names = new Set(cards.map(({ name }) => name));
      for (const [name, { element }] of rows) {
        if (names.has(name)) continue;
        if (element.contains(document.activeElement)) byId('incidents-title').focus();
        element.remove();
        rows.delete(name);
      }
      // What waits for a person comes first.
      const sorted = [...cards].sort((a, b) => Number(b.isHeld) - Number(a.isHeld));
      for (const [index, card] of sorted.entries()) {
        const element = fill(card, now);
        if (body.children[index] !== element) moveTo(element, body.children[index]);
      }
      const isEmpty = cards.length === 0;
      byId('incident-table').hidden = isEmpty;
      const text = more > 0 ? `and ${String(more)} more: kubectl medic status -o wide` : isEmpty ? 'None.' : '';
      setText(byId('incidents-note'), text);
    },
  };
}

/** Those that ended while the plugin looked on. */
export function showEnded(cards: readonly EndedCard[], onReport: (incident: string) => void): void {
  const list = byId('ended-list');
  const key = JSON.stringify(cards);
  byId('ended').hidden = cards.length === 0;
  if (list.dataset['key'] === key) return;
  list.dataset['key'] = key;
  list.replaceChildren(
    ...cards.map(({ name, node, outcome, isGood }) => {
      const word = el('b', { class: isGood ? 'good' : 'bad' }, outcome);
      const report = button(
        'Report',
        () => {
          onReport(name);
        },
        { 'aria-label': `Report of ${name}` },
      );
      return el('li', {}, `${node}: `, word, ` (${name}) `, report);
    }),
  );
}
