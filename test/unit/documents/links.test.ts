/** What documents point at is there: pages, headings, pictures, files of the repository, scripts of npm, runbooks of alerts. */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { alertGroups } from '../../support/monitoring.ts';
import { anchorsOf, blocksOf, codeSpansOf, documents, linksOf, ROOT } from '../../support/documents/markdown.ts';

const pages = documents();
const textOf = new Map(pages.map(({ path, text }) => [path, text]));
const isThere = (path: string): boolean => existsSync(new URL(path, ROOT));

/** undefined: it leads somewhere. @param from the page that has it. */
function deadEnd(from: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURI(file)));
  if (path.startsWith('../')) return 'it leads out of the repository';
  if (!isThere(path)) return `there is no ${path}`;
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  return anchorsOf(textOf.get(path) ?? '').has(anchor) ? undefined : `${path} has no heading #${anchor}`;
}

describe('the check of links', () => {
  test('sees a page, a heading and a folder that are not there, and lets the others be', () => {
    expect(deadEnd('docs/cli.md', 'nowhere.md')).toBe('there is no docs/nowhere.md');
    expect(deadEnd('docs/cli.md', 'install.md#no-such-heading')).toBe(
      'docs/install.md has no heading #no-such-heading',
    );
    expect(deadEnd('README.md', '../x.md')).toBe('it leads out of the repository');
    expect(deadEnd('docs/cli.md', 'install.md#begin-with-observe')).toBeUndefined();
    expect(deadEnd('docs/runbooks/README.md', '../../examples')).toBeUndefined();
    expect(deadEnd('README.md', 'https://example.com/#x')).toBeUndefined();
  });

  test('finds links in text, also those of pictures, and none in code', () => {
    const text = '[a](b.md) ![c](d.png "title") `[no](x.md)`\n```\n[no](y.md)\n```\n[over two\nlines](e.md#f)';
    expect(linksOf(text).map(({ text: link }) => link)).toEqual(['b.md', 'd.png', 'e.md#f']);
  });

  test('names headings as GitHub does', () => {
    const text =
      '# `kubectl medic` and: what?\n## Twice\n## Twice\n### [A link](x.md), a_b\n## Größe\n```\n# no\n```\n';
    expect([...anchorsOf(text)]).toEqual(['kubectl-medic-and-what', 'twice', 'twice-1', 'a-link-a_b', 'größe']);
  });

  test('refuses a block without an end', () => {
    expect(() => blocksOf('```sh\nls\n')).toThrow('the block that begins in line 1 has no end');
  });
});

test.each(pages.map(({ path, text }) => [path, text] as const))('links of %s lead somewhere', (path, text) => {
  const dead = linksOf(text).flatMap(({ text: link, line }) => {
    const why = deadEnd(path, link);
    return why === undefined ? [] : [`${path}:${line}: ${link}: ${why}`];
  });
  expect(dead).toEqual([]);
});

/** Roots of the repository, and of `src` and `test`, from which pages name files. */
const BASES = ['', 'src/', 'test/', 'docs/', 'charts/kubelet-medic/'];
/** What looks like a file or a folder of ours: it begins with a folder that we have, or is a file of Markdown or TypeScript. */
const FOLDERS = /^(src|test|docs|charts|examples|manifests|scripts|tools|\.github|\.ci)\//;

/** `src/{a,b}.ts` is two. */
function unfolded(path: string): readonly string[] {
  const [, before = '', words = '', after = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return words === '' ? [path] : words.split(',').flatMap((word) => unfolded(before + word + after));
}

function isNamedRightly(path: string): boolean {
  return unfolded(path.replace(/\/$/, '')).every((one) => BASES.some((base) => isThere(base + one)));
}

/** Pages of what was: files that they name were there then. */
const HISTORY = /^(CHANGELOG|docs\/adr\/.*)\.md$/;

test.each(pages.filter(({ path }) => !HISTORY.test(path)).map(({ path, text }) => [path, text] as const))(
  'files that %s names are there',
  (path, text) => {
    const missing = codeSpansOf(text)
      .filter(({ text: span }) => FOLDERS.test(span) && /^[\w./{},-]+$/.test(span) && !/[A-Z]{4,}/.test(span))
      .filter(({ text: span }) => !isNamedRightly(span))
      .map(({ text: span, line }) => `${path}:${line}: ${span}`);
    expect(missing).toEqual([]);
  },
);

test('each script of npm that a page names is one', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { scripts: object };
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)]
      .filter(([, name = '']) => !Object.hasOwn(scripts, name))
      .map(([words]) => `${path}: ${words}`),
  );
  expect(unknown).toEqual([]);
});

test('each alert has its runbook where its address leads', () => {
  const rules = readFileSync(new URL('charts/kubelet-medic/templates/metrics-rules.yaml', ROOT), 'utf8');
  expect(rules).toContain('docs/runbooks');
  const alerts = alertGroups().flatMap(({ rules: all }) => all.map(({ alert }) => alert));
  expect(alerts.filter((alert) => !isThere(`docs/runbooks/${alert}.md`))).toEqual([]);
});

test('states and outcomes that pages quote are those of the reference', () => {
  const reference = textOf.get('docs/reference/conditions.md') ?? '';
  const quoted = pages.flatMap(({ path, text }) =>
    codeSpansOf(text)
      .filter(({ text: span }) => /^(Waiting|Held): /.test(span))
      .map(({ text: span, line }) => ({ span, at: `${path}:${line}` })),
  );
  expect(quoted.length).toBeGreaterThan(5);
  expect(quoted.filter(({ span }) => !reference.includes(`| ${span} |`))).toEqual([]);
});
