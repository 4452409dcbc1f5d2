/** `kubectl medic diagnose`: from files to a verdict, without a cluster. */
import type { Readable } from 'node:stream';
import type { Diagnosis } from '../../api/v1alpha1/diagnosis.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import { MedicError } from '../../ports/errors.ts';
import { EXIT } from '../exit.ts';
import { writeStructured, type Format } from '../structured.ts';
import { humanBytes } from '../table.ts';
import { oneLine, type Terminal } from '../terminal.ts';
import { gatherInput, type Gathered, type ReadFile, type Told } from './gather-input.ts';
import type { Unread } from './find-files.ts';
import { verdictText } from './verdict-text.ts';

export interface DiagnoseFlags extends Told {
  readonly output: Format;
  readonly verbose: boolean;
}

/** @returns the exit code. @throws `E_CLI_INPUT` if there is nothing to go by. */
export async function runDiagnose(
  { terminal, stdin }: { readonly terminal: Terminal; readonly stdin: Readable },
  paths: readonly string[],
  flags: DiagnoseFlags,
): Promise<number> {
  const gathered = await gatherInput(paths, flags, stdin);
  const { input, otherTexts, read, unread } = gathered;
  const isNothing = input.dumps.length + input.logs.length === 0;
  const verdict = diagnose(isNothing ? { ...input, logs: otherTexts } : input);
  if (isNothing && verdict.class === 'Unknown') throw nothingToRead(gathered);
  const { probe, kubeletVersion, runtimeVersion } = input;
  const account = { read, unread, probe, kubeletVersion, runtimeVersion };
  if (!writeStructured(terminal, flags.output, { verdict, input: account })) {
    terminal.out(verdictText(terminal, verdict, flags.verbose));
    terminal.out(flags.verbose ? read.map(readLine).join('') : '');
    terminal.note([...read.filter(({ message }) => message !== '').map(readLine), ...unread.map(unreadLine)].join(''));
  }
  return exitCodeOf(verdict);
}

function exitCodeOf(verdict: Diagnosis): number {
  return verdict.class === 'Unknown' ? EXIT.unknownCause : EXIT.ok;
}

function readLine({ name, bytes, usedAs, message }: ReadFile): string {
  const why = message === '' ? '' : `; ${message}`;
  return `  read      ${oneLine(name)}: ${usedAs.join(' and ')}, ${humanBytes(bytes)}${oneLine(why)}\n`;
}

function unreadLine({ name, message }: Unread): string {
  return `  not read  ${oneLine(name)}: ${oneLine(message)}\n`;
}

function nothingToRead({ read, unread }: Gathered): MedicError {
  const files = [
    ...unread.map(({ name, message }) => `${name}: ${message}`),
    ...read.map(({ name }) => `${name}: neither a goroutine dump nor a kubelet log`),
  ];
  const [only, ...others] = files;
  const message = others.length === 0 ? (only ?? 'no input') : `nothing to diagnose from:\n  ${files.join('\n  ')}`;
  return new MedicError('E_CLI_INPUT', 'invalid', message);
}
