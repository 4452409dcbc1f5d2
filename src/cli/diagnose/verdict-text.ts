/** A verdict for a person: what is stuck, why, where, and what to do. */
import type { CauseClass, Diagnosis, RestartEffect } from '../../api/v1alpha1/diagnosis.ts';
import { wrap } from '../table.ts';
import { stackLines } from './stack-lines.ts';
import { oneLine, printable, type Terminal } from '../terminal.ts';

const LABEL_WIDTH = 13;
const TEXT_WIDTH = 96;
/** What a summary shows of the evidence, and of one line of it in characters. */
const EVIDENCE_LINES = 6;
const EVIDENCE_WIDTH = 180;
const INDENT = ' '.repeat(LABEL_WIDTH + 2);

/** How the headline begins where it is not that PLEG is stuck. */
const BEGINNINGS: Partial<Readonly<Record<CauseClass, string>>> = {
  SlowRelist: 'PLEG is slow',
  StartUpBlocked: 'The kubelet does not come up',
  Healthy: 'Nothing is wrong here',
  Unknown: 'No cause found',
};

const EFFECTS: Readonly<Record<RestartEffect, string>> = {
  Helps: 'helps',
  DoesNotHelp: 'does not help',
  Harms: 'makes it worse',
  Unknown: 'not known',
};

function headline({ class: causeClass, summary }: Diagnosis): string {
  return `${BEGINNINGS[causeClass] ?? 'PLEG is stuck'}: ${oneLine(summary)}`;
}

function colourOf({ class: causeClass }: Diagnosis): 'green' | 'yellow' | 'red' {
  if (causeClass === 'Healthy') return 'green';
  return causeClass === 'Unknown' ? 'yellow' : 'red';
}

function labelled(terminal: Terminal, label: string, text: string): string {
  return `  ${terminal.paint('bold', label.padEnd(LABEL_WIDTH))}${wrap(text, TEXT_WIDTH, INDENT)}\n`;
}

function where(terminal: Terminal, { blockedStack, sourceLink }: Diagnosis, all: boolean): string {
  if (blockedStack === undefined) return '';
  const lines = stackLines(blockedStack, all);
  const link = sourceLink === undefined ? [] : [printable(sourceLink)];
  return `  ${terminal.paint('bold', 'Where'.padEnd(LABEL_WIDTH))}${[...lines, ...link].join(`\n${INDENT}`)}\n`;
}

function evidenceLines(terminal: Terminal, { evidence }: Diagnosis, all: boolean): string {
  if (evidence.length === 0) return '';
  const lines = (all ? evidence : evidence.slice(0, EVIDENCE_LINES)).map((line) => {
    const text = oneLine(line).replaceAll(/ +/g, ' ');
    const shown = all || text.length <= EVIDENCE_WIDTH ? text : `${text.slice(0, EVIDENCE_WIDTH)}…`;
    return wrap(shown, TEXT_WIDTH, `${INDENT}  `);
  });
  return `  ${terminal.paint('bold', 'Evidence'.padEnd(LABEL_WIDTH))}${lines.join(`\n${INDENT}`)}\n`;
}

/** @param verbose all frames, and identifiers. */
export function verdictText(terminal: Terminal, verdict: Diagnosis, verbose: boolean): string {
  const { cause, confidence, restartKubelet, restartRuntime, fixedIn, references, fingerprint } = verdict;
  const title = wrap(headline(verdict), TEXT_WIDTH + LABEL_WIDTH, '  ');
  const restarts = `kubelet: ${EFFECTS[restartKubelet]}; container runtime: ${EFFECTS[restartRuntime]}`;
  const isFault = verdict.class !== 'Healthy';
  return [
    `\n  ${terminal.paint(colourOf(verdict), title)}\n\n`,
    labelled(terminal, 'Cause', `${oneLine(cause)} (${confidence} confidence)`),
    where(terminal, verdict, verbose),
    labelled(terminal, 'Do', oneLine(verdict.recommendation)),
    isFault ? labelled(terminal, 'Restart of', restarts) : '',
    fixedIn === undefined ? '' : labelled(terminal, 'Fixed in', oneLine(fixedIn)),
    evidenceLines(terminal, verdict, verbose),
    references.length === 0 ? '' : labelled(terminal, 'See', references.map(oneLine).join(' ')),
    verbose && fingerprint !== undefined ? labelled(terminal, 'Fingerprint', oneLine(fingerprint)) : '',
    '\n',
  ].join('');
}
