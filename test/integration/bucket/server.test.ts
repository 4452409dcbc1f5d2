/** What S3 promises and we rely on, asked of a real server: signatures, checksums, what a presigned request may and may not do. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BucketSettings, objectUrl } from '../../../src/core/evidence/bucket-settings.ts';
import { sha256 } from '../../../src/core/evidence/manifest.ts';
import { createPut } from '../../../src/platform/put-object.ts';
import type { Bucket, PresignedPut, PutAnswer } from '../../../src/ports/bucket.ts';
import { createS3Bucket } from '../../../src/s3/s3-bucket.ts';
import { createAuthority } from '../../support/certificates.ts';
import { S3_CREDENTIALS, S3_REGION, type S3Server, startS3Server } from '../../support/s3-server.ts';
import { createTempFolder } from '../../support/temp-folder.ts';

const SIGNAL = new AbortController().signal;
const BYTES = Buffer.from('goroutine 1 [select]:\nmain.main()\n'.repeat(5_000));
const KEY = 'cluster-a/node-a/node-a-7f3k2/0123456789abcdef-goroutines-1.txt.gz';
const OTHER = KEY.replace('node-a/', 'node-b/');

const folder = createTempFolder();
let server: S3Server;
let settings: BucketSettings;
let bucket: Bucket;

beforeAll(async () => {
  Object.assign(process.env, S3_CREDENTIALS);
  server = await startS3Server({ folder: folder.path, bucket: 'evidence' });
  settings = BucketSettings.parse({ name: 'evidence', region: S3_REGION, endpoint: server.endpoint });
  bucket = createS3Bucket({ settings, env: {} });
}, 300_000);
afterAll(async () => {
  await server.stop();
});

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function put(
  { query, headers }: PresignedPut,
  { key = KEY, bytes = BYTES }: { readonly key?: string; readonly bytes?: Buffer } = {},
): Promise<PutAnswer> {
  const url = objectUrl(settings, key);
  url.search = query;
  return await createPut({}, undefined)({ url, headers, body: inPieces(bytes) }, SIGNAL);
}

function presign(bytes = BYTES, key = KEY): Promise<PresignedPut> {
  return bucket.presignPut({ key, bytes: bytes.length, sha256: sha256(bytes) }, SIGNAL);
}

describe('a presigned request', () => {
  test('writes the bytes that it was made for, also twice, and the server has their checksum', async () => {
    const signed = await presign();
    expect(await put(signed)).toEqual({ status: 200 });
    expect(await put(signed)).toEqual({ status: 200 });
    expect(server.object(KEY)).toEqual(BYTES);
    expect(await bucket.find(KEY, SIGNAL)).toEqual({ bytes: BYTES.length, sha256: sha256(BYTES) });
    expect(signed.query).toMatch(/X-Amz-Expires=900&/);
    expect(signed.query).toMatch(/X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256/);
    expect(signed.query).not.toContain(S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY);
  });

  test('writes no other key', async () => {
    expect(await put(await presign(), { key: OTHER })).toEqual({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(server.object(OTHER)).toBeUndefined();
  });

  test('writes no other bytes of the same length', async () => {
    const key = `${KEY}-same-length`;
    const other = Buffer.from(BYTES).fill('x', 0, 10);
    expect((await put(await presign(BYTES, key), { key, bytes: other })).status).toBe(400);
    expect(server.object(key)).toBeUndefined();
  });

  test.each(['x-amz-checksum-sha256', 'content-length'])('is refused with another %s', async (name) => {
    const key = `${KEY}-other-header`;
    const other = Buffer.from('other bytes');
    const { query, headers } = await presign(BYTES, key);
    const said = {
      'content-length': String(other.length),
      'x-amz-checksum-sha256': Buffer.from(sha256(other), 'hex').toString('base64'),
    };
    const forged = { ...headers, 'content-length': said['content-length'], [name]: said[name as keyof typeof said] };
    const answer = await put({ query, headers: forged }, { key, bytes: other });
    expect(answer.status).toBe(403);
    expect(server.object(key)).toBeUndefined();
  });

  test('is refused without the checksum', async () => {
    const key = `${KEY}-no-checksum`;
    const { query, headers } = await presign(BYTES, key);
    const { 'x-amz-checksum-sha256': left, ...others } = headers;
    expect(left).toBeDefined();
    expect((await put({ query, headers: others }, { key })).status).toBe(403);
    expect(server.object(key)).toBeUndefined();
  });

  test('is refused by a server that does not know who made it', async () => {
    const key = `${KEY}-forged`;
    const { query, headers } = await presign(BYTES, key);
    const forged = query.replace('medic%2F', 'someone%2F');
    expect(forged).not.toBe(query);
    expect((await put({ query: forged, headers }, { key })).status).toBeGreaterThanOrEqual(400);
    expect(server.object(key)).toBeUndefined();
  });

  test('writes an empty object', async () => {
    const key = `${KEY}-empty`;
    expect(await put(await presign(Buffer.alloc(0), key), { key, bytes: Buffer.alloc(0) })).toEqual({ status: 200 });
    expect(await bucket.find(key, SIGNAL)).toMatchObject({ bytes: 0 });
  });
});

describe('the bucket', () => {
  test('gives back what is there, and says what is not', async () => {
    await put(await presign());
    const pieces: Buffer[] = [];
    for await (const piece of bucket.read(KEY, SIGNAL)) pieces.push(piece);
    expect(Buffer.concat(pieces)).toEqual(BYTES);
    expect(await bucket.find('cluster-a/nothing', SIGNAL)).toBeUndefined();
    const nothing = async (): Promise<void> => {
      for await (const piece of bucket.read('cluster-a/nothing', SIGNAL)) expect(piece).toBeUndefined();
    };
    await expect(nothing()).rejects.toMatchObject({ code: 'E_BUCKET_REFUSED', message: 'status 404 NoSuchKey' });
  });

  test('refuses a wrong secret, and says it with a code and no secret', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    try {
      const other = createS3Bucket({ settings, env: {} });
      const error: unknown = await other.find(KEY, SIGNAL).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'E_BUCKET_REFUSED', class: 'denied' });
      expect(String(error)).toMatch(/status 403 [A-Za-z0-9]+$/);
    } finally {
      process.env['AWS_SECRET_ACCESS_KEY'] = S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY;
    }
  });

  test('that is not there is unreachable, within its time', async () => {
    const gone = BucketSettings.parse({ name: 'evidence', region: S3_REGION, endpoint: 'http://127.0.0.1:1' });
    const error: unknown = await createS3Bucket({ settings: gone, env: {} })
      .find(KEY, SIGNAL)
      .catch((caught: unknown) => caught);
    // The SDK does not know errors of the system in Jest's own realm, and wraps them without their code.
    expect(String(error)).toMatch(/^MedicError: (ECONNREFUSED|Error)$/);
    expect(error).toMatchObject({ code: 'E_BUCKET_UNREACHABLE', class: 'transient' });
  });

  test('has the certificate that the settings name, and no other', async () => {
    const own = join(folder.path, 'tls');
    mkdirSync(own);
    const authority = createAuthority(own);
    const secure = await startS3Server({
      folder: own,
      bucket: 'evidence',
      tls: authority.issue('s3', '/CN=s3', 'IP:127.0.0.1'),
    });
    try {
      const where = BucketSettings.parse({ name: 'evidence', region: S3_REGION, endpoint: secure.endpoint });
      const trusting = createS3Bucket({ settings: where, env: {}, ca: authority.ca });
      const { query, headers } = await trusting.presignPut(
        { key: KEY, bytes: BYTES.length, sha256: sha256(BYTES) },
        SIGNAL,
      );
      const url = objectUrl(where, KEY);
      url.search = query;
      const request = { url, headers, body: inPieces(BYTES) };
      expect(await createPut({}, authority.ca)(request, SIGNAL)).toEqual({ status: 200 });
      expect(await trusting.find(KEY, SIGNAL)).toMatchObject({ sha256: sha256(BYTES) });
      const code = { code: 'E_BUCKET_UNREACHABLE' };
      await expect(createS3Bucket({ settings: where, env: {} }).find(KEY, SIGNAL)).rejects.toMatchObject(code);
      await expect(createPut({}, undefined)({ ...request, body: inPieces(BYTES) }, SIGNAL)).rejects.toMatchObject(code);
    } finally {
      await secure.stop();
    }
  });
});
