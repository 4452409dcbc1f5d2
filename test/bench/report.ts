/** The figures as a table, and whether the goals are met. */

export interface Figure {
  /** What was done, by what. */
  readonly name: string;
  readonly value: number;
  readonly unit:
    's' | 'ms' | 'MiB' | 'MB/s' | '%' | 'faults' | 'times' | 'kills' | 'nodes' | 'a second' | '% of a core';
  /** What it may be at most, of a rate or a share at least; undefined: it is there to compare with. */
  readonly goal?: number;
}

export interface Section {
  readonly title: string;
  /** Said before the table. */
  readonly note?: string;
  /** What the values are; by default medians. */
  readonly column?: string;
  readonly figures: readonly Figure[];
}

function isMoreBetter(unit: Figure['unit']): boolean {
  return unit === 'MB/s' || unit === '%';
}

export function isMissed({ value, unit, goal }: Figure): boolean {
  if (goal === undefined) return false;
  return isMoreBetter(unit) ? value < goal : value > goal;
}

const DIGITS: Partial<Readonly<Record<Figure['unit'], number>>> = {
  s: 2,
  '%': 1,
  times: 2,
  'a second': 1,
  '% of a core': 1,
};

function row(figure: Figure): readonly string[] {
  const { name, value, unit, goal } = figure;
  const sign = isMoreBetter(unit) ? '>=' : '<=';
  const wanted = goal === undefined ? '' : `${sign} ${goal} ${unit}`;
  const verdict = goal === undefined ? '' : isMissed(figure) ? 'MISSED' : 'met';
  const text = Number.isFinite(value) ? `${value.toFixed(DIGITS[unit] ?? 0)} ${unit}` : 'never';
  return [name, text, wanted, verdict];
}

/** A table of Markdown, its columns aligned so that it is read as well on a terminal. */
function table(figures: readonly Figure[], column: string): string {
  const titles = ['', column, 'Goal', ''];
  const rows = [titles, ...figures.map(row)];
  const widths = titles.map((_, index) => Math.max(3, ...rows.map((cells) => cells[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

export function sectionText({ title, note, column = 'Median', figures }: Section): string {
  const words = note === undefined ? '' : `${note}\n\n`;
  return `## ${title}\n\n${words}${table(figures, column)}`;
}
