/** A file of the user's own causes, YAML or JSON. All programs read it by this. */
import { readFileSync, statSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { checkOwnCauses, type OwnCausesFile, type Problem } from '../../core/diagnosis/catalogue/own-causes.ts';
import { linearPattern } from './linear-pattern.ts';

/** What a ConfigMap holds at most. */
const MAX_BYTES = 1_048_576;
const MAX_TOLD = 20;

function textOf(path: string): string {
  const { size } = statSync(path);
  if (size > MAX_BYTES) throw new Error(`${String(size)} bytes; a catalogue has at most ${String(MAX_BYTES)}`);
  return readFileSync(path, 'utf8');
}

/** Of what the path names; of what is missing, that in which it should be. */
function lineOf(document: Document, lines: LineCounter, path: Problem['path']): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const found = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(found) && found.range) return lines.linePos(found.range[0]).line;
  }
  return 1;
}

function refused(
  path: string,
  problems: readonly { readonly line: number; readonly message: string }[],
): OwnCausesFile {
  const shown = problems.slice(0, MAX_TOLD).map(({ line, message }) => `${path}:${String(line)}: ${message}`);
  const more = problems.length - shown.length;
  return { kind: 'refused', message: [...shown, ...(more > 0 ? [`and ${String(more)} more`] : [])].join('\n') };
}

function placeOf(path: Problem['path']): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** All or nothing: a cause may explain another one of its file. It never throws. */
export function readOwnCauses(path: string): OwnCausesFile {
  try {
    return ofText(path, textOf(path));
  } catch (error) {
    return { kind: 'refused', message: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function ofText(path: string, text: string): OwnCausesFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0)
    return refused(
      path,
      document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, message })),
    );
  const result = checkOwnCauses(document.toJS({ maxAliasCount: 100 }), linearPattern);
  if (result.kind === 'causes') return result;
  return refused(
    path,
    result.problems.map((one) => ({
      line: lineOf(document, lines, one.path),
      message: `${placeOf(one.path)}: ${one.message}`,
    })),
  );
}
