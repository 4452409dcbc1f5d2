/** Words of the page. Nothing here needs a browser. */
import type { Cell, CellState, IncidentCard } from '../wire.ts';
import type { Model } from './model.ts';

interface StateWords {
  /** In the cell, so that no colour has to be told from another. */
  readonly glyph: string;
  readonly word: string;
  readonly meaning: string;
}

/** The worst first. */
export const STATES: Readonly<Record<CellState, StateWords>> = {
  held: { glyph: 'H', word: 'held', meaning: 'an incident waits for a person' },
  ill: { glyph: '×', word: 'ill', meaning: 'not Ready, or its kubelet or runtime does not work' },
  working: { glyph: '▸', word: 'incident open', meaning: 'kubelet-medic is at it' },
  unknown: { glyph: '?', word: 'unknown', meaning: 'its agent says nothing' },
  watched: { glyph: '!', word: 'watched', meaning: 'something is not as it should be' },
  healthy: { glyph: '·', word: 'healthy', meaning: 'nothing is wrong' },
};
export const STATE_NAMES: readonly CellState[] = ['held', 'ill', 'working', 'unknown', 'watched', 'healthy'];

/** `41s`, `5m`, `3h`, `6d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${String(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${String(minutes)}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)}h` : `${String(Math.floor(hours / 24))}d`;
}

/** `14:03:22`, by the browser's clock. */
export function timeText(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** What a screen reader says of a cell. */
export function cellLabel({ name, state, why }: Cell): string {
  const { word } = STATES[state];
  return why === undefined ? `${name}, ${word}` : `${name}, ${word}: ${why}`;
}

/** What is new to a person; empty: nothing that he has to hear of. At most three sentences. */
export function newsOf(before: Model, after: Model): readonly string[] {
  const known = new Map(before.rest.incidents.map((card) => [card.name, card]));
  const held = after.rest.incidents.filter(({ name, isHeld }) => isHeld && known.get(name)?.isHeld !== true);
  const opened = after.rest.incidents.filter(({ name, isHeld }) => !isHeld && !known.has(name));
  const ended = after.rest.ended.filter(({ name }) => known.has(name));
  return [
    ...several(held, (card) => `${card.node} is held and waits for a person`, 'nodes are held and wait for a person'),
    ...several(opened, (card) => `an incident of ${card.node} is open: ${card.cause}`, 'incidents have opened'),
    ...several(ended, (card) => `the incident of ${card.node} has ended: ${card.outcome}`, 'incidents have ended'),
  ];
}

function several<T>(items: readonly T[], one: (item: T) => string, many: string): readonly string[] {
  const [first] = items;
  if (first === undefined) return [];
  return [items.length === 1 ? one(first) : `${String(items.length)} ${many}`];
}

/** What can be decided of it. */
export function decisionsOf({ isHeld, isDrill, decided }: IncidentCard): readonly ('Approve' | 'Reject')[] {
  if (decided !== undefined) return [];
  if (isHeld) return ['Approve', 'Reject'];
  return isDrill ? ['Reject'] : [];
}
