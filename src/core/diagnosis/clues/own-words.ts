/**
 * What of a line is its writer's own, where that can be told. Kubelet and runtime log what users have chosen: names,
 * images, commands, texts of events. A sign of the catalogue that stands in such a place is no sign.
 *
 * Sources of the places: klog's `key="value"` and JSON, `Event(...)` and `"Event occurred"` of client-go's event.go, and
 * errors of runtimes, which quote what they were given (`exec: "X": executable file not found`).
 */

import { isTalk } from './talk.ts';

/** Keys whose values users choose. */
const KEYS =
  'pods?|podName|podRef|containers?|containerName|image|imageRef|images|imageName|commands?|cmd|args|argv|path|dir|' +
  'directory|mountPath|logPath|file|fileName|volumes?|volumeName|object|labels|annotations|env|hostname|url|body|' +
  'event|output';
/** A quoted text ends where its quotes end; it goes on to the end of the line where that was cut off. */
const VALUE = String.raw`"((?:[^"\\]|\\(?:.|$))*)(?:"|$)`;
const TEXT_VALUES = new RegExp(String.raw`(?<= (?:${KEYS})=)${VALUE}`, 'g');
const JSON_VALUES = new RegExp(String.raw`(?<="(?:${KEYS})":)${VALUE}`, 'g');
const EVENT_VALUES = new RegExp(String.raw`(?<= (?:message|note|reason)=|"(?:message|note|reason)":)${VALUE}`, 'g');
const EVENT = /"Event occurred"/;
/** As client-go wrote it before it was structured: the words of the event end the line. */
const OLD_EVENT = /(?<=\] Event\(\w{0,4}\.?ObjectReference\{).*$/;
/** Errors of calls are quoted as well, and begin with what gRPC, Go and the kubelet call them. */
const ERROR = /^(?:rpc error|context deadline|operation timeout|failed to )/;
/** What is not an error for all that, whatever it begins with: `exec: "failed to ..."`. */
const GIVEN = /(?:exec|image|images|command|args?|path|name|stat|file|open|fork\/exec)[:=]? ?$/i;
/** Plain quotes, where what stands before them says whose name is in them. */
const NAMED =
  /(?<![\w-])(?:exec|images?|commands?|cmd|args?|argv|entrypoint|path|name|stat|lstat|file|open|fork\/exec|pods?|containers?|sandbox|volumes?|claim|secret|configmap|namespace|process|job|label|annotation)[:=]? ?$/i;
/** The same without quotes, as logrus writes a value of one word. */
const BARE_VALUES = new RegExp(String.raw`( (?:${KEYS})=)([^\s"\[{][^\s"]{0,400})`, 'g');
/** What `kubectl describe` and events say of a container: names, images, commands, each to its end. */
const TOLD =
  /^([ \t>|-]{0,32}(?:Command|Args|Image|Image ID|Entrypoint|Container ID|Labels|Annotations|Node-Selectors|Path|command|args|image|entrypoint|cmd):[ \t]{1,16})(\S.{0,4000})/;
const ACTED_ON =
  /(\b(?:[Cc]reat(?:ed|ing)|[Ss]tart(?:ed|ing)|[Ss]topp(?:ed|ing)|[Kk]illing|[Pp]ull(?:ed|ing)|[Rr]estarting|[Dd]eleting) (?:container|image|pod|job)(?: with (?:docker )?id)?:? )([\w./:@-]{1,300})/g;
/** A word that is all of a cell of a table is a name. */
const CELL = /(?<= {2}|\t)(?:time-?out|timed-out|stuck|hangs?|hung)(?= {2}|\t)/gi;
const QUOTE = /\\{0,15}"/g;
/** A line that Docker, journald or another program has wrapped: its quotes are the kubelet's own. */
const WRAPPED = /^\s{0,8}\{(?!.{0,1024}"caller":)/;
/** No pattern begins or ends with it. */
const FILL = '\u00b7';

/** The line with `·` for each character that is not its writer's own: places and length stay. Linear in time. */
export function ownWords(whole: string): string {
  if (isTalk(whole)) return FILL.repeat(whole.length);
  const line = named(whole);
  if (!line.includes('"') && !line.includes('Event(')) return line;
  let own = line.replace(TEXT_VALUES, filled).replace(JSON_VALUES, filled).replace(OLD_EVENT, filledAll);
  if (EVENT.test(line)) own = own.replace(EVENT_VALUES, filled);
  return WRAPPED.test(line) ? own : quotedFilled(own);
}

/** What a line names without quotes. */
function named(line: string): string {
  return line
    .replace(BARE_VALUES, valueFilled)
    .replace(TOLD, valueFilled)
    .replace(ACTED_ON, valueFilled)
    .replace(CELL, filledAll);
}

/** Quotes that are open. `at`: of what is in them. */
interface Quotes {
  readonly depth: number;
  readonly at: number;
}

/** What stands in the quotes, up to there. */
function innerOf(text: string, { depth, at }: Quotes, to: number): string {
  const inner = text.slice(at, to);
  const quote = at - depth - 1;
  const isGiven = GIVEN.test(text.slice(Math.max(0, quote - 16), quote));
  // A name is one, whatever word it is.
  if (isGiven || depth === 0) return ID.test(inner) ? inner : filledAll(inner);
  return ERROR.test(inner) ? quotedFilled(inner) : filled(inner, inner);
}

/** What an error quotes: a quote with backslashes, up to the next one with as many. A cut line ends within one. */
function quotedFilled(text: string): string {
  const pieces: string[] = [];
  let from = 0;
  let open: Quotes | undefined;
  let isInPlain = false;
  const close = (to: number): void => {
    if (open === undefined) return;
    pieces.push(text.slice(from, open.at), innerOf(text, open, to));
    from = to;
    open = undefined;
  };
  for (const { 0: quote, index } of text.matchAll(QUOTE)) {
    const depth = quote.length - 1;
    if (open === undefined && (depth > 0 || (!isInPlain && isName(text, index)))) {
      open = { depth, at: index + quote.length };
    } else if (open === undefined) isInPlain = !isInPlain;
    else if (depth <= open.depth) close(index);
  }
  close(text.length);
  return pieces.join('') + text.slice(from);
}

/** The quotes that open there have a name in them. */
function isName(text: string, at: number): boolean {
  return NAMED.test(text.slice(Math.max(0, at - 16), at));
}

const ID = /^[0-9a-f]{6,64}$/;

function filled(match: string, inner: string): string {
  // Ids of containers, and words by which the kubelet calls a step: `failed to \"StartContainer\"`.
  return inner === '' || /^(?:[0-9a-f]{6,64}|[A-Z][A-Za-z]*)$/.test(inner)
    ? match
    : match.replace(inner, () => FILL.repeat(inner.length));
}

function valueFilled(_: string, before: string, value: string): string {
  return before + filledAll(value);
}

function filledAll(match: string): string {
  return FILL.repeat(match.length);
}
