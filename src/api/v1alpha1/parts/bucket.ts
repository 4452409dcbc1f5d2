/** Evidence in a bucket: what an incident says of it, and how controller and agent speak of uploads in KubeletHealth. */
import * as z from 'zod/mini';
import { about, type CelRule, mapList, moment, text, whole } from '../../schema.ts';

/** Objects of one incident: as many as its evidence has entries. */
const MAX_BUCKET_OBJECTS = 64;

const BucketObject = z.object({
  key: text(160, 'Its name below `uri`: 16 digits of the checksum, and the name of the artifact.'),
  bytes: whole(0, 9007199254740991, 'Its size, in bytes.'),
  sha256: text(64, 'SHA-256 of its bytes, in hex.'),
});

/**
 * - `Waiting`: some of the evidence is not there yet; `message` says why.
 * - `Complete`: all that was saved is there.
 * - `GivenUp`: the rest will not come; `message` says why.
 */
const BucketState = z.enum(['Waiting', 'Complete', 'GivenUp']);

export const BucketRecord = z
  .object({
    state: BucketState.check(about('Whether all that was saved is there.')),
    at: moment('When that was so.'),
    uri: text(1024, 'The folder in the bucket, `s3://BUCKET/PREFIX/NODE/INCIDENT`.'),
    objects: mapList(
      BucketObject,
      'key',
      MAX_BUCKET_OBJECTS,
      'What is there, as the controller has seen it there itself.',
    ),
    message: z.optional(text(1024, 'What a person should know of it.')),
  })
  .check(about('Where its evidence is in the bucket (chart: `evidence.bucket`).'));
export type BucketRecord = z.infer<typeof BucketRecord>;

/** Of the status of an incident. */
export const BUCKET_RULES: readonly CelRule[] = [
  {
    rule: "!has(oldSelf.bucket) || (has(self.bucket) && (oldSelf.bucket.state == 'Waiting' || self.bucket == oldSelf.bucket))",
    message: 'what is in the bucket is said once',
  },
];

/** Characters of a sealed grant. */
export const MAX_SEALED = 16_384;

export const BucketGrant = z
  .object({
    id: text(36, 'A new one each time.'),
    sealed: text(
      MAX_SEALED,
      'Presigned requests, sealed for the key in `status.bucket`: nobody but that agent can read them (docs/adr/0018).',
    ),
  })
  .check(about('Leave to upload evidence into the bucket. It is there for as long as the upload takes.'));
export type BucketGrant = z.infer<typeof BucketGrant>;

export const BucketReport = z
  .object({
    // The API server checks the form; our own parser checks the length alone: what else the object says is heard all the same.
    key: z.string().check(
      z.maxLength(64),
      z.meta({
        description:
          'X25519 public key of the agent that runs now, in base64url. The private one is in its memory alone.',
        pattern: '^[A-Za-z0-9_-]{43}$',
      }),
    ),
    grant: z.optional(text(36, 'The `spec.bucket.id` that was carried out last.')),
    message: z.optional(text(512, 'What of it could not be uploaded, and why. Absent: all was.')),
  })
  .check(about('Uploads into the bucket. Absent: the agent has none, or is of an older version.'));
export type BucketReport = z.infer<typeof BucketReport>;
