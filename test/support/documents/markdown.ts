/** The documents of the repository, and what stands in them. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = new URL('../../../', import.meta.url);

export interface Document {
  /** From the root of the repository, `docs/faq.md`. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  /** `sh`, `console`, ...; empty: none is said. */
  readonly language: string;
  /** Of the fence, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
}

const PAGES = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'test/fixtures/README.md'];

/** Every page that people read, by name. */
export function documents(): readonly Document[] {
  const paths = PAGES.flatMap((pattern) => globSync(pattern, { cwd: fileURLToPath(ROOT) }));
  return paths.sort().map((path) => ({ path, text: readFileSync(new URL(path, ROOT), 'utf8') }));
}

const FENCE = /^\s*(`{3,}|~{3,})\s*([^\s`]*)/;

/** Fenced blocks, also those within a list. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly fence: string; readonly language: string; readonly line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, fence, language = ''] = FENCE.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== undefined) open = { fence, language, line: index + 1, lines: [] };
    } else if (fence?.startsWith(open.fence) === true && language === '') {
      blocks.push({ language: open.language, line: open.line, lines: open.lines });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`the block that begins in line ${open.line} has no end`);
  return blocks;
}

/** The text without its blocks; lines keep their numbers. */
function proseOf(text: string): string {
  const lines = text.split('\n');
  for (const block of blocksOf(text)) {
    const from = block.line - 1;
    for (let at = from; at < from + block.lines.length + 2; at++) lines[at] = '';
  }
  return lines.join('\n');
}

export interface Piece {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

function piecesOf(text: string, pattern: RegExp): readonly Piece[] {
  return [...text.matchAll(pattern)].map((match) => ({
    text: (match[1] ?? '').replaceAll(/\s+/g, ' '),
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** What stands between backticks in the text; one that goes over the end of a line is one. */
export function codeSpansOf(text: string): readonly Piece[] {
  return piecesOf(proseOf(text), /(?<!`)`([^`]+)`(?!`)/g);
}

/** Where links and pictures lead. */
export function linksOf(text: string): readonly Piece[] {
  const prose = proseOf(text).replaceAll(/(?<!`)`[^`]+`(?!`)/g, (span) => span.replaceAll(/[^\n]/g, ' '));
  return piecesOf(prose, /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g);
}

/** What a heading is called in a link, as GitHub makes it: letters, digits, `-` and `_` stay. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, heading = ''] of proseOf(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
    const slug = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}
