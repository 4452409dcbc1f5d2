/**
 * What tests import as `@jest/globals`, in one process for all mutants: a test file is loaded once, and what it declares is
 * kept, to be run as often as there are mutants. Only what the tests of `parts.ts` use is here.
 */
import { expect } from 'expect';

export { expect };

type Body = (...args: readonly unknown[]) => unknown;
type Hook = () => unknown;

interface Block {
  readonly title: string;
  readonly parent: Block | undefined;
  readonly before: Hook[];
  readonly after: Hook[];
}

export interface Case {
  /** Of no other test of all that are loaded. */
  readonly id: string;
  readonly file: string;
  readonly block: Block;
  readonly body: Hook;
}

const cases: Case[] = [];
/** Of each name so far: the rows of a table have one. Numbered by name, a test keeps its id when another one is added. */
const named = new Map<string, number>();
let file = '';
let current: Block = blockOf('', undefined);

function blockOf(title: string, parent: Block | undefined): Block {
  return { title, parent, before: [], after: [] };
}

function titlesOf({ title, parent }: Block): readonly string[] {
  return [...(parent === undefined ? [] : titlesOf(parent)), title];
}

/** From the outermost block to the innermost. */
function blocksOf(block: Block): readonly Block[] {
  return [...(block.parent === undefined ? [] : blocksOf(block.parent)), block];
}

/** What is declared from now on is of this file. */
export function beginFile(path: string): void {
  file = path;
  current = blockOf(path, undefined);
}

export function allCases(): readonly Case[] {
  return cases;
}

/** As jest runs it. @throws what the test or one of its hooks throws first. */
export async function runCase({ block, body }: Case): Promise<void> {
  const blocks = blocksOf(block);
  try {
    for (const { before } of blocks) for (const hook of before) await hook();
    await body();
  } finally {
    for (const { after } of blocks.toReversed()) for (const hook of after) await hook();
  }
}

function declareBlock(title: string, declare: Body, args: readonly unknown[] = []): void {
  const outer = current;
  current = blockOf(title, outer);
  declare(...args);
  current = outer;
}

function declareCase(title: string, body: Body, args: readonly unknown[] = []): void {
  const name = [...titlesOf(current), title].join(' > ');
  const count = (named.get(name) ?? 0) + 1;
  named.set(name, count);
  const id = `${name} #${String(count)}`;
  cases.push({ id, file, block: current, body: () => body(...args) });
}

/** A row that is an array has an argument each. */
function eachOf(declare: typeof declareCase) {
  return (rows: readonly unknown[]) =>
    (title: string, body: Body): void => {
      for (const row of rows) declare(title, body, Array.isArray(row) ? row : [row]);
    };
}

export const describe = Object.assign(
  (title: string, declare: Body): void => {
    declareBlock(title, declare);
  },
  { each: eachOf(declareBlock) },
);

export const test = Object.assign(
  (title: string, body: Body): void => {
    declareCase(title, body);
  },
  { each: eachOf(declareCase) },
);

export function beforeEach(hook: Hook): void {
  current.before.push(hook);
}

export function afterEach(hook: Hook): void {
  current.after.push(hook);
}
