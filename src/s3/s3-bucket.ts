/**
 * The port `Bucket` on the SDK of AWS, which finds credentials by its usual chain: environment, web identity (IRSA), EKS Pod
 * Identity, instance. It is a bundle of its own, loaded where a bucket is configured, and no agent has it.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type BucketSettings, endpointOf, isPathStyle, objectUrl } from '../core/evidence/bucket-settings.ts';
import type { Bucket, PresignedPut, StoredObject } from '../ports/bucket.ts';
import { MedicError } from '../ports/errors.ts';
import { untilAborted } from '../runtime/deadline.ts';

/** Of a presigned request. */
const LIFE_SECONDS = 900;
const CONNECT_MS = 5_000;
/** Without a byte. */
const SILENT_MS = 10_000;
const SOCKETS = 8;

/** Without these in the signature a presigned request would take any bytes. */
const SIGNED = ['content-length', 'host', 'x-amz-checksum-sha256'];
const ENCRYPTION = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'];

export interface S3BucketOptions {
  readonly settings: BucketSettings;
  /** PEM, in place of the certificates that the system trusts. */
  readonly ca?: string;
  /** Of the process: proxies are taken from it. The SDK takes credentials from that of the process itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

function createClient({ settings, ca, env }: S3BucketOptions): S3Client {
  return new S3Client({
    region: settings.region,
    endpoint: endpointOf(settings),
    forcePathStyle: isPathStyle(settings),
    // Tries are counted by who asks.
    maxAttempts: 1,
    // Other servers know no checksums in trailers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      httpAgent: new HttpAgent({ maxSockets: SOCKETS }),
      httpsAgent: new HttpsAgent({ maxSockets: SOCKETS, proxyEnv: { ...env }, ...(ca === undefined ? {} : { ca }) }),
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
    },
  });
}

function toBase64(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}

const CODE = /^[A-Za-z][A-Za-z0-9.]{0,63}$/;
/** Of the system and of TLS. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

function statusOf(error: object): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const isKnown = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  return isKnown && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function textOf(error: unknown, field: 'name' | 'code'): string {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : '';
}

/** Messages of the SDK may have URLs and words of the other side: only codes are told. */
function toBucketError(error: unknown): MedicError {
  if (error instanceof MedicError) return error;
  const said = textOf(error, 'name');
  const name = CODE.test(said) ? said : 'Unknown';
  const status = typeof error === 'object' && error !== null ? statusOf(error) : undefined;
  if (status !== undefined) {
    const errorClass = status >= 500 || status === 429 ? 'transient' : 'denied';
    return new MedicError('E_BUCKET_REFUSED', errorClass, `status ${String(status)} ${name}`);
  }
  if (name === 'CredentialsProviderError') {
    return new MedicError('E_BUCKET_REFUSED', 'denied', 'no credentials were found for it');
  }
  const code = textOf(error, 'code');
  return new MedicError('E_BUCKET_UNREACHABLE', 'transient', SYSTEM_CODE.test(code) ? code : name);
}

async function orFail<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await untilAborted(signal, work);
  } catch (error) {
    signal.throwIfAborted();
    throw toBucketError(error);
  }
}

function assertBound(settings: BucketSettings, key: string, url: URL): void {
  const wanted = objectUrl(settings, key);
  if (url.origin !== wanted.origin || url.pathname !== wanted.pathname) {
    throw new MedicError('E_BUCKET_SETTINGS', 'terminal', 'its client builds another URL than the agents expect');
  }
  const signed = (url.searchParams.get('X-Amz-SignedHeaders') ?? '').split(';');
  const missing = SIGNED.filter((name) => !signed.includes(name));
  if (missing.length > 0) {
    throw new MedicError('E_BUCKET_SETTINGS', 'bug', `a presigned request does not sign ${missing.join(', ')}`);
  }
}

export function createS3Bucket(options: S3BucketOptions): Bucket {
  const { settings } = options;
  const { name: Bucket, encryption } = settings;
  const client = createClient(options);

  async function presign(key: string, bytes: number, sha256: string): Promise<PresignedPut> {
    const command = new PutObjectCommand({
      Bucket,
      Key: key,
      ContentLength: bytes,
      ChecksumSHA256: toBase64(sha256),
      ServerSideEncryption: encryption?.type,
      SSEKMSKeyId: encryption?.keyId,
    });
    const url = new URL(
      await getSignedUrl(client, command, {
        expiresIn: LIFE_SECONDS,
        unhoistableHeaders: new Set(['x-amz-checksum-sha256', ...ENCRYPTION]),
      }),
    );
    assertBound(settings, key, url);
    const headers = {
      'content-length': String(bytes),
      'x-amz-checksum-sha256': toBase64(sha256),
      ...(encryption === undefined ? {} : { 'x-amz-server-side-encryption': encryption.type }),
      ...(encryption?.keyId === undefined ? {} : { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyId }),
    };
    return { query: url.search.slice(1), headers };
  }

  return {
    presignPut: ({ key, bytes, sha256 }, signal) => orFail(signal, presign(key, bytes, sha256)),
    async find(key, signal): Promise<StoredObject | undefined> {
      try {
        const command = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' });
        const { ContentLength: bytes = -1, ChecksumSHA256: sum } = await client.send(command, { abortSignal: signal });
        return { bytes, ...(sum === undefined ? {} : { sha256: Buffer.from(sum, 'base64').toString('hex') }) };
      } catch (error) {
        signal.throwIfAborted();
        if (typeof error === 'object' && error !== null && statusOf(error) === 404) return undefined;
        throw toBucketError(error);
      }
    },
    async *read(key, signal): AsyncGenerator<Buffer> {
      const { Body } = await orFail(
        signal,
        client.send(new GetObjectCommand({ Bucket, Key: key }), { abortSignal: signal }),
      );
      if (Body === undefined || !(Symbol.asyncIterator in Body)) return;
      try {
        for await (const piece of Body) yield Buffer.from(piece);
      } catch (error) {
        signal.throwIfAborted();
        throw toBucketError(error);
      }
    },
  };
}
