/** What is a secret by its own look, whatever stands around it: tokens with a prefix, and long random words. */
import { matchAt, matchesOf, patternRule, patternRuleWith, type Rule, type Span } from './spans.ts';
import { isEncodedText, isRandom } from './randomness.ts';
import { wordRule } from './words.ts';

/**
 * Tokens whose makers gave them a prefix. Most are random words too; this list is for those that have few characters,
 * or stand across dots and dashes.
 */
const PREFIXED = [
  // JSON Web Tokens, and other texts of JSON in base64url; the signature may be cut off.
  String.raw`eyJ[\w-]{8,8192}(?:\.[\w-]{0,8192}){0,4}`,
  // AWS (IAM identifiers reference), GitHub, GitLab, Slack, Google, npm, Hashicorp, Stripe, Hugging Face, Docker.
  String.raw`A(?:KI|SI|BI|CC|GP|ID|RO|NP|NV)A[A-Z2-7]{16}`,
  String.raw`gh[pousr]_\w{16,512}`,
  String.raw`github_pat_\w{16,512}`,
  String.raw`gl[a-z]{2,8}-[\w-]{16,512}(?:\.[\w.]{1,64})?`,
  String.raw`xox[a-z](?:\.xox[a-z])?-[\w-]{8,512}`,
  String.raw`xapp-[\w-]{8,512}`,
  String.raw`AIza[\w-]{30,512}`,
  String.raw`ya29\.[\w.-]{16,512}`,
  String.raw`GOCSPX-[\w-]{16,512}`,
  String.raw`npm_[A-Za-z0-9]{16,512}`,
  String.raw`hv[sbr]\.[\w-]{8,512}`,
  String.raw`s\.[A-Za-z0-9]{24}`,
  String.raw`[sprw]k_(?:live|test|prod)_\w{8,512}`,
  String.raw`whsec_[\w+/=]{8,512}`,
  String.raw`(?:hf|api_org)_[A-Za-z0-9]{16,512}`,
  String.raw`d(?:op|oo|or)_v1_[0-9a-f]{16,512}`,
  String.raw`dckr_(?:pat|oat)_[\w-]{8,512}`,
  String.raw`pypi-[\w-]{16,512}`,
  String.raw`sk-[A-Za-z0-9_-]{16,512}`,
  String.raw`SG\.[\w-]{8,512}\.[\w-]{8,512}`,
  String.raw`AGE-SECRET-KEY-[A-Z0-9-]{8,512}`,
  // Of these the rest is hex or of one case, so that it does not look random.
  String.raw`(?:shp(?:at|ca|pa|ss)|glsa|glc|sbp|figd|gsk|nvapi|tskey-[a-z]{2,8}|rubygems|lin_api|secret|ntn|sgp|cfut|pscale_(?:tkn|pw|oauth)|dp\.\w{1,16}|key|atlasv1|CCIPAT|CFPAT|PMAK|NR(?:AK|II|JS|AA)|AT(?:ATT|CTT)3|ATBB|sntry[su]|ph[cx])[-_.]?(?=[\w-]{0,64}\d)(?=[\w-]{0,64}[A-Za-z])[A-Za-z0-9][\w-]{18,512}`,
  String.raw`dapi[0-9a-f]{32}`,
  // What openssl has encrypted with a password.
  String.raw`U2FsdGVkX1[\w+/=]{16,512}`,
].join('|');
const PREFIX = new RegExp(`(?:${PREFIXED})`, 'y');

/** What these begin with: looked for first, since the pattern takes long to say no. */
const STARTS = (
  'eyJ AKIA ASIA ABIA ACCA AGPA AIDA AROA ANPA ANVA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ gl xox xapp- AIza ya29. ' +
  'GOCSPX- npm_ hvs. hvb. hvr. s. sk_ pk_ rk_ wk_ whsec_ hf_ api_org_ dop_ doo_ dor_ dckr_ pypi- sk- SG. AGE-SECRET-KEY- ' +
  'shpat shpca shppa shpss sbp figd gsk nvapi tskey- rubygems lin_api secret ntn sgp cfut pscale_ dp. key atlasv1 CCIPAT ' +
  'CFPAT PMAK NRAK NRII NRJS NRAA ATATT ATCTT ATBB sntrys sntryu phc phx dapi U2FsdGVkX1'
).split(' ');

/** Where a word with a known prefix that begins at a place ends; undefined: none begins there. */
function prefixedEnd(text: string, from: number): number | undefined {
  const length = matchAt(PREFIX, text, from)?.[0].length;
  return length === undefined ? undefined : from + length;
}

