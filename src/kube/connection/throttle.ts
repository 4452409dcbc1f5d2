/**
 * A server that is busy answers 429, and says for how long with Retry-After: it is then left alone, with every verb. All calls of
 * a process are one flow of its priority and fairness, so that what one call was told holds for the others.
 * Source: apiserver `pkg/server/filters/priority-and-fairness.go`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import { answerError } from '../errors.ts';
import type { HttpRequest, Transport } from './transport.ts';

interface Told {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body?: Buffer;
}

/** Calls that are made while the server wants none fail at once, `throttled`, with what is left of the time. */
export function throttled(transport: Transport, clock: Pick<Clock, 'monotonic'>): Transport {
  let quietUntil = Number.NEGATIVE_INFINITY;

  function assertWelcome({ what, isUrgent }: HttpRequest): void {
    const leftMs = quietUntil - clock.monotonic();
    if (isUrgent === true || leftMs <= 0) return;
    const message = `${what}: not sent: the API server is busy, and has asked to be left alone`;
    throw new MedicError('E_KUBE_THROTTLED', 'throttled', message, { retryAfterMs: leftMs });
  }

  function note({ passedOn, what }: HttpRequest, { status = 0, headers, body = Buffer.of() }: Told): void {
    if (status !== 429 || passedOn === true) return;
    const askedMs = answerError(what, { status, body, retryAfter: headers['retry-after'] }).retryAfterMs ?? 0;
    quietUntil = Math.max(quietUntil, clock.monotonic() + askedMs);
  }

  return {
    ...transport,
    async send(request, bound) {
      assertWelcome(request);
      const answer = await transport.send(request, bound);
      note(request, answer);
      return answer;
    },
    async open(request) {
      assertWelcome(request);
      const answer = await transport.open(request);
      note(request, { status: answer.statusCode, headers: answer.headers });
      return answer;
    },
  };
}
