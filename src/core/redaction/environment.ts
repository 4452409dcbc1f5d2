/**
 * Environments and command lines. Who sets a variable names it as he likes, so that of an environment only the names stay.
 */
import { matchAt, matchesOf, patternRule, patternRuleWith, type Rule, type Span } from './spans.ts';
import { isSecretValue } from './values.ts';
import { strengthOf } from './key-names.ts';
import { quotedEnd } from './value-ends.ts';

/** systemd's property `Environment=`, `Environment:` of other tools, `Env:[…]`, `"Env":[…]`, `env=[…]`. */
const LINE =
  /(?:^|[\s;:\]])(?:(?:Environment|SetEnvironment|DefaultEnvironment|UnsetEnvironment)[=:]|env(?:ironment)? ?[=:](?=[ \t]{0,4}["']?[A-Za-z_]\w{0,64}=))[ \t]{0,4}/gi;
const LIST = /\bEnv(?:s|ironment)?\\{0,15}["']?[ ]?[:=][ ]?(?:\[\]string)?(?:\{|\[(?!REDACTED))/gi;
const VARIABLE =
  /(?<![\w])([A-Za-z_]\w{0,127}=)(?:\\{0,15}"(?:[^"\\]|\\.){0,8192}\\{0,15}"|'[^']{0,8192}'|[^ \t\r\n"'\],;\\]{1,8192})/g;
/** A variable within quotes: `"A=x y"`. */
const QUOTED_VARIABLE = /(\\{0,15})(["'])([A-Za-z_]\w{0,127}=)/g;

function environmentRule(text: string): readonly Span[] {
  return [...regions(text, LINE, lineLimit), ...regions(text, LIST, listLimit)].flatMap(({ from, to }) =>
    variables(text, from, to),
  );
}

function regions(text: string, start: RegExp, limitOf: (text: string, from: number) => number): readonly Span[] {
  const spans: Span[] = [];
  start.lastIndex = 0;
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const from = match.index + match[0].length;
    const to = limitOf(text, from);
    spans.push({ from, to });
    start.lastIndex = Math.max(start.lastIndex, to);
  }
  return spans;
}

const MAX_REGION = 65_536;

function lineLimit(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return Math.min(newline === -1 ? text.length : newline, from + MAX_REGION);
}

/** To the bracket that ends the list; one within a value ends it too early for the names, and the quotes still close it. */
function listLimit(text: string, from: number): number {
  const line = lineLimit(text, from);
  const region = text.slice(from, Math.max(line, Math.min(text.length, from + 16_384)));
  const end = region.search(/\](?![^"\n]{0,200}(?<!\\)",)/);
  return end === -1 ? from + region.length : from + end;
}

function variables(text: string, from: number, to: number): readonly Span[] {
  const region = text.slice(from, to);
  const spans: Span[] = [];
  for (const match of region.matchAll(QUOTED_VARIABLE)) {
    const start = match.index + match[0].length;
    const end = quotedEnd(region, start, { escapes: match[1]?.length ?? 0, quote: match[2] ?? '"' });
    if (region.slice(start, end) !== '[REDACTED]') spans.push({ from: from + start, to: from + end });
  }
  for (const match of region.matchAll(VARIABLE)) {
    const start = match.index + (match[1]?.length ?? 0);
    const end = match.index + match[0].length;
    const quotes = /^\\{0,15}["']/.exec(region.slice(start, end))?.[0].length ?? 0;
    if (region.startsWith('[REDACTED', start + quotes)) continue;
    spans.push({ from: from + start, to: from + end });
  }
  return spans;
}

/** /proc/PID/environ: variables that end in NUL. */
const NUL_VARIABLE = patternRuleWith(
  '\0',
  /(?<=^|[\0\n])[A-Za-z_]\w{0,127}=(?!\[REDACTED\]\0)([^\0\n]{1,32768})(?=\0)/dg,
);

/** `name` and `value`, `Key` and `Value` side by side: JSON, Go's text of a struct, YAML, XML. */
const NAMED =
  /(?:\b|\\n)(?:name|key|n|k|id)\\{0,15}["']?[ ]?(?::|=>?)[ ]?(\\{0,15})["']?([\w./-]{1,253})\\{0,15}["']?(?:,[ ]?|[ ]{1,4}|\r?\n[ \t]{0,64}|\\n[ ]{0,64})(?:\\{0,15}["']?\w{1,24}\\{0,15}["']?[:=][ ]?[\w.-]{1,32},[ ]?)?\\{0,15}["']?value\\{0,15}["']?[ ]?(?::|=>?)[ ]?(\\{0,15})(["']?)/gi;
const BARE_VALUE = /(?:(?!,\}|[, ][ ]?[A-Z]\w{0,32}:)[^\r\n"'}\]\\]){1,8192}/y;

function namedRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  NAMED.lastIndex = 0;
  for (let match = NAMED.exec(text); match !== null; match = NAMED.exec(text)) {
    const from = match.index + match[0].length;
    const quote = match[4] ?? '';
    const escapes = match[3]?.length ?? 0;
    const to =
      quote === ''
        ? from + (matchAt(BARE_VALUE, text, from)?.[0].trimEnd().length ?? 0)
        : quotedEnd(text, from, { escapes, quote });
    if (isVariable(match[2] ?? '', text.slice(from, to))) spans.push({ from, to });
    NAMED.lastIndex = Math.max(NAMED.lastIndex, to);
  }
  return spans;
}

function isVariable(_name: string, value: string): boolean {
  return value !== '' && value !== '[REDACTED]' && !/^(?:&?\w+\{|nil|true|false|null)/.test(value);
}

/** `-u user:password`, also as items of a list. */
const USER_FLAG = patternRule(
  /(?:^|[\s"'[,=])(?:-u|-U|--user|--proxy-user|--userpwd|--creds|--basic-auth|--login|-a)\\{0,15}["']?(?:=|,[ ]?|[ \t]{1,4})\\{0,15}["']?[\w.@%+-]{1,128}:(?!\/\/|\[REDACTED\])([^\s"'\\,\]]{2,256})/dg,
  (found) => !/^\d{1,5}$|^[\d:]+$/.test(found),
);
/** Variables and literals on a command line: `-e A=x`, `--from-literal=a=x`. */
const VARIABLE_FLAG_RULE = patternRule(
  /(?<=[\s"'[,](?:-e|--env|--build-arg|--from-literal))\\{0,15}["']?(?:=|,[ ]?|[ \t]{1,4})\\{0,15}["']?[\w.-]{1,128}=([^\s"'\\,\]]{1,4096})/dg,
);
/** Cheap to look for, and without one nothing matches. */
const VARIABLE_FLAG_NAME = /[\s"'[,]-(?:e|-env|-build-arg|-from-literal)/;
const VARIABLE_FLAG: Rule = (text) => (VARIABLE_FLAG_NAME.test(text) ? VARIABLE_FLAG_RULE(text) : []);
/** Programs that take a password by a flag of one letter. */
const PASSWORD_FLAG_RULE = patternRule(
  /(?<![\w-])(?:sshpass|docker|podman|nerdctl|crictl|skopeo|buildah|helm|mysql\w{0,10}|mariadb\w{0,10}|redis-cli|mongo\w{0,8}|sqlcmd|ldap\w{1,10}|openssl|htpasswd|oc|argocd|az|curl|smbclient|rclone|ipmitool|expect|mount\.cifs|restic|kinit|unzip|7z|zip)(?:[ \t]{1,4}|\\{0,15}["'],[ ]?\\{0,15}["'])(?:[^\n|;&]{0,160}?[ "',])??-(?:p|a|w|P|pw|passin|b|k)(?:[ \t]{1,4}(?:pass:)?|\\{0,15}["'],[ ]?\\{0,15}["']|(?=[^\s"'=-]{6}))\\{0,15}["']?([^\s"'\\,-][^\s"'\\,]{2,256})/dg,
  (found) => !/^https?:|^\d{1,5}(?::\d{1,5})?$|^\/|^[\w./-]+\/$|^\d+:\d+/.test(found),
);

/** Cheap to look for, and without one nothing matches. */
const ONE_LETTER_FLAG = /[ "'](?:-[pawPbk]|-pw|-passin)/;
const PASSWORD_FLAG: Rule = (text) => (ONE_LETTER_FLAG.test(text) ? PASSWORD_FLAG_RULE(text) : []);

/** Hosts and users of netrc and pgpass: `machine x login y password z` is a pair; `host:port:db:user:password`. */
const PGPASS = patternRule(
  /:(?:\d{2,5}|\*):(?<=(?:^|\s)[\w.*-]{1,128}:(?:\d{2,5}|\*):)[\w*-]{1,64}:[\w*.-]{1,64}:([^\s:]{3,128})(?=\s|$)/dg,
  (found) => found !== '[REDACTED]' && !/^\d{1,2}$/.test(found),
);
/** `user:hash` lines are told by the hash; `IDENTIFIED BY 'x'`, `WITH PASSWORD 'x'` of SQL. */
const SQL = patternRule(
  /\b(?:identified[ \t]{1,4}(?:with[ \t]{1,4}\w{1,40}[ \t]{1,4})?(?:by|as)|(?:encrypted[ \t]{1,4})?password)[ \t]{1,4}(?:=[ \t]{0,4})?\\{0,15}['"]([^'"\\\n]{1,256})/dgi,
  (found) => found !== '[REDACTED]',
);

/** A secret that is the value of a named variable, in the words of `strengthOf`, wherever the two stand in XML. */
const ATTRIBUTE =
  /\b(?:name|key)="([\w.:-]{1,96})"[ ]{1,4}(?:\w{1,16}="[^"\n]{0,64}"[ ]{1,4}){0,2}(?:value|content)="([^"\n]{1,8192})"/dg;

function attributeRule(text: string): readonly Span[] {
  return matchesOf(ATTRIBUTE, text).flatMap((match) => {
    const strength = strengthOf(match[1] ?? '');
    const [from, to] = match.indices?.[2] ?? [0, 0];
    return strength !== undefined && isSecretValue(match[2] ?? '', strength, { isData: true }) ? [{ from, to }] : [];
  });
}

export const ENVIRONMENT_RULES: readonly Rule[] = [
  environmentRule,
  NUL_VARIABLE,
  namedRule,
  USER_FLAG,
  VARIABLE_FLAG,
  PASSWORD_FLAG,
  PGPASS,
  SQL,
  attributeRule,
];
