/** A bucket in memory that checks what S3 checks, and fails as a test says. The real one is in test/integration/bucket. */
import { BucketSettings, folderOf, objectUrl } from '../../src/core/evidence/bucket-settings.ts';
import { sha256 } from '../../src/core/evidence/manifest.ts';
import type { Bucket, Put, PutAnswer } from '../../src/ports/bucket.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { MedicError } from '../../src/ports/errors.ts';

/**
 * - `unreachable`: no connection. `hanging`: no answer. `denied`: 403 for everything. `skewed`: it refuses the time of requests.
 * - `moved`: it sends elsewhere (307). `full`: it takes nothing. `lying`: it says 200 and keeps nothing.
 */
export type BucketFault = 'unreachable' | 'hanging' | 'denied' | 'skewed' | 'moved' | 'full' | 'lying';

export interface FakeBucket {
  readonly settings: BucketSettings;
  readonly client: Bucket;
  /** Of one agent. */
  put(clock: Clock): Put;
  fail(fault: BucketFault | undefined): void;
  readonly objects: Map<string, Buffer>;
  /** What only one agent may know. */
  readonly secret: string;
  /** Most uploads that were under way at once. */
  mostAtOnce(): number;
  /** Keys in the order in which they were put. */
  readonly puts: readonly string[];
}

const ANSWERS: Readonly<Partial<Record<BucketFault, PutAnswer>>> = {
  denied: { status: 403, code: 'AccessDenied' },
  skewed: { status: 403, code: 'RequestTimeTooSkewed' },
  moved: { status: 307, code: 'TemporaryRedirect' },
  full: { status: 507, code: 'InsufficientStorage' },
  lying: { status: 200 },
};

export function createFakeBucket(ofController: Clock, uploadMs = 200): FakeBucket {
  const settings = BucketSettings.parse({ name: 'evidence', region: 'eu-central-1', prefix: 'cluster-a/' });
  const secret = 'X-Amz-Signature=3f786850e387550fdab836ed7e6dc881de23001b';
  const objects = new Map<string, Buffer>();
  const puts: string[] = [];
  let fault: BucketFault | undefined;
  let [now, most] = [0, 0];

  async function failing(clock: Clock, signal: AbortSignal): Promise<void> {
    if (fault === 'hanging') await clock.sleep(1e9, signal);
    if (fault === 'unreachable') throw new MedicError('E_BUCKET_UNREACHABLE', 'transient', 'ECONNREFUSED');
  }

  async function answering(signal: AbortSignal): Promise<void> {
    await failing(ofController, signal);
    const answer = fault === undefined || fault === 'lying' || fault === 'full' ? undefined : ANSWERS[fault];
    if (answer !== undefined) {
      throw new MedicError('E_BUCKET_REFUSED', 'denied', `status ${String(answer.status)} ${answer.code ?? ''}`);
    }
  }

  return {
    settings,
    objects,
    secret,
    puts,
    mostAtOnce: () => most,
    fail(next): void {
      fault = next;
    },
    client: {
      presignPut: async ({ key, bytes, sha256: sum }) => ({
        query: `key=${encodeURIComponent(key)}&${secret}`,
        headers: {
          'content-length': String(bytes),
          'x-amz-checksum-sha256': Buffer.from(sum, 'hex').toString('base64'),
        },
      }),
      async find(key, signal) {
        await answering(signal);
        const found = objects.get(key);
        return found === undefined ? undefined : { bytes: found.length, sha256: sha256(found) };
      },
      async *read(key, signal) {
        await answering(signal);
        const found = objects.get(key);
        if (found === undefined) throw new MedicError('E_BUCKET_REFUSED', 'denied', 'status 404 NoSuchKey');
        for (let at = 0; at < found.length; at += 100_000) yield found.subarray(at, at + 100_000);
      },
    },
    put: (clock) => async (request, signal) => {
      now += 1;
      most = Math.max(most, now);
      try {
        await failing(clock, signal);
        await clock.sleep(uploadMs, signal);
        const pieces: Buffer[] = [];
        for await (const piece of request.body) pieces.push(piece);
        const answer = fault === undefined ? undefined : ANSWERS[fault];
        if (answer !== undefined) return answer;
        const bytes = Buffer.concat(pieces);
        const key = new URLSearchParams(request.url.search).get('key') ?? '';
        const url = objectUrl(settings, key);
        if (url.origin + url.pathname !== request.url.origin + request.url.pathname)
          return { status: 403, code: 'SignatureDoesNotMatch' };
        if (Buffer.from(sha256(bytes), 'hex').toString('base64') !== request.headers['x-amz-checksum-sha256'])
          return { status: 400, code: 'BadDigest' };
        puts.push(key);
        objects.set(key, bytes);
        return { status: 200 };
      } finally {
        now -= 1;
      }
    },
  };
}

export function folderIn({ settings }: FakeBucket, node: string, incident: string): string {
  return folderOf(settings, node, incident) ?? '';
}