/** `secret_name`, `key-value-store` are names. */
function isPrefixed(word: string): boolean {
  return /\d/.test(word) && !/^(?:key|secret)[-_.](?:[a-z]+[-_.]?\d{0,3}[-_.]?)+$/.test(word);
}

/** Kubernetes' bootstrap tokens: `[a-z0-9]{6}\.[a-z0-9]{16}`. */
const BOOTSTRAP = /\.(?=[a-z]{0,15}\d)[a-z0-9]{16}(?![\w.-])(?<=(?<![\w./-])[a-z0-9]{6}\.[a-z0-9]{16})/g;

function bootstrapRule(text: string): readonly Span[] {
  return matchesOf(BOOTSTRAP, text).map(({ index }) => ({ from: index - 6, to: index + 17 }));
}

/** Telegram's: `12345678:AA…`. */
const BOTS = patternRule(/(?<=(?<!\d)\d{8,10}):(AA[\w-]{30,})/dg);

/** What joins a node to a cluster of k3s or RKE2: `K10HASH::server:PASSWORD`. */
const JOINS = patternRuleWith(
  'K10',
  /(?<![\w.-])K10[0-9a-f]{16,128}::(?:[\w.-]{1,64}:){0,2}([^\s"'`\\,;:)\]}]{6,512})/dg,
);

/** As the kubelet runs iscsiadm, and logs the command where it fails: `-n node.session.auth.password -v PASSWORD`. */
const CHAP = patternRuleWith(
  '.auth.password',
  /\.auth\.password(?:_in)?[\\"', ]{1,16}(?:-v|--value)[\\"',= ]{1,16}([^\s"'`\\,\]]{1,512})/dg,
);

/** crypt(3) and its like: bcrypt, SHA, argon2, scrypt, yescrypt; LDAP's; PBKDF2 of Django. */
const HASHES = patternRule(
  /(?<![\w$])\$(?:2[abxy]?|[1567]|y|gy|apr1|sha1|argon2\w{0,2}|scrypt|pbkdf2[\w-]{0,12}|md5)\$[\w./$=,+-]{8,256}|\{(?:S?SHA\d{0,3}|S?MD5|CRYPT|PBKDF2[\w-]{0,12})\}[\w./$+=]{8,256}|pbkdf2_sha\d{1,3}\$\d{1,9}\$[\w./$+=]{8,256}/dg,
);

/** Bytes as numbers, as Go prints them: `[112 97 115]`, `[]uint8{0x70, 0x61}`; also with escapes, `\x70\x61`. */
const NUMBERS =
  /[[{(](?:(?:0x[0-9a-fA-F]{1,2}|\d{1,3})[ ,]{1,2}){5,16384}(?:0x[0-9a-fA-F]{1,2}|\d{1,3})?(?=[\]})…]|\.\.\.|$)/g;

function byteListRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  for (const { 0: list, index } of matchesOf(NUMBERS, text)) {
    const bytes = list
      .slice(1)
      .split(/[ ,]+/)
      .filter((item) => item !== '')
      .map(Number);
    if (bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a) && new Set(bytes).size > 3) {
      spans.push({ from: index + 1, to: index + list.length });
    }
  }
  return spans;
}

/** `\x70\x61\x73`, octal `\160\141`, `%70%61`, `&#112;&#97;`: text that somebody has escaped without need. */
const ESCAPED =
  /(?:(?:\\{1,4}x[0-9a-f]{2}){6,4096}|(?:\\{1,4}u00[0-9a-f]{2}){6,4096}|(?:\\{1,4}[01][0-7]{2}){6,4096}|(?:%[2-7][0-9a-f]){6,4096}|(?:&#x?[0-9a-f]{2,3};){6,4096})/gi;
/** Cheap to look for, and without one nothing matches. */
const ESCAPE = /\\[xu01]|%[2-7][0-9a-f]%|&#/i;

function escapedRule(text: string): readonly Span[] {
  if (!ESCAPE.test(text)) return [];
  return matchesOf(ESCAPED, text).map(({ 0: { length }, index }) => ({ from: index, to: index + length }));
}

export const TOKEN_RULES: readonly Rule[] = [
  wordRule({ starts: STARTS, endOf: prefixedEnd, accept: isPrefixed }),
  bootstrapRule,
  BOTS,
  JOINS,
  CHAP,
  HASHES,
  byteListRule,
  escapedRule,
];

/** Whether a token without spaces around it starts there; for addresses whose paths hold tokens. */
export function isToken(word: string): boolean {
  return (
    isRandom(word) ||
    isEncodedText(word) ||
    (prefixedEnd(word, 0) !== undefined && isPrefixed(word)) ||
    matchAt(/[A-Fa-f0-9-]{20,}$/y, word, 0) !== undefined
  );
}
