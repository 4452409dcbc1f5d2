import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_SEALED } from '../../../src/api/v1alpha1/parts/bucket.ts';
import {
  createGrantKey,
  type Grant,
  GRANT_OBJECTS,
  type GrantedPut,
  openGrant,
  sealGrant,
} from '../../../src/core/evidence/sealed-grant.ts';

const CONTEXT = { node: 'node-a', id: 'x1-7' };

function aPut(change: Partial<GrantedPut> = {}): GrantedPut {
  const headers = { 'content-length': '12', 'x-amz-checksum-sha256': 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=' };
  return {
    file: 'kubelet.log.gz',
    bytes: 12,
    sha256: 'ab'.repeat(32),
    query: 'X-Amz-Signature=abc',
    headers,
    ...change,
  };
}

const GRANT: Grant = { incident: 'node-a-7f3k2', puts: [aPut()] };
const key = createGrantKey();

describe('a grant', () => {
  test('is opened by the agent for which it was sealed, and says nothing to others', () => {
    const sealed = sealGrant(key.publicKey, CONTEXT, GRANT);
    expect(openGrant(key, CONTEXT, sealed)).toEqual(GRANT);
    expect(Buffer.from(sealed, 'base64').includes('Signature')).toBe(false);
    expect(openGrant(createGrantKey(), CONTEXT, sealed)).toBeUndefined();
  });

  test('is another text each time', () => {
    expect(sealGrant(key.publicKey, CONTEXT, GRANT)).not.toBe(sealGrant(key.publicKey, CONTEXT, GRANT));
  });

  test.each([
    ['another node', { ...CONTEXT, node: 'node-b' }],
    ['another grant', { ...CONTEXT, id: 'x2-7' }],
    ['names that read the same side by side', { node: 'node-ax1', id: '-7' }],
  ])('is not for %s', (_, context) => {
    expect(openGrant(key, context, sealGrant(key.publicKey, CONTEXT, GRANT))).toBeUndefined();
  });

  test('is refused when any of its bits is another one', () => {
    const sealed = Buffer.from(sealGrant(key.publicKey, CONTEXT, GRANT), 'base64');
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const other = Buffer.from(sealed);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // The highest bit of a point of X25519 is not looked at (RFC 7748, 5), but it is in the derivation.
        return openGrant(key, CONTEXT, other.toString('base64')) === undefined;
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['nothing', ''],
    ['a key alone', Buffer.alloc(32, 9).toString('base64')],
    ['a key of low order, whose secret everybody knows', Buffer.alloc(200).toString('base64')],
    ['random bytes', Buffer.alloc(300, 77).toString('base64')],
    ['no base64', '%%%%'],
  ])('is none: %s', (_, sealed) => {
    expect(openGrant(key, CONTEXT, sealed)).toBeUndefined();
  });

  test.each(['', 'AAAA', 'x'.repeat(64), Buffer.alloc(32).toString('base64url')])(
    'is not sealed for what is no key (%s)',
    (text) => {
      expect(() => sealGrant(text, CONTEXT, GRANT)).toThrow();
    },
  );

  test.each([
    ['a header that is not of an upload', aPut({ headers: { authorization: 'x' } as never })],
    ['a header with two lines', aPut({ headers: { 'content-length': '1\r\nhost: evil' } })],
    ['a query that is none', aPut({ query: 'a#b' })],
    ['a query with a space', aPut({ query: 'a b' })],
    ['a checksum that is none', aPut({ sha256: '../../..' })],
    ['a size that is none', aPut({ bytes: -1 })],
  ])('with %s is refused as a whole', (_, put) => {
    expect(openGrant(key, CONTEXT, sealGrant(key.publicKey, CONTEXT, { ...GRANT, puts: [put] }))).toBeUndefined();
  });

  test('of one object too many is refused', () => {
    const puts = Array.from({ length: GRANT_OBJECTS + 1 }, () => aPut());
    expect(openGrant(key, CONTEXT, sealGrant(key.publicKey, CONTEXT, { ...GRANT, puts }))).toBeUndefined();
  });

  test('that unpacks to more than a grant can be is refused', () => {
    const large = { ...GRANT, incident: 'a'.repeat(50_000_000) };
    expect(openGrant(key, CONTEXT, sealGrant(key.publicKey, CONTEXT, large))).toBeUndefined();
  });

  test('of as many objects as there can be, with the token of a role, fits its field', () => {
    const random = (length: number): string =>
      Array.from(
        { length },
        (_, at) => 'abcdefghijklmnopqrstuvwxyz0123456789'[(at * 7919 + length * 31 + ((at * at) % 97)) % 36],
      ).join('');
    const token = Buffer.from(Array.from({ length: 1_500 }, (_, at) => (at * at * 31 + 7 * at) & 255))
      .toString('hex')
      .slice(0, 2_000);
    const puts = Array.from({ length: GRANT_OBJECTS }, (_, at) =>
      aPut({
        query: `X-Amz-Security-Token=${token}&X-Amz-Signature=${random(64 + at)}`,
        file: `${random(40)}-${String(at)}.txt.gz`,
      }),
    );
    expect(sealGrant(key.publicKey, CONTEXT, { ...GRANT, puts }).length).toBeLessThan(MAX_SEALED);
  });
});
