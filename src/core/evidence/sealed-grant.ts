/**
 * Presigned requests on their way to one agent, through objects that others read (docs/adr/0018). They are sealed for a key of
 * that agent: X25519 with a new key of the sender each time, HKDF-SHA256 over both public keys, AES-256-GCM. The construction is
 * that of RFC 9180 in base mode, of which Node has the parts.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod/mini';

/** Objects of one grant. */
export const GRANT_OBJECTS = 16;
const MAX_TEXT = 256 * 1024;
const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** What a request of an upload may say beside its URL. */
const HEADERS = [
  'content-length',
  'x-amz-checksum-sha256',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
] as const;

const Put = z.strictObject({
  /** The artifact's name. */
  file: z.string(),
  bytes: z.int().check(z.minimum(0)),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** Of the URL; where it leads is in the settings of the agent. */
  query: z.string().check(z.maxLength(8_192), z.regex(/^[A-Za-z0-9%&=._~+-]*$/)),
  headers: z.partialRecord(z.enum(HEADERS), z.string().check(z.maxLength(1_024), z.regex(/^[\x20-\x7e]*$/))),
});
export type GrantedPut = z.infer<typeof Put>;

const Grant = z.strictObject({
  incident: z.string(),
  puts: z.array(Put).check(z.maxLength(GRANT_OBJECTS)),
});
export type Grant = z.infer<typeof Grant>;

/** A grant is good for this node and this id alone. */
export interface GrantContext {
  readonly node: string;
  readonly id: string;
}

export interface GrantKey {
  /** In base64url. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function createGrantKey(): GrantKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: rawKey(publicKey).toString('base64url'), privateKey };
}

function rawKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function keyOf(raw: Buffer): KeyObject {
  if (raw.length !== KEY_BYTES) throw new Error('it is no X25519 key');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' });
}

interface Secrets {
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** Both are used once: the sender's key is a new one each time. */
function secretsOf(shared: Buffer, sender: Buffer, reader: Buffer): Secrets {
  const salt = Buffer.concat([sender, reader]);
  const bytes = Buffer.from(hkdfSync('sha256', shared, salt, 'kubelet-medic bucket grant v1', 44));
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
}

function contextBytes({ node, id }: GrantContext): Buffer {
  return Buffer.from(JSON.stringify([node, id]));
}

/** @param reader the public key of the agent. @throws if it is none. */
export function sealGrant(reader: string, context: GrantContext, grant: Grant): string {
  const readerKey = Buffer.from(reader, 'base64url');
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const sender = rawKey(publicKey);
  const shared = diffieHellman({ privateKey, publicKey: keyOf(readerKey) });
  const { key, iv } = secretsOf(shared, sender, readerKey);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(contextBytes(context));
  const text = gzipSync(JSON.stringify(grant));
  return Buffer.concat([sender, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** undefined: it was sealed for another key, node or grant, or by nobody who knows how. */
export function openGrant(own: GrantKey, context: GrantContext, sealed: string): Grant | undefined {
  try {
    const bytes = Buffer.from(sealed, 'base64');
    const sender = bytes.subarray(0, KEY_BYTES);
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: keyOf(sender) });
    const { key, iv } = secretsOf(shared, sender, Buffer.from(own.publicKey, 'base64url'));
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      .setAAD(contextBytes(context))
      .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(KEY_BYTES, -TAG_BYTES)), decipher.final()]);
    return Grant.parse(JSON.parse(gunzipSync(text, { maxOutputLength: MAX_TEXT }).toString('utf8')));
  } catch {
    return undefined;
  }
}
