/** What the page works out by itself. */
import { describe, expect, test } from '@jest/globals';
import { fromWhole, keyTarget, visibleNames, withChange, type Model } from '../../../../src/cli/ui/browser/model.ts';
import { ageText, cellLabel, decisionsOf, newsOf, STATE_NAMES, STATES } from '../../../../src/cli/ui/browser/words.ts';
import type { Cell, CellState, IncidentCard, Rest } from '../../../../src/cli/ui/wire.ts';

const REST: Rest = { incidents: [], moreIncidents: 0, ended: [], policies: [], notices: [], hasFleet: true };

function aModel(cells: readonly Cell[], rest: Partial<Rest> = {}): Model {
  const about = { user: 'jane', server: 's', plugin: '1' };
  return fromWhole({ version: 1, now: 5_000, cells, rest: { ...REST, ...rest }, link: { kind: 'live' }, about }, 2_000);
}

const node = (name: string, state: CellState = 'healthy'): Cell => ({ name, state });

function aCard(options: Partial<IncidentCard> = {}): IncidentCard {
  return { name: 'i', node: 'n', cause: 'c', waitsFor: 'w', isHeld: false, isDrill: false, ...options };
}

describe('a change', () => {
  const model = aModel([node('node-9'), node('node-10')]);
  const change = { version: 2, now: 9_000, set: [], gone: [], rest: REST };

  test('is taken in its turn alone', () => {
    expect(model.aheadMs).toBe(3_000);
    expect(withChange(model, { ...change, version: 3 }, 0)).toBeUndefined();
    expect(withChange(model, { ...change, version: 1 }, 0)).toBeUndefined();
    expect(withChange(model, change, 9_500)).toMatchObject({ version: 2, aheadMs: -500 });
  });

  test('leaves the order as it is, unless a node has come or gone', () => {
    expect(withChange(model, { ...change, set: [node('node-9', 'ill')] }, 0)?.order).toBe(model.order);
    const other = withChange(model, { ...change, set: [node('a'), node('node-11')], gone: ['node-9'] }, 0);
    expect(other?.order).toEqual(['a', 'node-10', 'node-11']);
    expect(model.cells.size).toBe(2);
  });
});

test('a filter is a part of a name, and states', () => {
  const model = aModel([node('a-1', 'ill'), node('a-2'), node('b-1', 'held')]);
  const shown = (text: string, ...states: CellState[]): readonly string[] =>
    visibleNames(model, { text, states: new Set(states) });
  expect(shown('')).toBe(model.order);
  expect(shown(' A-')).toEqual(['a-1', 'a-2']);
  expect(shown('', 'ill', 'held')).toEqual(['a-1', 'b-1']);
  expect(shown('b', 'ill')).toEqual([]);
  expect(shown('.*')).toEqual([]);
});

test.each<[string, boolean, number, number | undefined]>([
  ['ArrowRight', false, 0, 1],
  ['ArrowLeft', false, 0, 0],
  ['ArrowDown', false, 1, 5],
  ['ArrowDown', false, 9, 9],
  ['ArrowUp', false, 1, 1],
  ['ArrowUp', false, 6, 2],
  ['ArrowRight', false, 9, 9],
  ['Home', false, 6, 4],
  ['End', false, 5, 7],
  ['End', false, 8, 9],
  ['Home', true, 6, 0],
  ['End', true, 0, 9],
  ['PageDown', false, 2, 9],
  ['PageUp', false, 9, 0],
  ['x', false, 3, undefined],
])('of ten cells in rows of four %s (with Control: %s) leads from %d to %s', (key, isWhole, at, target) => {
  expect(keyTarget(key, isWhole, at, { count: 10, columns: 4 })).toBe(target);
});

test('a state is told by a glyph and a word, and never by its colour alone', () => {
  expect([...STATE_NAMES].sort()).toEqual(Object.keys(STATES).sort());
  for (const field of ['glyph', 'word', 'meaning'] as const)
    expect(new Set(STATE_NAMES.map((name) => STATES[name][field])).size).toBe(STATE_NAMES.length);
  expect(cellLabel({ name: 'n', state: 'ill', why: 'NotReady' })).toBe('n, ill: NotReady');
});

describe('news', () => {
  const quiet = aModel([]);

  test('are incidents that open, are held and end', () => {
    const open = aModel([], { incidents: [aCard()] });
    const held = aModel([], { incidents: [aCard({ isHeld: true })] });
    const ended = aModel([], { ended: [{ name: 'i', node: 'n', outcome: 'Recovered', isGood: true }] });
    expect(newsOf(quiet, open)).toEqual(['an incident of n is open: c']);
    expect(newsOf(open, held)).toEqual(['n is held and waits for a person']);
    expect(newsOf(held, held)).toEqual([]);
    expect(newsOf(held, ended)).toEqual(['the incident of n has ended: Recovered']);
  });

  test('of a storm are a number', () => {
    const incidents = Array.from({ length: 300 }, (_, n) => aCard({ name: String(n) }));
    expect(newsOf(quiet, aModel([], { incidents }))).toEqual(['300 incidents have opened']);
  });
});

test('only what waits for a person can be decided, and only once; a drill can be ended', () => {
  expect(decisionsOf(aCard())).toEqual([]);
  expect(decisionsOf(aCard({ isHeld: true }))).toEqual(['Approve', 'Reject']);
  expect(decisionsOf(aCard({ isHeld: true, decided: 'approved by x' }))).toEqual([]);
  expect(decisionsOf(aCard({ isDrill: true }))).toEqual(['Reject']);
});

test.each([
  [-5, '0s'],
  [119_000, '119s'],
  [600_000, '10m'],
  [7_200_000, '2h'],
  [345_600_000, '4d'],
])('an age of %d ms is %s', (ms, text) => {
  expect(ageText(ms)).toBe(text);
});
