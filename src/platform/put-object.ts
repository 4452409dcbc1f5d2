/** The port `Put` on node:http and node:https, with a proxy from the environment (HTTPS_PROXY, NO_PROXY). */
import { once } from 'node:events';
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Put, PutAnswer, PutRequest } from '../ports/bucket.ts';
import { MedicError } from '../ports/errors.ts';
import { createLookup, type Env, unreachableWords } from './outbound.ts';

/** Bytes of the head of an answer, and of what is read of its text. */
const MAX_HEAD = 16 * 1024;
const MAX_TEXT = 4 * 1024;

/** S3: "Error responses". Nothing else of what the other side says is told. */
const CODE = /<Code>([A-Za-z][A-Za-z0-9.]{0,63})<\/Code>/;

async function answerOf(response: IncomingMessage): Promise<PutAnswer> {
  const status = response.statusCode ?? 0;
  response.setEncoding('latin1');
  let text = '';
  for await (const piece of response) {
    text = `${text}${String(piece)}`.slice(0, MAX_TEXT);
    if (text.length === MAX_TEXT) break;
  }
  const code = CODE.exec(text)?.[1];
  return { status, ...(code === undefined ? {} : { code }) };
}

/** One piece is in memory, and the next one is asked for when the socket has room. */
async function send(call: ClientRequest, body: PutRequest['body'], signal: AbortSignal): Promise<void> {
  for await (const piece of body) {
    if (!call.write(piece)) await once(call, 'drain', { signal });
  }
  call.end();
}

/** A server may answer before it has read all, and hang up: then the answer counts, and not that the rest could not be sent. */
async function exchange(call: ClientRequest, body: PutRequest['body'], stop: AbortController): Promise<PutAnswer> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
  });
  const sent = send(call, body, stop.signal);
  sent.catch((error: unknown) => {
    call.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    return await answerOf(await answered);
  } finally {
    stop.abort(new Error('it is answered'));
    await sent.catch(() => undefined);
  }
}

/** @param ca PEM, in place of the certificates that the system trusts. */
export function createPut(env: Env, ca: string | undefined): Put {
  const trust = ca === undefined ? {} : { ca };
  const agents = { http: new HttpAgent(), https: new HttpsAgent({ proxyEnv: { ...env }, ...trust }) };
  const lookup = createLookup();

  return async ({ url, headers, body }, signal) => {
    const isTls = url.protocol === 'https:';
    const stop = new AbortController();
    const options = {
      method: 'PUT',
      agent: isTls ? agents.https : agents.http,
      headers: { ...headers, 'user-agent': 'kubelet-medic', connection: 'close' },
      lookup,
      maxHeaderSize: MAX_HEAD,
      signal,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      ...trust,
    };
    const call = isTls ? httpsRequest(url, options) : httpRequest(url, options);
    try {
      const answer = await exchange(call, body, stop);
      // An answer that was cut off by the signal is none.
      signal.throwIfAborted();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MedicError) throw error;
      throw new MedicError('E_BUCKET_UNREACHABLE', 'transient', unreachableWords(error));
    } finally {
      call.destroy();
    }
  };
}
