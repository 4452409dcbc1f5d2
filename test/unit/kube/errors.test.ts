import { describe, expect, test } from '@jest/globals';
import { answerError, eventError, networkError } from '../../../src/kube/errors.ts';

function status(code: number, fields: Readonly<Record<string, unknown>>): { status: number; body: Buffer } {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, ...fields };
  return { status: code, body: Buffer.from(JSON.stringify(body)) };
}

describe('an answer of the API server', () => {
  test.each([
    [400, 'BadRequest', 'E_KUBE_INVALID', 'invalid'],
    [401, 'Unauthorized', 'E_KUBE_UNAUTHENTICATED', 'denied'],
    [403, 'Forbidden', 'E_KUBE_DENIED', 'denied'],
    [404, 'NotFound', 'E_KUBE_ABSENT', 'absent'],
    [405, 'MethodNotAllowed', 'E_KUBE_REFUSED', 'terminal'],
    [409, 'Conflict', 'E_KUBE_CONFLICT', 'conflict'],
    [409, 'AlreadyExists', 'E_KUBE_EXISTS', 'conflict'],
    [410, 'Expired', 'E_KUBE_EXPIRED', 'transient'],
    [422, 'Invalid', 'E_KUBE_INVALID', 'invalid'],
    [429, 'TooManyRequests', 'E_KUBE_THROTTLED', 'throttled'],
    [500, 'InternalError', 'E_KUBE_SERVER', 'transient'],
    [503, 'ServiceUnavailable', 'E_KUBE_SERVER', 'transient'],
    [504, 'Timeout', 'E_KUBE_SERVER', 'transient'],
  ])('%i %s is %s', (code, reason, expected, errorClass) => {
    const error = answerError('GET nodes/a', status(code, { reason, message: 'words' }));
    expect([error.code, error.class, error.message]).toEqual([expected, errorClass, 'GET nodes/a: words']);
  });

  test('names the fields that the server found at fault, once each', () => {
    const causes = [
      { field: 'spec.mode', message: 'Unsupported value' },
      { field: 'spec.paused', message: 'must be boolean' },
    ];
    const message = 'policy "a" is invalid: spec.mode: Unsupported value';
    const error = answerError('POST policies/a', status(422, { reason: 'Invalid', message, details: { causes } }));
    expect(error.message).toBe(`POST policies/a: ${message} (spec.paused: must be boolean)`);
  });

  test.each([
    ['the header', '7', {}, 7_000],
    ['the details before the header', '7', { retryAfterSeconds: 2 }, 2_000],
    ['at most five minutes', '86400', {}, 300_000],
    ['nothing from a header that is no number', 'soon', {}, undefined],
  ])('says when to come back: %s', (_what, retryAfter, details, expected) => {
    const answer = { ...status(429, { details }), retryAfter };
    expect(answerError('LIST nodes', answer).retryAfterMs).toBe(expected);
  });

  test('that is no Status is told by its HTTP status', () => {
    const error = answerError('LIST nodes', { status: 502, body: Buffer.from('<html>') });
    expect([error.code, error.message]).toEqual(['E_KUBE_SERVER', 'LIST nodes: HTTP 502']);
  });
});

describe('an ERROR event of a watch', () => {
  test('of code 410 says that history is gone', () => {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    expect(eventError('WATCH nodes', object).code).toBe('E_KUBE_EXPIRED');
  });

  test('that is no Status is transient', () => {
    expect(eventError('WATCH nodes', { kind: 'Node' }).class).toBe('transient');
  });
});

test('a host of which no address answers is told by its code', () => {
  const error = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
  expect(networkError('LIST nodes', error).message).toContain('ECONNREFUSED');
});

test.each([
  ['ECONNREFUSED', 'E_KUBE_UNREACHABLE', 'transient'],
  ['CERT_HAS_EXPIRED', 'E_KUBE_TLS', 'terminal'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'E_KUBE_TLS', 'terminal'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'E_KUBE_TLS', 'terminal'],
])('a request that ends with %s is %s', (code, expected, errorClass) => {
  const error = networkError('LIST nodes', Object.assign(new Error('words'), { code }));
  expect([error.code, error.class]).toEqual([expected, errorClass]);
});
