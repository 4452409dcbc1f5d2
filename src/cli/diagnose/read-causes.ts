/** `--catalogue FILE`: causes of the user's own, YAML or JSON. */
import { readFileSync, statSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { Cause } from '../../core/diagnosis/catalogue/cause.ts';
import { type Problem, readOwnCauses } from '../../core/diagnosis/catalogue/own-causes.ts';
import { linearPattern } from './linear-pattern.ts';
import { MedicError } from '../../ports/errors.ts';

const MAX_BYTES = 1_048_576;
const MAX_TOLD = 20;

function invalid(message: string): MedicError {
  return new MedicError('E_CLI_INPUT', 'invalid', message);
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw invalid(`${path}: ${String(size)} bytes; a catalogue has at most ${String(MAX_BYTES)}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MedicError) throw error;
    throw invalid(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Of what the path names; of what is missing, that in which it should be. */
function lineOf(document: Document, lines: LineCounter, path: Problem['path']): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const found = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(found) && found.range) return lines.linePos(found.range[0]).line;
  }
  return 1;
}

function told(path: string, problems: readonly { readonly line: number; readonly message: string }[]): MedicError {
  const shown = problems.slice(0, MAX_TOLD).map(({ line, message }) => `${path}:${String(line)}: ${message}`);
  const more = problems.length - shown.length;
  return invalid([...shown, ...(more > 0 ? [`and ${String(more)} more`] : [])].join('\n'));
}

function placeOf(path: Problem['path']): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** @throws `E_CLI_INPUT` that names each line that is wrong. */
export function readCauses(path: string): readonly Cause[] {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0)
    throw told(
      path,
      document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, message })),
    );
  const result = readOwnCauses(document.toJS({ maxAliasCount: 100 }), linearPattern);
  if (result.kind === 'causes') return result.causes;
  throw told(
    path,
    result.problems.map((one) => ({
      line: lineOf(document, lines, one.path),
      message: `${placeOf(one.path)}: ${one.message}`,
    })),
  );
}
