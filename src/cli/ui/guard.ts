/**
 * Who may ask. The port is open to every user and every page of this machine: only who has the token gets data, and the token is
 * in no cookie, so that no other page and no server on another port is ever sent it. Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { LocalRequest } from '../../ports/local-http.ts';
import { TOKEN_HEADER } from './wire.ts';

export interface Refusal {
  readonly status: number;
  readonly why: string;
}

export interface Door {
  readonly port: number;
  readonly token: string;
}

/** What has no data of the cluster: the page itself. */
export function refusalOfPage({ headers }: LocalRequest, { port }: Door): Refusal | undefined {
  if (hostsOf(port).includes(headers['host'] ?? '')) return undefined;
  // A name that was pointed at this machine (DNS rebinding) is another origin in the eyes of a browser, and so is refused.
  return { status: 421, why: `This is served as http://127.0.0.1:${String(port)} alone.` };
}

export function refusalOfData(request: LocalRequest, door: Door): Refusal | undefined {
  const { method, headers } = request;
  const wrongHost = refusalOfPage(request, door);
  if (wrongHost !== undefined) return wrongHost;
  if (!isOwnOrigin(headers, method)) return { status: 403, why: 'Another page asks: only the own one may.' };
  if (!isToken(headers[TOKEN_HEADER], door.token)) {
    return { status: 401, why: 'The token is missing or of an earlier run: open the address that was printed.' };
  }
  if (method === 'POST' && headers['content-type'] !== 'application/json')
    return { status: 415, why: 'A decision is sent as JSON.' };
  return undefined;
}

function hostsOf(port: number): readonly string[] {
  return [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`];
}

/** A browser names the page that asks in each POST (Fetch: the Origin header), and its relation in each request. */
function isOwnOrigin(headers: LocalRequest['headers'], method: string): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return method === 'GET';
  return origin === `http://${headers['host'] ?? ''}`;
}

/** In a time that does not tell how much of it is right. */
function isToken(given: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(token));
}
