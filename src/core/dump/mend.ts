/**
 * A stack that people and debuggers have changed, written again as the runtime prints it: links, HTML, quotes, elided ids, frames
 * without arguments, backtraces of gdb and delve. What it yields is a guess: nothing that rests on it is sure.
 * Sources of the forms: gdb/stack.c (print_frame), delve pkg/terminal/command.go (printStack, formatGoroutine), GitHub permalinks.
 */
import { createPathReader, packageOf } from './paths-only.ts';

/** Longer texts are dumps of whole programs; nobody changes these by hand. In UTF-16 units. */
const MAX_TEXT = 262_144;
const MAX_LINE = 2_048;
/** A text without any of these has no frames in it. */
const FRAMES = /\.go(?::\d|#L\d)|goroutine (?:\D|\d+ -)|\(\*\w{1,80}\)\.\w/i;

const FUNCTION = String.raw`(?:[\w.%~-]{1,80}/){0,12}[\w%~-]{1,80}(?:\.v\d{1,3})?(?:\.\(\*?\w{1,80}(?:\[[^\n\]]{0,80}\])?\))?(?:\.[\w]{1,80}){1,4}(?:-fm)?`;
const PLACE = String.raw`(\S{1,400}\.(?:go|s)):(\d{1,7})`;

/** `#3  0x0000 in runtime.gopark (unlockf=...) at FILE:LINE` of gdb, and delve's on one line. */
const DEBUGGER = new RegExp(
  String.raw`^#?\d{1,4}:? +(?:0x[0-9a-f]{1,16} +)?(?:in +)?(${FUNCTION}) *(?:\([^\n]{0,800}\))? +(?:at +|from +)${PLACE}`,
);
/** delve has the place in the next line: `at FILE:LINE`. */
const DELVE_FUNCTION = new RegExp(String.raw`^\d{1,4} +0x[0-9a-f]{1,16} +in +(${FUNCTION})$`);
const DELVE_PLACE = new RegExp(String.raw`^at +${PLACE}$`);
/** `Goroutine 5 - User: FILE:LINE FUNCTION (0x...) [select 300000000000]`. */
const DELVE_GOROUTINE =
  /^\*? ?goroutine (\d{1,12}) - (?:\w{1,16}: )?\S{1,400}:\d{1,7} [^\n]{1,300}\(0x[0-9a-f]{1,16}\)(?: \(thread \d{1,9}\))?(?: \[([a-z ]{1,40}?)(?: \d{1,20})?\])?$/i;
const THREAD = /^Thread \d{1,6} \(/;
/** An id that somebody took out. */
const NO_ID =
  /^goroutine (?:\.{2,3}|…|[xX*?#N_-]{1,16}|<\w{1,16}>|\[?(?:redacted|id|elided)\]?)?(?: ?gp=\S{1,32})? ?\[(?=[a-zA-Z])/;
const BARE = new RegExp(String.raw`^(${FUNCTION})(?:\(\.{3}\)|\(\)|\(…\)|…|\.{3})?$`);
/** Both on one line: `FUNCTION FILE:LINE`, `FILE:LINE FUNCTION`, whatever stands between. */
const BOTH = new RegExp(
  String.raw`^(${FUNCTION})(?:\([^\n]{0,400}?\))?[ \t]*(?:[-–—@|,]|at|in)?[ \t]+\(?${PLACE}\)?(?: \+0x[0-9a-f]{1,8})?$`,
);
const PLACE_FIRST = new RegExp(
  String.raw`^${PLACE}(?: \+0x[0-9a-f]{1,8})?[ \t]*(?:[-–—:|,]|in)?[ \t]+(${FUNCTION})(?:\([^\n]{0,400}?\))?$`,
);
/** As IDEs and Java have it: `FUNCTION(FILE:LINE)`. */
const IN_PARENTHESES = new RegExp(String.raw`^(?:at +)?(${FUNCTION}) ?\((\S{1,400}\.(?:go|s)):(\d{1,7})\)$`);
const HOST = /^(?:[\w-]+\.[\w.-]+\/|(?:runtime|sync|syscall|os|net|io|time|internal|main|context|reflect)[./])/;
const PERMALINK =
  /https?:\/\/(?:github\.com\/([\w.-]{1,60}\/[\w.-]{1,60})\/(?:blob|tree)\/[\w.-]{1,60}|cs\.k8s\.io\/[\w.-]{1,60})\/([\w./-]{1,300}\.go)#L(\d{1,7})(?:-L\d{1,7})?/g;

const ENTITIES: Readonly<Record<string, string>> = {
  gt: '>',
  lt: '<',
  amp: '&',
  quot: '"',
  nbsp: ' ',
  '#39': "'",
  '#42': '*',
};

/** What Markdown and HTML put around the text of a line. */
function withoutMarkup(line: string): string {
  return line
    .replace(
      PERMALINK,
      (_, repo: string | undefined, path: string, at: string) =>
        `${repo === 'kubernetes/kubernetes' || repo === undefined ? 'k8s.io/kubernetes' : `github.com/${repo}`}/${path}:${at}`,
    )
    .replace(/<(?:br|\/?p|\/?t[dr]|\/?li)\b[^\n<>]{0,600}>/gi, ' ')
    .replace(/<\/?[a-z][^\n<>]{0,600}>|`/gi, '')
    .replace(
      /\[[^\n\][]{1,400}\]\(\w{2,20}:\/\/(?:file|open)?[^\n() ]{0,40}?(\/[^\n() ?]{1,400}\.(?:go|s):\d{1,7})(?::\d{1,5})?\)/g,
      ' $1 ',
    )
    .replace(/\[([^\n\][]{1,400}(?:\[[^\n\][]{0,80}\][^\n\][]{0,200})?)\]\([^\n() ]{1,600}\)/g, '$1 ')
    .replace(/&(gt|lt|amp|quot|nbsp|#39|#42);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/\\([*_()[\]])/g, '$1')
    .replace(/^\| *\d{1,4} *\| *|(?<=\S) +\|(?= +\S)/g, ' ')
    .replace(/^[>|`\s]{1,16}|[`|\s]{1,16}$|^(?:[-*+•]|\d{1,3}\.) +(?=\S)/g, '')
    .replace(/%2e/gi, '.')
    .trim();
}

/** `pleg.(*GenericPLEG).relist` in a file of `k8s.io/kubernetes/pkg/kubelet/pleg` is of that package. */
function withPackage(func: string, file: string): string {
  const short = func.slice(0, func.indexOf('.'));
  const full = packageOf(file);
  return !HOST.test(func) && !func.includes('/') && full.endsWith(`/${short}`) ? full + func.slice(short.length) : func;
}

function frame(short: string, file: string, line: string): string[] {
  const func = withPackage(short, file);
  return HOST.test(func) ? [`${func}(...)`, `\t${file}:${line} +0x1`] : [];
}

function call(func: string): string[] | undefined {
  return HOST.test(func) && !/\.(?:go|s|io|com|org|service)$/.test(func) ? [`${func}(...)`] : undefined;
}

type Groups = readonly (string | undefined)[];
/** The first that fits counts. */
const FORMS: readonly (readonly [form: RegExp, write: (groups: Groups, line: string) => string[] | undefined])[] = [
  [
    DELVE_GOROUTINE,
    ([, id = '', state]: Groups): string[] => (state === undefined ? [''] : ['', `goroutine ${id} [${state}]:`]),
  ],
  [THREAD, (): string[] => ['']],
  [NO_ID, (_: Groups, line: string): string[] => [line.replace(NO_ID, 'goroutine 0 [')]],
  [DEBUGGER, ([, func = '', file = '', at = '']: Groups): string[] => frame(func, file, at)],
  [BOTH, ([, func = '', file = '', at = '']: Groups): string[] => frame(func, file, at)],
  [IN_PARENTHESES, ([, func = '', file = '', at = '']: Groups): string[] => frame(func, file, at)],
  [PLACE_FIRST, ([, file = '', at = '', func = '']: Groups): string[] => frame(func, file, at)],
  [DELVE_FUNCTION, ([, func = '']: Groups): string[] | undefined => call(func)],
  [BARE, ([, func = '']: Groups): string[] | undefined => call(func)],
  [DELVE_PLACE, ([, file = '', at = '']: Groups): string[] => [`\t${file}:${at} +0x1`]],
];

/** Of one line; undefined: it stays as it is. */
function mended(line: string): readonly string[] | undefined {
  for (const [form, write] of FORMS) {
    const found = form.exec(line);
    if (found !== null) return write(found, line);
  }
  return undefined;
}

/** undefined: there is nothing to mend. Lines are as many as before or more. */
export function mendStacks(text: string): string | undefined {
  if (text.length > MAX_TEXT || !FRAMES.test(text)) return undefined;
  let nextId = 1;
  const paths = createPathReader();
  const lines = text.split('\n').flatMap((raw) => {
    if (raw.length > MAX_LINE) return [raw];
    const line = withoutMarkup(raw);
    const changed = mended(line);
    const found = paths(line, changed) ?? changed;
    // Ids are counted from far away, so that none is met twice.
    return (found ?? [line]).map((one) =>
      one.replace(/^goroutine 0 \[/, () => `goroutine ${900_000_000 + nextId++} [`),
    );
  });
  return lines.join('\n');
}
