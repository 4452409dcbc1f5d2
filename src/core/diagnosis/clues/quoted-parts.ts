/** Parts of a text that somebody has pasted which show what others would say: diffs, comments of a template, examples. */

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
  if (text.length > MAX_PASTE || !HAS_PART.test(text)) return () => false;
  const starts = new Set(startsOf(text));
  return (start) => starts.has(start);
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
