/** Who is let in to the page: other pages, other users of the machine and other names of it are not. */
import { describe, expect, test } from '@jest/globals';
import { refusalOfData, refusalOfPage } from '../../../../src/cli/ui/guard.ts';
import { DATA_HEADERS, PAGE_HEADERS } from '../../../../src/cli/ui/page/headers.ts';
import { TOKEN_HEADER } from '../../../../src/cli/ui/wire.ts';
import type { LocalRequest } from '../../../../src/ports/local-http.ts';

const DOOR = { port: 8901, token: 'A'.repeat(43) };
const HOST = '127.0.0.1:8901';

function ask(headers: LocalRequest['headers'], method = 'GET'): LocalRequest {
  return { method, path: '/api/events', body: '', headers: { host: HOST, [TOKEN_HEADER]: DOOR.token, ...headers } };
}

const POST = { origin: `http://${HOST}`, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };

describe('what is let in', () => {
  test.each<[string, LocalRequest]>([
    ['a request of the page', ask({ 'sec-fetch-site': 'same-origin' })],
    ['a program that has the token', ask({})],
    ['the other name of the same address', ask({ host: 'localhost:8901', origin: 'http://localhost:8901' })],
    ['a decision of the page', ask(POST, 'POST')],
  ])('%s', (_, request) => {
    expect(refusalOfData(request, DOOR)).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each<[string, number, LocalRequest]>([
    ['a name that was pointed at this machine', 421, ask({ host: 'evil.example:8901' })],
    ['a name that only ends like the own one', 421, ask({ host: 'evil.127.0.0.1:8901' })],
    ['another port', 421, ask({ host: '127.0.0.1:80' })],
    ['no Host', 421, ask({ host: undefined })],
    ['two Hosts in one', 421, ask({ host: `${HOST}, evil.example` })],
    ['another page', 403, ask({ ...POST, origin: 'https://evil.example' }, 'POST')],
    ['a page of another port, by a GET too', 403, ask({ origin: 'http://127.0.0.1:9999' })],
    ['a page of the same address by TLS', 403, ask({ ...POST, origin: `https://${HOST}` }, 'POST')],
    ['a page without an origin, such as a frame in a sandbox', 403, ask({ ...POST, origin: 'null' }, 'POST')],
    ['a decision without an origin', 403, ask({ ...POST, origin: undefined }, 'POST')],
    ['another method without an origin', 403, ask({}, 'DELETE')],
    ['what a browser says comes from another site', 403, ask({ 'sec-fetch-site': 'cross-site' })],
    ['what a browser says comes from another port', 403, ask({ 'sec-fetch-site': 'same-site' })],
    ['no token', 401, ask({ [TOKEN_HEADER]: undefined })],
    ['an empty token', 401, ask({ [TOKEN_HEADER]: '' })],
    ['a token that is right but for its end', 401, ask({ [TOKEN_HEADER]: `${'A'.repeat(42)}B` })],
    ['a token and more', 401, ask({ [TOKEN_HEADER]: `${DOOR.token}A` })],
    ['the token twice', 401, ask({ [TOKEN_HEADER]: `${DOOR.token}, ${DOOR.token}` })],
    ['a decision as a form, which any page may send', 415, ask({ ...POST, 'content-type': 'text/plain' }, 'POST')],
  ])('%s', (_, status, request) => {
    expect(refusalOfData(request, DOOR)?.status).toBe(status);
  });

  test('says nothing of the token', () => {
    for (const token of [undefined, 'x', `${DOOR.token}x`])
      expect(JSON.stringify(refusalOfData(ask({ [TOKEN_HEADER]: token }), DOOR))).not.toContain('AAAA');
  });

  test('the page itself under another name, and not without a token: it has no data', () => {
    expect(refusalOfPage(ask({ host: 'evil.example' }), DOOR)?.status).toBe(421);
    expect(refusalOfPage(ask({ [TOKEN_HEADER]: undefined }), DOOR)).toBeUndefined();
  });
});

test('nothing is kept by a browser, put into a frame, or told to others', () => {
  for (const headers of [PAGE_HEADERS, DATA_HEADERS]) {
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:|data:|blob:/);
  }
});
