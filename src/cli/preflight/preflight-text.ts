/** What `preflight` tells a person. Pure. */
import type { Check, Verdict } from '../fleet/check.ts';
import { renderTable } from '../table.ts';
import { oneLine, type Colour, type Terminal } from '../terminal.ts';

export interface NodeVerdict {
  readonly node: string;
  readonly wouldRecover: boolean;
  readonly checks: readonly Check[];
}

const MARKS: Readonly<Record<Verdict, readonly [mark: string, colour: Colour]>> = {
  yes: ['✔', 'green'],
  warn: ['!', 'yellow'],
  no: ['✖', 'red'],
};
/** Names of nodes in a line. */
const MAX_NAMES = 4;

/** @param options `each`: all checks of each node; otherwise what nodes lack, by lack. */
export function preflightText(
  terminal: Terminal,
  verdicts: readonly NodeVerdict[],
  { each }: { readonly each: boolean },
): string {
  const good = verdicts.filter(({ wouldRecover }) => wouldRecover).length;
  const total = `${good} of ${verdicts.length} nodes would be recovered\n`;
  if (!each) return `${total}${groups(verdicts)}`;
  const pages = verdicts.map((verdict) => nodePage(terminal, verdict)).join('\n');
  return verdicts.length === 1 ? pages : `${pages}\n${total}`;
}

function nodePage(terminal: Terminal, { node, wouldRecover, checks }: NodeVerdict): string {
  const word = wouldRecover
    ? terminal.paint('green', 'would be recovered')
    : terminal.paint('red', 'would not be recovered');
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ name, verdict, message }) => {
    const [mark, colour] = MARKS[verdict];
    return `  ${terminal.paint(colour, mark)} ${name.padEnd(width)}  ${oneLine(message)}\n`;
  });
  return `${oneLine(node)}: ${word}\n${lines.join('')}`;
}

/** What is lacking or harmful, the worst first, then the commonest. */
function groups(verdicts: readonly NodeVerdict[]): string {
  const found = verdicts.flatMap(({ node, checks }) =>
    checks
      .filter(({ verdict }) => verdict !== 'yes')
      .map(({ name, verdict, message }) => ({ node, name, verdict, message: withoutName(message, node) })),
  );
  const same = [...Map.groupBy(found, ({ name, verdict, message }) => JSON.stringify([verdict, name, message]))];
  const rows = same
    .flatMap(([, all]) => (all[0] === undefined ? [] : [{ ...all[0], nodes: all.map(({ node }) => node) }]))
    .sort((a, b) => Number(b.verdict === 'no') - Number(a.verdict === 'no') || b.nodes.length - a.nodes.length);
  if (rows.length === 0) return '';
  const cells = rows.map(({ name, verdict, message, nodes }) => {
    const more = nodes.length > MAX_NAMES ? `, and ${nodes.length - MAX_NAMES} more` : '';
    return [
      MARKS[verdict][0],
      name,
      String(nodes.length),
      oneLine(message),
      oneLine(nodes.slice(0, MAX_NAMES).join(', ') + more),
    ];
  });
  return `\n${renderTable([['', 'CHECK', 'COUNT', 'WHAT', 'NODES'], ...cells])}`;
}

/** Words that name the node, and when it was seen, would make a row for each. */
function withoutName(message: string, node: string): string {
  const [first = ''] = message.split('. Look at: ');
  return first
    .replaceAll(node, 'NODE')
    .replace(/ at \d{4}-\d\d-\d\dT[\d:.]+Z/, '')
    .replace(/, from the pod \S+/, '');
}
