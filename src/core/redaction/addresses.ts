/** Secrets in addresses: `scheme://user:password@host`, `user:password@tcp(host)`, webhooks, signatures in queries. */
import { MARK, matchAt, patternRule, type Rule, type Span } from './spans.ts';
import { isToken } from './tokens.ts';

/** An address, from after `://` on. `\u0026` is how Go's JSON writes `&`. */
const ADDRESS = /(?:[^ \t\r\n"'`<>\\\0]|\\u00(?:26|3d)){1,4096}/iy;
const MAX_ADDRESS = 4_096;
/** What follows the `@` of a user and his password. */
const HOST = /^(?:\[[0-9a-f:.]{2,46}\]|[\w.-]{1,255})(?::\d{1,5})?(?:[/?#,;)\]}]|$)/i;
/** `@sha256:…`, `@v1.2.3`: what of an image or a module is meant. */
const VERSION = /^(?:sha\d{3}:|v\d+\.|\d{1,9}\.\d{1,9}\.\d{1,9}(?![.\d]))/;
/** A host and its port before a path that holds an `@`. */
const HOST_PORT = /^(?:[\w-]{1,63}\.[\w.-]{1,253}|localhost|\[[0-9a-f:.]+\])(?::\d{1,5})?\//i;
/** Names that many share, and that are shown. */
const USER = /^[a-z][a-z._-]{0,23}\d{0,2}$/i;

function addressRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = text.indexOf('://');
  while (at !== -1) {
    const from = at + 3;
    const next = text.indexOf('://', from);
    const reach = text.slice(from, Math.min(next === -1 ? text.length : next, from + MAX_ADDRESS));
    const address = matchAt(ADDRESS, reach, 0)?.[0] ?? '';
    spans.push(...inAddress(address).map((span) => ({ from: from + span.from, to: from + span.to })));
    at = next;
  }
  return spans;
}

function inAddress(address: string): readonly Span[] {
  const user = userInfo(address);
  return [...(user === undefined ? [] : [user]), ...hookToken(address)];
}

/** The `@` before the host; -1: there is none. */
function hostAt(address: string): number {
  let at = address.lastIndexOf('@');
  while (at > 0 && (VERSION.test(address.slice(at + 1, at + 40)) || !HOST.test(address.slice(at + 1, at + 300)))) {
    at = address.lastIndexOf('@', at - 1);
  }
  return at;
}

/** The password, or all that stands before the `@`, where the name of the user may be the token. */
function userInfo(address: string): Span | undefined {
  const to = hostAt(address);
  if (to <= 0) return undefined;
  const info = address.slice(0, to);
  const colon = info.indexOf(':');
  if (info.includes('/') && (colon === -1 || HOST_PORT.test(info))) return undefined;
  const name = colon === -1 ? info : info.slice(0, colon);
  const isShown = name === '' || name === MARK || USER.test(name);
  if (!isShown) return { from: 0, to };
  return colon === -1 || info.slice(colon + 1) === MARK ? undefined : { from: colon + 1, to };
}

/** Where calls of others come in: who knows the path may call. Paths of admission webhooks are words. */
const HOOK = /(?:hook|\/services\/|\/bot|integration|alert|notify|trigger|callback|ingest|\/v2\/enqueue)/i;

function hookToken(address: string): readonly Span[] {
  const hook = HOOK.exec(address);
  if (hook === null) return [];
  const spans: Span[] = [];
  const path = address.indexOf('/');
  if (path === -1) return [];
  for (const { 0: segment, index } of address.slice(path).matchAll(/[\w:@.%~+=-]{6,512}/g)) {
    if (!isHookSecret(segment)) continue;
    spans.push({ from: path + index, to: path + index + segment.length });
  }
  return spans;
}

function isHookSecret(segment: string): boolean {
  if (isToken(segment)) return true;
  if (segment.length >= 8 && /(?:[a-z]\d){3}/i.test(segment)) return true;
  if (segment.length >= 16 && /(?:\d\D*){4}/.test(segment) && /[A-Za-z]/.test(segment)) return true;
  return segment.length >= 8 && /\d/.test(segment) && /^[A-Z0-9]+$|^\d{8,}$/.test(segment);
}

/** Without a scheme: `user:password@host:port`, Go's `user:password@tcp(host:3306)/db`, Oracle's `user/password@//host`. */
const BEFORE_AT = /(?:^|[^\w:@/.%+-])[\w.%+-]{1,64}:(?!\/\/|\[REDACTED\]$)([^\s"'`<>\\]{2,256})$/;
const ORACLE_BEFORE_AT = /(?:^|[^\w:@/.%+-])\w{1,64}\/([^\s"'`@<>\\/]{2,128})$/;
const AFTER_AT =
  /@(?:(?:tcp|udp|unix|cloudsql)\(|\/\/|(?!sha\d{3}:|v\d{1,9}\.|\d{1,9}\.\d{1,9}\.\d{1,9}(?![.\d]))[\w-]{1,63}(?:(?:\.[\w-]{1,63}){0,8}:\d{2,5}|(?:\.[\w-]{1,63}){1,8})(?![\w@:]))/y;
const ORACLE_AFTER_AT = /@(?:\/\/|\(DESCRIPTION)/y;
const USER_REACH = 324;

function bareUserRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  let seen = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    if (matchAt(AFTER_AT, text, at) === undefined && matchAt(ORACLE_AFTER_AT, text, at) === undefined) continue;
    const before = text.slice(Math.max(seen, at - USER_REACH), at);
    const isOracle = matchAt(ORACLE_AFTER_AT, text, at) !== undefined;
    const password = (BEFORE_AT.exec(before) ?? (isOracle ? ORACLE_BEFORE_AT.exec(before) : null))?.[1];
    seen = at;
    if (password !== undefined) spans.push({ from: at - password.length, to: at });
  }
  return spans;
}

/** Parameters of a query that let in whoever has them: SAS, pre-signed addresses of AWS, Google, Alibaba, Azure. */
const QUERY = patternRule(
  /(?:[?&;]|%26|\\u0026)(?:sig|signature|x-(?:amz|goog|oss|cos|obs)-(?:signature|credential|security-token)|q-signature|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id|policy|hdnea|hdnts|se_sig|code|key|token|auth|access_token|refresh_token|id_token|sharedaccesssignature|skoid|skt)(?:=|%3D|\\u003d)([\w%+/=.~*!-]{8,8192})/dgi,
  (found) => isSignature(found),
);

function isSignature(found: string): boolean {
  return found.length >= 16
    ? /[\dA-Z%]/.test(found) && !/^[a-z]+(?:[./-][a-z0-9]+)*$/.test(found) && !/^[a-z-]+\/[\w.-]+$/.test(found)
    : /\d/.test(found) && /[A-Za-z]/.test(found) && /[A-Z%+=_]/.test(found);
}

export const ADDRESS_RULES: readonly Rule[] = [addressRule, bareUserRule, QUERY];
