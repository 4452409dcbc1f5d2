/** What a node has written reaches a terminal as text, in every form of output. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { writeStructured, type Format } from '../../../src/cli/structured.ts';
import { createTerminal, oneLine, printable, textWidth, type Terminal } from '../../../src/cli/terminal.ts';

/** Escape, CSI of one byte, delete, next line, marks of direction, line separators, tags, what has no width. */
const UNSEEN = [0x1b, 0x9b, 0x7f, 0x85, 0x200b, 0x200e, 0x202e, 0x2066, 0x2028, 0x2029, 0x61c, 0xfeff, 0xe0041];

function written(format: Format, value: unknown): string {
  let text = '';
  const terminal: Terminal = { out: (more) => (text += more), note: () => undefined, paint: (_colour, one) => one };
  writeStructured(terminal, format, value);
  return text;
}

describe.each(UNSEEN)('the character %#', (code) => {
  const character = String.fromCodePoint(code);
  const value = {
    items: [
      { [`k${character}`]: 1, note: `a${character}[2J"\\b`, long: `x\n  y${character}\n`, n: null, plain: 'yes' },
    ],
  };

  test('is seen where it is printed', () => {
    expect(printable(`a${character}b`)).toMatch(/^a\\[xu][0-9a-f]{2,5}b$/);
    expect(oneLine(`a${character}b`)).not.toContain(character);
  });

  test('is escaped in JSON and YAML, and read as it was', () => {
    const [json, yaml] = [written('json', value), written('yaml', value)];
    expect([json.includes(character), yaml.includes(character)]).toEqual([false, false]);
    expect(JSON.parse(json)).toEqual(value);
    expect(parse(yaml)).toEqual(value);
  });
});

test('a text without any is as plain as it was', () => {
  expect(written('yaml', { a: ['b c', 'x\ny\n'], 'd-e': true })).toBe('a:\n  - b c\n  - |\n    x\n    y\nd-e: true\n');
  expect(printable('a\tb\nc')).toBe('a  b\nc');
});

describe('the length of a line', () => {
  const width = (columns: number | undefined, env: NodeJS.ProcessEnv): number => {
    const stdout = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { columns });
    return textWidth(createTerminal(stdout, stdout, env), 15, 96);
  };

  test.each<[string, number | undefined, NodeJS.ProcessEnv, number]>([
    ['a pipe', undefined, {}, 96],
    ['COLUMNS before the terminal', 80, { COLUMNS: '60' }, 45],
    ['COLUMNS for a pipe', undefined, { COLUMNS: '200' }, 185],
    ['the terminal', 80, {}, 65],
    ['a wide terminal', 400, {}, 96],
    ['a narrow one', 10, {}, 24],
    ['a terminal that says nothing', 0, {}, 96],
    ['COLUMNS that is no number', undefined, { COLUMNS: 'many' }, 96],
    ['COLUMNS of nothing', 80, { COLUMNS: '0' }, 65],
    ['COLUMNS without end', undefined, { COLUMNS: '9'.repeat(400) }, 96],
  ])('%s', (_, columns, env, expected) => {
    expect(width(columns, env)).toBe(expected);
  });
});

test('a text of blanks without end is one line in no time', () => {
  const before = process.cpuUsage();
  expect(oneLine(`a${' '.repeat(1_000_000)}b \n\n\t c\r\n`)).toBe(`a${' '.repeat(1_000_000)}b c`);
  expect(oneLine(' \n'.repeat(500_000))).toBe('');
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
});
