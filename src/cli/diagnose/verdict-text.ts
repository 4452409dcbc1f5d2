/** A verdict for a person: what is stuck, why, where, and what to do. */
import type { CauseClass, Diagnosis, RestartEffect } from '../../api/v1alpha1/parts/diagnosis.ts';
import { wrap } from '../table.ts';
import { stackLines } from './content/stack-lines.ts';
import { oneLine, printable, textWidth, type Terminal } from '../terminal.ts';

const LABEL_WIDTH = 13;
const TEXT_WIDTH = 96;
/** What a summary shows of a list, and of one line of it in characters. */
const LISTED_LINES = 6;
const LISTED_WIDTH = 180;
const INDENT = ' '.repeat(LABEL_WIDTH + 2);

/** How the headline begins where it is not that PLEG is stuck. */
const BEGINNINGS: Partial<Readonly<Record<CauseClass, string>>> = {
  SlowRelist: 'PLEG is slow',
  StartUpBlocked: 'The kubelet does not come up',
  KubeletSilent: 'The kubelet is silent',
  KubeletDown: 'The kubelet is down',
  RuntimeDown: 'The container runtime is down',
  HeldByPerson: 'Somebody holds it as it is',
  Healthy: 'Nothing is wrong here',
  Unknown: 'No cause found',
};

/** What a restart does. */
export const EFFECTS: Readonly<Record<RestartEffect, string>> = {
  Helps: 'helps',
  DoesNotHelp: 'does not help',
  Harms: 'makes it worse',
  Unknown: 'not known',
};

/** What is stuck, and why, in one sentence. */
export function headline({ class: causeClass, summary }: Diagnosis): string {
  return `${BEGINNINGS[causeClass] ?? 'PLEG is stuck'}: ${oneLine(summary)}`;
}

function colourOf({ class: causeClass }: Diagnosis): 'green' | 'yellow' | 'red' {
  if (causeClass === 'Healthy') return 'green';
  return causeClass === 'Unknown' ? 'yellow' : 'red';
}

function labelled(terminal: Terminal, label: string, text: string): string {
  return `  ${terminal.paint('bold', label.padEnd(LABEL_WIDTH))}${wrap(text, textWidth(terminal, INDENT.length, TEXT_WIDTH), INDENT)}\n`;
}

function where(terminal: Terminal, diagnosis: Diagnosis, all: boolean): string {
  const { blockedGoroutine, blockedStack, sourceLink } = diagnosis;
  const head = blockedGoroutine === undefined ? [] : [oneLine(blockedGoroutine)];
  const stack = blockedStack === undefined ? [] : stackLines(blockedStack, all).map((line) => `  ${line}`);
  const link = sourceLink === undefined ? [] : [printable(sourceLink)];
  const lines = [...head, ...stack, ...link];
  if (lines.length === 0) return '';
  return `  ${terminal.paint('bold', 'Where'.padEnd(LABEL_WIDTH))}${lines.join(`\n${INDENT}`)}\n`;
}

/** Lines below one label, the first of them beside it. */
function listed(terminal: Terminal, label: string, lines: readonly string[], all: boolean): string {
  if (lines.length === 0) return '';
  const texts = (all ? lines : lines.slice(0, LISTED_LINES)).map((line) => {
    const text = oneLine(line).replaceAll(/ +/g, ' ');
    const shown = all || text.length <= LISTED_WIDTH ? text : `${text.slice(0, LISTED_WIDTH)}…`;
    return wrap(shown, textWidth(terminal, INDENT.length + 2, TEXT_WIDTH), `${INDENT}  `);
  });
  return `  ${terminal.paint('bold', label.padEnd(LABEL_WIDTH))}${texts.join(`\n${INDENT}`)}\n`;
}

/** @param verbose all frames, and identifiers. */
export function verdictText(terminal: Terminal, verdict: Diagnosis, verbose: boolean): string {
  const { cause, confidence, restartKubelet, restartRuntime, fixedIn, references, fingerprint } = verdict;
  const title = wrap(headline(verdict), textWidth(terminal, 2, TEXT_WIDTH + LABEL_WIDTH), '  ');
  const restarts = `kubelet: ${EFFECTS[restartKubelet]}; container runtime: ${EFFECTS[restartRuntime]}`;
  const isFault = verdict.class !== 'Healthy';
  return [
    `\n  ${terminal.paint(colourOf(verdict), title)}\n\n`,
    labelled(terminal, 'Cause', `${oneLine(cause)} (${confidence} confidence)`),
    where(terminal, verdict, verbose),
    verdict.behind === undefined ? '' : labelled(terminal, 'Behind it', oneLine(verdict.behind)),
    labelled(terminal, 'Do', oneLine(verdict.recommendation)),
    isFault ? labelled(terminal, 'Restart of', restarts) : '',
    fixedIn === undefined ? '' : labelled(terminal, 'Fixed in', oneLine(fixedIn)),
    listed(terminal, 'Others', verdict.others ?? [], verbose),
    listed(terminal, 'Evidence', verdict.evidence, verbose),
    references.length === 0 ? '' : labelled(terminal, 'See', references.map(oneLine).join(' ')),
    verbose && fingerprint !== undefined ? labelled(terminal, 'Fingerprint', oneLine(fingerprint)) : '',
    '\n',
  ].join('');
}
