/** Parts of a text that somebody has pasted which show what others would say: diffs, comments of a template, examples, source. */

import { RECORD } from './talk.ts';

/** No person pastes more, in UTF-16 units. */
const MAX_PASTE = 262_144;
const HAS_PART = /^(?:diff --git |@@ -\d|\+\+\+ [ab]\/)|<!--|:[ \t]*\n/m;
/** Before something that does not have to have happened. */
const EXAMPLE =
  /\b(?:for example|for instance|e\.g\.|example(?: output| log)?|such as|looks? (?:like|similar to)(?: this| the following)?|sample(?: output| log)?|(?:you|users?) (?:may|might|can|could|will|would|should) (?:see|get|find|notice))\b[^\n]{0,80}:[ \t]*$/i;
const FENCE = /^[ \t]{0,8}(?:```|~~~)/;
const OF_DIFF =
  /^(?:diff --git |index [0-9a-f]{6,40}\.\.|--- |\+\+\+ |@@ -\d|[ +\-\\]|(?:new|deleted) file mode|rename |similarity )/;

/** Whether the line that starts there is within such a part. The time is linear in the text's length. */
export function quotedParts(text: string): (start: number) => boolean {
  if (text.length > MAX_PASTE) return () => false;
  const isCode = isSource(text);
  if (!isCode && !HAS_PART.test(text)) return () => false;
  const starts = new Set(startsOf(text));
  return (start) => starts.has(start) || (isCode && !RECORD.test(text.slice(start, start + 256)));
}

/** Lines that only a program's source has; those of JSON and YAML are none. */
const OF_SOURCE =
  /^\s{0,64}(?:import [^\n]{0,200}['"(]|package \w+;?$|from \S{1,100} import|#include|using \w|func |fn |def |(?:export|public|private|static|async) |(?:const|let|var) \w{1,64}[^\n]{0,200}=|return\b|if \(|for \(|\} else|\/\/|\/\*|\* |@\w{1,40}\(|(?:expect|test|describe|it)(?:\.\w{1,16})?\()|[;]$|=> ?[{(]?$|\) ?\{$|^\s{0,64}[\])}]{0,8}[);][\])};,]{0,8}$/;
const FEW = 5;
/** Of the lines that are not empty. */
const SHARE = 0.2;

function isSource(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const found = lines.filter((line) => line.length < 1_000 && OF_SOURCE.test(line)).length;
  return found >= FEW && found > lines.length * SHARE;
}

/** - `text`: none of them. - `example`: the line before announced one. - `fenced`: within its fence. */
type Where = 'text' | 'diff' | 'example' | 'block' | 'fenced';

function whereNext(line: string, before: Where): Where {
  if (/^(?:diff --git |@@ -\d|\+\+\+ [ab]\/)/.test(line)) return 'diff';
  if (before === 'diff' && OF_DIFF.test(line)) return 'diff';
  if (before === 'fenced') return FENCE.test(line) ? 'text' : 'fenced';
  if (before === 'example' || before === 'block') {
    if (FENCE.test(line)) return 'fenced';
    if (line.trim() !== '') return 'block';
    return before === 'example' ? 'example' : 'text';
  }
  return EXAMPLE.test(line.slice(-400)) ? 'example' : 'text';
}

function* startsOf(text: string): Generator<number> {
  const lastEnd = text.lastIndexOf('-->');
  let where: Where = 'text';
  let isComment = false;
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    const to = newline < 0 ? text.length : newline;
    const line = text.slice(from, to);
    where = whereNext(line, where);
    const opens = line.lastIndexOf('<!--');
    if (isComment || opens >= 0 || (where !== 'text' && where !== 'example')) yield from;
    if (line.includes('-->') || opens >= 0) isComment = opens > line.lastIndexOf('-->') && from < lastEnd;
    from = to + 1;
  }
}
