/**
 * Blacks out secrets before anything is stored or shown. Every rule is anchored at a literal or a token's edge and has
 * bounded repetition, so the time is linear in the size of the text.
 */
import { redactPairs } from './redact-pairs.ts';
import { redactPem } from './redact-pem.ts';

const MARK = '[REDACTED]';

export interface Redacted {
  readonly text: string;
  /** How many secrets were blacked out. */
  readonly count: number;
}

/** What a pattern matched, and its groups. */
type Groups = readonly (string | undefined)[];

/** Texts that this shape matches are secrets wherever they stand; `$1` is kept. */
interface Shape {
  /** Without one of these in the text the pattern is not tried. */
  readonly hints: readonly string[];
  readonly pattern: RegExp;
  /** undefined: the whole match goes. */
  readonly keep?: (match: Groups) => string | undefined;
}

const kept = (match: Groups): string => match[1] ?? '';

/** `bearer authentication` is prose; a token has a digit, or is long. */
function keptIfToken(match: Groups): string | undefined {
  const token = match[2] ?? '';
  return /\d/.test(token) || token.length >= 24 ? match[1] : undefined;
}

const SHAPES: readonly Shape[] = [
  {
    hints: ['uthorization', 'UTHORIZATION'],
    pattern:
      /(authorization\\{0,4}["']?[ \t]{0,4}[:=][ \t]{0,4}(?!\[REDACTED)\[?\\{0,4}["']?(?:(?:basic|bearer|token|negotiate)[ \t]{1,4})?)(?!<masked>|(?:basic|bearer|token|negotiate)[ \t])[\w.~+/=-]{6,}/gi,
    keep: kept,
  },
  // JSON Web Tokens: a header that begins with `{"`, base64url; the signature may be cut off.
  { hints: ['eyJ'], pattern: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g },
  {
    hints: ['earer', 'EARER'],
    pattern: /(\bbearer[ \t]{1,4})([\w.~+/=-]{8,})/gi,
    keep: keptIfToken,
  },
  // AWS access key ids (AWS: IAM identifiers reference).
  { hints: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], pattern: /(?<![A-Z0-9])A(?:KI|SI|BI|CC)A[A-Z2-7]{16}(?![A-Z0-9])/g },
  // Tokens whose makers gave them a prefix: GitHub, GitLab, Slack, Google.
  {
    hints: ['gh', 'glpat-', 'xox', 'AIza', 'ya29.'],
    pattern:
      /(?<![\w-])(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{35}|ya29\.[\w-]{20,})/g,
  },
  // scheme://user:password@host. Images (`docker://host:5000/x@sha256:...`) have a slash before the @.
  { hints: ['://'], pattern: /(:\/\/[^ \t\r\n/:@"'<>]{0,256}:)[^ \t\r\n/"'<>]{1,256}(?=@)/g, keep: kept },
];

/** Fields of a kubeconfig, and of Secrets, whose values are base64. */
const DATA_FIELDS =
  /((?:client-key|client-certificate|certificate-authority)-data\\{0,4}["']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,4}["']?)[A-Za-z0-9+/=]{8,}/g;

/** systemd's `Environment=` property, and `Environment:` of other tools: names stay, values go. */
const ENVIRONMENT_LINE = /^([ \t]{0,16}Environment[=:][ \t]{0,4})(.{1,65536})$/gm;
const VARIABLE = /(?<![\w])([A-Za-z_]\w{0,127}=)(?:"[^"]{0,4096}"|'[^']{0,4096}'|[^ \t\r\n"']{1,4096})/g;
/** /proc/PID/environ: variables that end in NUL. */
const NUL_VARIABLE = /(?<=^|[\0\n])([A-Za-z_]\w{0,127}=)[^\0\n]{1,32768}(?=\0)/g;
/** A container's environment in a pod's JSON or in Go's text of it. */
const ENV_VAR =
  /(\\{0,4}"?\b[nN]ame\\{0,4}"?[ ]?:[ ]?\\{0,4}"[\w.-]{1,253}\\{0,4}",[ ]?\\{0,4}"?[vV]alue\\{0,4}"?[ ]?:[ ]?\\{0,4}")[^"\\\n]{1,8192}/g;

/** Secrets in a text become `[REDACTED]`. It never throws. */
export function redact(text: string): Redacted {
  let count = 0;
  let result = text;
  function apply(pattern: RegExp, replace: (match: Groups) => string | undefined): void {
    result = result.replace(pattern, (...match: (string | undefined)[]) => {
      const replacement = replace(match);
      if (replacement === undefined || replacement === match[0]) return match[0] ?? '';
      count++;
      return replacement;
    });
  }
  const pem = redactPem(result, MARK);
  result = pem.text;
  count += pem.count;
  if (result.includes('-data')) apply(DATA_FIELDS, (match) => kept(match) + MARK);
  if (result.includes('Environment')) apply(ENVIRONMENT_LINE, redactVariables);
  if (result.includes('\0')) apply(NUL_VARIABLE, (match) => kept(match) + MARK);
  if (/[vV]alue/.test(result)) apply(ENV_VAR, (match) => kept(match) + MARK);
  for (const shape of SHAPES) {
    if (!shape.hints.some((hint) => result.includes(hint))) continue;
    apply(shape.pattern, (match) => {
      if (shape.keep === undefined) return MARK;
      const start = shape.keep(match);
      return start === undefined ? undefined : start + MARK;
    });
  }
  const pairs = redactPairs(result, MARK);
  return { text: pairs.text, count: count + pairs.count };
}

function redactVariables(line: Groups): string | undefined {
  const variables = line[2] ?? '';
  const blackened = variables.replace(VARIABLE, (_variable, name: string) => name + MARK);
  return blackened === variables ? undefined : kept(line) + blackened;
}

/** Bytes that are looked at as one text: a log of many MiB as one string would leave several times its size as garbage. */
const PIECE = 262_144;
/** As far as a PEM block may reach into the next piece. */
const PEM_REACH = 65_536;

function afterLine(bytes: Buffer, from: number): number {
  const newline = bytes.indexOf('\n', from);
  return newline < 0 ? bytes.length : newline + 1;
}

/** Where a piece that starts at `start` ends: after a line, and not within a PEM block. */
function endOfPiece(bytes: Buffer, start: number): number {
  if (bytes.length - start <= PIECE) return bytes.length;
  const end = afterLine(bytes, start + PIECE);
  const tail = bytes.subarray(Math.max(start, end - PEM_REACH), end);
  const cutsBlock = tail.lastIndexOf('-----BEGIN ') > tail.lastIndexOf('-----END ');
  return cutsBlock ? afterLine(bytes, Math.min(bytes.length, end + PEM_REACH)) : end;
}

/** The same on bytes; what is no secret stays as it is, byte for byte, text or not. */
export function redactBytes(bytes: Buffer): { readonly bytes: Buffer; readonly count: number } {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let start = 0; start < bytes.length;) {
    const end = endOfPiece(bytes, start);
    const piece = bytes.subarray(start, end);
    const { text, count } = redact(piece.toString('latin1'));
    pieces.push(count === 0 ? piece : Buffer.from(text, 'latin1'));
    total += count;
    start = end;
  }
  return total === 0 ? { bytes, count: 0 } : { bytes: Buffer.concat(pieces), count: total };
}
