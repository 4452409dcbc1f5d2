/**
 * Lines that speak of what a log would say, and are none: a question, a manual, a rule for alerts, a test, source code, a
 * changelog; and lines that say that something is not so. Whatever words they have are no sign.
 */
import { writerOf } from './writer.ts';

/** `no PLEG errors found`, `docker ps did not hang`, `it never times out`, `no longer stuck`. */
const NEGATED = [
  /\b(?:no|zero|0|without(?: any)?|not (?:a single|one|any))[ \t](?:[^\s:;,]{1,40}[ \t]){0,4}?(?:errors?|problems?|issues?|time-?outs?|hangs?|hung tasks?|stalls?|lockups?|lock-ups|failures?|complaints?|occurrences?|matches|warnings|entries|signs?|deadlocks?)\b(?! messages?\b)/i,
  /\b(?:did|does|do|is|was|has|have|had|are|were|will|would|can|could)(?: not|n't|n’t) (?:\w{1,20} ){0,2}?(?:hang|hung|hanging|stuck|time out|timed out|timing out|blocked|fail|failed|frozen|freeze|occur|happen|seen?|found|find|show)\b/i,
  /\bnever (?:\w{1,20} )?(?:hangs?|hung|stuck|times? out|timed out|fails?|failed|blocks?|blocked|happens?|happened|seen|saw)\b/i,
  /\b(?:no longer|not) (?:\w{1,20} )?(?:hangs?|hanging|hung|stuck|times? out|timing out|fails?|failing|blocks?|blocked|frozen)\b/i,
  /\b(?:stopped|ceased) (?:to )?(?:hang|time out|fail|hanging|timing out|failing)\b/i,
];

/** A record of a log, of whatever program, has a place for its time or its level; events have columns. */
export const RECORD =
  /^[\ufeff\s>|]{0,32}(?:[IWEF]\d{4} \d\d:\d\d:\d\d|\{"|time="\d{4}|\[ *\d{1,10}\.\d{6}\]|(?:FATA|ERRO|WARN|INFO)\[\d{4}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d |[\w.@-]{1,64}\[\d{1,10}\]: |(?:Warning|Normal) {2,}\w)/;

/** Docker asks it itself. */
const ASKED = /(?<!\$)\?["'`”*_)\]\s]{0,16}$/;
const ASKED_BY_DOCKER = /Is the docker daemon running\?["'`”*_)\]\s]{0,16}$/;
/** Of a report its writer speaks of himself, or of what happened to him. */
const REPORTED = /(?:^|[^\w'])(?:I|I'm|I’ve|I've|[Ww]e|[Mm]y|[Oo]ur)(?![\w])/;
const CONDITION = [
  /^\W{0,16}(?:\d{1,2}[.)] {0,4})?(?:if|when(?:ever)?|in case|should|unless|check|look|search|grep|verify|make sure|ensure|watch|alert|find|see if|see whether|to (?:check|verify|detect|fix|find|reproduce|see)|tip|note|example|e\.g\.|for (?:example|instance))\b/i,
  /\b(?:if|whether|in case|e\.g\.|for example(?![.\w])|for instance|you (?:may|might|can|could|will|would|should) (?:see|get|find)|means that|indicates? that)\b/i,
];
/** Placeholders of templates, format verbs, names to be filled in. */
const TEMPLATE =
  /\{\{|\$(?:labels|value|\{)|%[svwq](?![\w-])|%(?:\+v|#v|[-\d.]{0,6}[dfx])(?![\w])|<(?:node|name|pod|id|duration|your|namespace)[^>\n]{0,40}>/i;
/** What rules, tests and programs call a text that they look for or say. */
const KEY =
  /^[\s\-+#/*>|]{0,16}["'`]?(?:want\w{0,12}|expect\w{0,12}|got|actual|given|input|pattern|regexp?|match(?:es|er|ers)?|query|expr|alert|summary|description|title|runbook\w{0,8}|example|sample|template|placeholder|assert\w{0,24}|it|test\w{0,24}|describe|case|const|var|let|val|final|static|return|throw|raise|print\w{0,8}|echo|func|def|fn|import|package)["'`]?(?:\s{0,8}(?:[:=(]|:=)|\s{1,4}["'`(\w]{1,64}\s{0,4}(?::=|=|\()|\s["'`])/i;
const CODE =
  /\b(?:errors?\.New|fmt\.\w{1,16}|klog\.\w{1,16}|logrus\.\w{1,16}|log(?:ger)?\.\w{1,16}|t\.(?:Error|Fatal|Log|Run|Skip)\w{0,8}|assert\w{0,16}|require\.\w{1,16}|expect|console\.\w{1,16}|printk|pr_(?:err|warn|info)|dev_(?:err|warn)|s?printf|strings\.\w{1,16}|regexp\.\w{1,16}|re\.(?:compile|search|match)|System\.\w{1,16})\(|\s:=\s|^\s{0,64}(?:\/\/|\/\*)/;
/** A call or a list with a text in it, an expression that looks for one; what a program gives back. */
const LITERAL =
  /(?:^|[\s({[,=:])[a-zA-Z_][\w.]{1,40}\(['"`][^\n]{8}|^[ \t]{0,64}(['"`])(?:(?!\1)[^\n]){8,4000}\1[,;]\s{0,4}$|\(\?[:!=<]|\[\^\\?n\]|^\s{0,64}(?:return|throw|raise|yield)\b/;
/** A row of a table in a document. */
const ROW = /^\s{0,16}\|[^\n|]{1,400}\|[^\n|]{1,400}\|/;
const CHANGE =
  /^\W{0,16}(?:(?:\[[\w ./-]{1,40}\]|[\w./-]{1,30}:|\*\*[^*\n]{1,40}\*\*:?|[\w-]{1,20}\([\w ./-]{1,30}\):) {0,4})?(?:fix(?:es|ed)?|adds?|added|improve[sd]?|prevent(?:s|ed)?|avoid(?:s|ed)?|handle[sd]?|resolve[sd]?|remove[sd]?|updated?|bump(?:s|ed)?|revert(?:s|ed)?|backport(?:s|ed)?|document(?:s|ed)?|refactor\w{0,4}|introduce[sd]?|implement(?:s|ed)?|bug ?fix\w{0,3}|feat|chore|docs)\b|\(\[?#\d{2,6}[,)\]]|\b(?:was|were|is|are|been|got) (?:fixed|resolved)\b|\b(?:fixed|resolved) (?:in|by|an?|the)\b|^# (?:HELP|TYPE) /i;
/** As mail and Markdown mark what is quoted. */
const QUOTED = /^[ \t]{0,8}(?:>[ \t]{0,8}){1,8}/;
/** No sentence that says something is longer. */
const MAX_LINE = 4_096;

/** The time is bounded, whatever the line is. */
export function isTalk(whole: string): boolean {
  const line = whole.slice(0, MAX_LINE).replace(QUOTED, '');
  if (writerOf(line) === 'node') return false;
  if (NEGATED.some((form) => form.test(line))) return true;
  return !RECORD.test(line) && (isAsked(line) || isManual(line) || isSource(line));
}

function isAsked(line: string): boolean {
  return ASKED.test(line) && !ASKED_BY_DOCKER.test(line);
}

function isManual(line: string): boolean {
  return !REPORTED.test(line) && CONDITION.some((form) => form.test(line));
}

function isSource(line: string): boolean {
  return [TEMPLATE, KEY, CODE, LITERAL, ROW, CHANGE].some((form) => form.test(line));
}
