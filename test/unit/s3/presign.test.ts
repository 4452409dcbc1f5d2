/** What the SDK of AWS signs, without a network: it must lead where agents go, and take no other bytes. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { BucketSettings } from '../../../src/core/evidence/bucket-settings.ts';
import type { PresignedPut } from '../../../src/ports/bucket.ts';
import { createS3Bucket } from '../../../src/s3/s3-bucket.ts';

const AWS = { name: 'my-evidence', region: 'eu-central-1' };
const OBJECT = { key: 'cluster-a/node-a/node-a-7f3k2/9f86d081884c7d65-a.gz', bytes: 7, sha256: 'ab'.repeat(32) };

beforeAll(() => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
});

async function presign(change: object = {}): Promise<PresignedPut> {
  const settings = BucketSettings.parse({ ...AWS, ...change });
  return await createS3Bucket({ settings, env: {} }).presignPut(OBJECT, new AbortController().signal);
}

const signed = ({ query }: PresignedPut): string => new URLSearchParams(query).get('X-Amz-SignedHeaders') ?? '';

describe('a presigned request', () => {
  // It is refused with E_BUCKET_SETTINGS where the SDK builds another URL than the agents.
  test.each([
    {},
    { region: 'cn-north-1' },
    { region: 'us-gov-west-1' },
    { pathStyle: true },
    { name: 'my.evidence' },
    { endpoint: 'https://minio.example.com:9000' },
    { endpoint: 'https://minio.example.com:9000', pathStyle: true },
    { endpoint: 'https://10.0.0.7:9000' },
    { endpoint: 'https://[fd00::7]:9000' },
    { endpoint: 'http://127.0.0.1:9000' },
    { endpoint: 'http://localhost:9000' },
    { endpoint: 'https://s3.eu-central-1.amazonaws.com' },
  ])('leads where the agents go, with %j', async (change) => {
    const { query, headers } = await presign(change);
    expect(signed({ query, headers })).toBe('content-length;host;x-amz-checksum-sha256');
    expect(headers).toEqual({ 'content-length': '7', 'x-amz-checksum-sha256': `${'q6ur'.repeat(10)}q6s=` });
    expect(new URLSearchParams(query).get('X-Amz-Expires')).toBe('900');
  });

  test('signs the encryption that is asked for', async () => {
    const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/0d1';
    const put = await presign({ encryption: { type: 'aws:kms', keyId } });
    expect(put.headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': keyId,
    });
    expect(signed(put).split(';')).toEqual(expect.arrayContaining(Object.keys(put.headers)));
  });

  test('has the token of a role, and never the secret key', async () => {
    process.env['AWS_SESSION_TOKEN'] = 'a-token/of+a=role';
    try {
      const { query } = await presign();
      expect(new URLSearchParams(query).get('X-Amz-Security-Token')).toBe('a-token/of+a=role');
      expect(decodeURIComponent(query)).not.toContain('wJalrXUtnFEMI');
    } finally {
      delete process.env['AWS_SESSION_TOKEN'];
    }
  });

  test('without credentials is refused, with words', async () => {
    const { AWS_ACCESS_KEY_ID: kept } = process.env;
    delete process.env['AWS_ACCESS_KEY_ID'];
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    try {
      await expect(presign()).rejects.toMatchObject({
        code: 'E_BUCKET_REFUSED',
        message: 'no credentials were found for it',
      });
    } finally {
      process.env['AWS_ACCESS_KEY_ID'] = kept;
      delete process.env['AWS_EC2_METADATA_DISABLED'];
    }
  });
});
