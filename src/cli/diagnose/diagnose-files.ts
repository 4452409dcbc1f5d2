/** `kubectl medic diagnose`: from files to a verdict, without a cluster. */
import type { Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import { MedicError } from '../../ports/errors.ts';
import { EXIT } from '../exit.ts';
import { writeStructured, type Format } from '../structured.ts';
import { humanBytes } from '../table.ts';
import { oneLine, type Terminal } from '../terminal.ts';
import { gatherInput, type Gathered, type ReadFile, type Sources } from './gather-input.ts';
import type { Unread } from './read/find-files.ts';
import { judge } from './judge.ts';
import type { Told } from './node-inputs.ts';
import { nodesText } from './nodes-text.ts';
import { verdictText } from './verdict-text.ts';

export interface DiagnoseFlags extends Told {
  readonly output: Format;
  readonly verbose: boolean;
}

/**
 * @returns the exit code.
 * @throws `E_CLI_INPUT` if nothing could be read; `-o json` and `-o yaml` have a verdict all the same.
 */
export async function runDiagnose(
  { terminal, ...sources }: { readonly terminal: Terminal } & Sources,
  paths: readonly string[],
  flags: DiagnoseFlags,
): Promise<number> {
  const gathered = await gatherInput(paths, flags, sources);
  const { read, unread } = gathered;
  const { verdict, input, nodes } = judge(gathered.nodes);
  const { probe, kubeletVersion, runtimeVersion } = input;
  const account = { read, unread, probe, kubeletVersion, runtimeVersion };
  const answer = { verdict, ...(nodes.length === 0 ? {} : { nodes }), input: account };
  const isStructured = writeStructured(terminal, flags.output, answer);
  if (read.length === 0) throw nothingRead(gathered);
  if (!isStructured) {
    terminal.out(
      nodes.length === 0 ? verdictText(terminal, verdict, flags.verbose) : nodesText(terminal, nodes, flags.verbose),
    );
    terminal.out(flags.verbose ? read.map(readLine).join('') : '');
    terminal.note(notes(gathered));
  }
  return exitCodeOf(verdict);
}

/** Of a folder with thousands of files not each one is named. */
const NAMED = 20;

function notes({ read, unread }: Gathered): string {
  const lines = [...read.filter(({ message }) => message !== '').map(readLine), ...unread.map(unreadLine)];
  const more = lines.length - NAMED;
  return [...lines.slice(0, NAMED), ...(more > 0 ? [`  and ${more} more (-o json names them)\n`] : [])].join('');
}

/** A hint is for a person to follow: who goes by the exit code alone must not take it for the cause. */
function exitCodeOf({ class: found, confidence }: Diagnosis): number {
  return found === 'Unknown' || confidence === 'Low' ? EXIT.unknownCause : EXIT.ok;
}

function readLine({ name, bytes, usedAs, message }: ReadFile): string {
  const why = message === '' ? '' : `; ${message}`;
  return `  read      ${oneLine(name)}: ${usedAs.join(' and ')}, ${humanBytes(bytes)}${oneLine(why)}\n`;
}

function unreadLine({ name, message }: Unread): string {
  return `  not read  ${oneLine(name)}: ${oneLine(message)}\n`;
}

function nothingRead({ unread }: Gathered): MedicError {
  const files = unread.slice(0, NAMED).map(({ name, message }) => `${name}: ${message}`);
  const [only, ...others] = files;
  const message = others.length === 0 ? (only ?? 'no input') : `nothing to diagnose from:\n  ${files.join('\n  ')}`;
  return new MedicError('E_CLI_INPUT', 'invalid', message);
}
