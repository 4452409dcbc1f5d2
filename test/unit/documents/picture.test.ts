/** Drawings of documents are complete in themselves, and the names in them are names that there are. test/browser looks at them. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { Mode, Strategy } from '../../../src/api/v1alpha1/kinds/policy.ts';
import { NODE_CONDITIONS } from '../../../src/api/v1alpha1/words/conditions.ts';
import { OUTCOMES } from '../../../src/core/decision/record/outcomes.ts';
import { DEFINITIONS } from '../../../tools/generate/definitions.ts';
import { documents, linksOf, ROOT } from '../../support/documents/markdown.ts';

/** Artifact Hub shows it beside the chart, and no page of ours does. */
const ICON = 'docs/images/icon.svg';
const pictures = globSync('docs/images/*', { cwd: fileURLToPath(ROOT) })
  .filter((path) => path !== ICON)
  .sort();
const drawings = pictures.filter((path) => path.endsWith('.svg'));
const NAMES = new Set<string>([
  ...DEFINITIONS.map(({ kind }) => kind),
  ...Object.keys(OUTCOMES),
  ...Object.keys(NODE_CONDITIONS),
  ...Mode.options,
  ...Strategy.options,
]);

test('each picture is shown by a page', () => {
  const shown = documents().flatMap(({ text }) => linksOf(text).map(({ text: link }) => link.split('/').at(-1)));
  expect(pictures.filter((path) => !shown.includes(path.split('/').at(-1)))).toEqual([]);
});

describe.each(drawings)('%s', (path) => {
  const svg = readFileSync(new URL(path, ROOT), 'utf8');

  test('loads nothing, runs nothing, and knows light and dark', () => {
    expect(svg).not.toMatch(/<script|<image|<foreignObject|\bon\w+=|@import|@font-face|javascript:/i);
    // The namespace is a name, and no address.
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|href=|url\((?!#)/);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
  });

  test('says in words what it shows, and keeps text as text', () => {
    expect(svg).toMatch(/<title id="title">.{10,}<\/title>/);
    expect(svg).toMatch(/<desc id="desc">.{50,}<\/desc>/);
    expect(svg.match(/<text /g)?.length ?? 0).toBeGreaterThan(20);
  });

  test('has names that there are', () => {
    const words = [...svg.matchAll(/<text [^>]*>([^<]*)</g)].flatMap(
      ([, text = '']) => text.match(/\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b/g) ?? [],
    );
    expect(words.length).toBeGreaterThan(5);
    expect(words.filter((word) => !NAMES.has(word))).toEqual([]);
  });
});
