/** The port `Post` on node:http and node:https, with a proxy from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { MedicError } from '../ports/errors.ts';
import type { Post, PostAnswer, PostRequest } from '../ports/outbound.ts';

/** Bytes of the head of an answer. */
const MAX_HEAD = 16 * 1024;
/**
 * A name is looked up on one of the four threads that also read files, the token of the API server among them, and a DNS that does
 * not answer holds it for long after we have given up.
 */
const MOST_LOOKUPS = 2;

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** Only the code: messages of Node may have the address, and those of TLS what the other side has sent. */
export function unreachableWords(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return CODE.test(code) ? code : 'the connection failed';
}

function unreachable(error: unknown): MedicError {
  return new MedicError('E_NOTIFY_UNREACHABLE', 'transient', unreachableWords(error));
}

/** The system's, for two names at once. */
export function createLookup(): LookupFunction {
  let pending = 0;
  return (hostname, options, callback) => {
    if (pending >= MOST_LOOKUPS) {
      const busy = Object.assign(new Error('too many names are being looked up'), { code: 'EAI_AGAIN' });
      process.nextTick(callback, busy, '', 0);
      return;
    }
    pending++;
    systemLookup(hostname, options, (error, address: string | LookupAddress[], family?: number) => {
      pending--;
      callback(error, address, family);
    });
  };
}

export type Env = Readonly<Record<string, string | undefined>>;

/** @param env of the process. */
export function createPost(env: Env): Post {
  const proxyEnv = { ...env };
  // Without TLS only the pod itself is asked: a proxy would read the token.
  const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent({ proxyEnv }) };
  const lookup = createLookup();

  return ({ url, headers, body, ca }: PostRequest, signal) =>
    new Promise<PostAnswer>((resolve, reject) => {
      const isTls = url.protocol === 'https:';
      const options = {
        method: 'POST',
        agent: isTls ? agents['https:'] : agents['http:'],
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
        lookup,
        maxHeaderSize: MAX_HEAD,
        signal,
        // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca }),
      };
      const fail = (error: unknown): void => {
        reject(unreachable(error));
      };
      try {
        const call = isTls ? httpsRequest(url, options) : httpRequest(url, options);
        call.on('error', fail);
        call.on('response', (answer) => {
          const retryAfter = answer.headers['retry-after'];
          resolve({ status: answer.statusCode ?? 0, ...(retryAfter === undefined ? {} : { retryAfter }) });
          answer.on('error', () => undefined);
          call.destroy();
        });
        call.end(body);
      } catch (error) {
        fail(error);
      }
    });
}
