/** Verdicts of several nodes for a person: those with a fault in full, and the others in a line each. */
import type { NodeVerdict } from './judge.ts';
import { oneLine, type Terminal } from '../terminal.ts';
import { verdictText } from './verdict-text.ts';

/** Nodes that are shown in full, and files that are named of each. */
const SHOWN = 20;
const LINES = 100;
const FILES = 4;

export function nodesText(terminal: Terminal, nodes: readonly NodeVerdict[], verbose: boolean): string {
  const isFault = ({ verdict }: NodeVerdict): boolean => verdict.class !== 'Healthy' && verdict.class !== 'Unknown';
  const shown = verbose ? nodes : nodes.filter(isFault).slice(0, SHOWN);
  const others = nodes.filter((one) => !shown.includes(one));
  const head = `\n  What was given is of ${nodes.length} nodes or processes, and each is judged by its own files.\n`;
  return [
    head,
    ...shown.map((one) => `\n  ${terminal.paint('bold', nameOf(one))}\n${verdictText(terminal, one.verdict, verbose)}`),
    ...(others.length === 0 ? [] : ['\n', ...others.slice(0, LINES).map(lineOf), more(others.length - LINES)]),
  ].join('');
}

function more(left: number): string {
  return left > 0 ? `  and ${left} more (-o json names them)\n\n` : '\n';
}

function lineOf(one: NodeVerdict): string {
  const { class: found, cause, confidence, summary } = one.verdict;
  const isFault = found !== 'Healthy' && found !== 'Unknown';
  return `  ${nameOf(one)}: ${found}. ${isFault ? `${cause} (${confidence} confidence)` : oneLine(summary)}\n`;
}

function nameOf({ node, files }: NodeVerdict): string {
  const more = files.length - FILES;
  const names = `${files.slice(0, FILES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return oneLine(node === undefined ? `A node that nothing names (${names})` : `${node} (${names})`);
}
