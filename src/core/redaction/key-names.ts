/** Which names of keys, flags, variables and headers say that their value is a secret. */

/**
 * - `password`: whatever stands there is secret, a number or a path too;
 * - `secret`: unless it is a word that gives nothing away, a path or a reference to an object;
 * - `perhaps`: the name has other uses, so the value has to look like a secret.
 */
export type KeyStrength = 'password' | 'secret' | 'perhaps';

/** Words that may follow without changing what the name says: `PASSWORD_PROD_2`, `tokenValue`. */
const QUALIFIERS = new Set(
  (
    'value val data base64 b64 hash string str plain plaintext text raw default prod production dev development ' +
    'staging stage test env enc encoded encrypted old new current next previous prev primary secondary backup user ' +
    'admin root main master base bytes json content'
  ).split(' '),
);
const PASSWORDS =
  /(?:password|passwd|passwort|passphrase|passcode|requirepass|masterauth|mnemonic|pwd|pwrd|(?:bind|root|user|admin|db|ldap|ssh|sa)pw)s?$/;
const SECRETS =
  /(?:secret|token|jwt|credentials?|creds?|cookies?|apikey|accesskey|secretkey|privatekey|accountkey|sharedkey|authkey|signingkey|encryptionkey|masterkey|sessionkey|authstring|dockerconfigjson|dockercfg|psk|dsn|otp|totp|hmac|bearer)$/;
const PERHAPS =
  /^(?:auth|authorization|authentication|authinfo|authdata|sig|signature|session|sessionid|sid|sas|pin|pat|seed|salt|webhook|csrf|xsrf|nonce|secrets|tokens|passwords)$/;
/** What kind of key it is that is secret. `key` alone is a name in a map more often than not. */
const SECRET_KEYS = new Set(
  (
    'api access secret private encryption account shared signing signature sign master storage license auth client host ' +
    'ssh rsa tls ssl age gpg pgp hmac session admin service deploy registration subscription primary secondary ' +
    'preshared app application write consumer bot integration sas jwt crypto cipher aes dsa ecdsa ed25519 wg wireguard ' +
    'root server user db webhook instrumentation ingest recovery unseal seal kms'
  ).split(' '),
);
/** Pairs of last words. */
const PAIRS = new Set([
  'connection string',
  'connect string',
  'community string',
  'conn string',
  'conn str',
  'connection uri',
  'secret id',
  'session id',
  'access signature',
  'private exponent',
  'seed phrase',
  'pass phrase',
  'pass word',
  'recovery phrase',
  'recovery code',
  'backup code',
  'key data',
  'certificate data',
  'authority data',
  'access pass',
  'login pass',
  'user pass',
  'db pass',
  'root pass',
  'smtp pass',
  'mysql pass',
  'admin pass',
]);

/** `clientSecret_2` becomes `client secret 2`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d+(?:$|[^a-z0-9]))/)
    .filter((word) => word !== '');
}

const known = new Map<string, KeyStrength | undefined>();
const MAX_KNOWN = 4_096;

/** undefined: the name says nothing of a secret. `secretName`, `tokenFile`, `--authentication-token-webhook` do not. */
export function strengthOf(name: string): KeyStrength | undefined {
  if (known.has(name)) return known.get(name);
  const strength = judge(wordsOf(name.slice(-96)));
  // Names repeat; hostile ones do not, so that the memory is bounded.
  if (known.size >= MAX_KNOWN) known.clear();
  // A copy: a part of a text keeps all of the text alive.
  known.set(Buffer.from(name).toString(), strength);
  return strength;
}

function judge(words: string[]): KeyStrength | undefined {
  for (let end = words.length; end > 0; end--) {
    const last = words[end - 1] ?? '';
    const found = judgeEnd(words[end - 2] ?? '', last);
    if (found !== undefined) return found;
    if (!QUALIFIERS.has(last) && !/^\d+$/.test(last)) return undefined;
  }
  return undefined;
}

function judgeEnd(before: string, last: string): KeyStrength | undefined {
  if (PASSWORDS.test(last)) return 'password';
  if (SECRETS.test(last) || last === 'pass' || last === 'pw' || (last === 'key' && SECRET_KEYS.has(before)))
    return 'secret';
  if (PAIRS.has(`${before} ${last}`)) return before === 'seed' || before === 'pass' ? 'password' : 'secret';
  return PERHAPS.test(last) ? 'perhaps' : undefined;
}
