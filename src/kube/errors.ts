/** Every failure of the Kubernetes API, mapped once to a MedicError with a stable code. */
import * as z from 'zod/mini';
import type { ErrorCode } from '../api/v1alpha1/words/error-codes.ts';
import { isMedicError, MedicError, type ErrorClass } from '../ports/errors.ts';

/** Kubernetes: `metav1.Status`, as far as we read it. */
const Status = z.object({
  kind: z.literal('Status'),
  message: z._default(z.string(), ''),
  reason: z._default(z.string(), ''),
  code: z._default(z.number(), 0),
  details: z.optional(
    z.object({
      retryAfterSeconds: z.optional(z.number()),
      causes: z._default(
        z.array(z.object({ field: z._default(z.string(), ''), message: z._default(z.string(), '') })),
        [],
      ),
    }),
  ),
});
export type Status = z.infer<typeof Status>;

/** undefined: the body is no Status. */
export function parseStatus(body: Buffer | string): Status | undefined {
  try {
    return Status.parse(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The Retry-After header, in seconds. */
  readonly retryAfter?: string | undefined;
}

/** What was asked, for the message: `PATCH kubeletincidents/a/status`. */
export type What = string;

/** An answer with a status of 400 or more. */
export function answerError(what: What, answer: Answer): MedicError {
  const status = parseStatus(answer.body);
  return statusError(what, answer.status, status, answer.retryAfter);
}

/** An ERROR event of a watch, which arrives with HTTP status 200. */
export function eventError(what: What, object: unknown): MedicError {
  const parsed = Status.safeParse(object);
  if (!parsed.success) {
    return new MedicError('E_KUBE_SERVER', 'transient', `${what}: the watch reported an error that is no Status`);
  }
  return statusError(what, parsed.data.code, parsed.data, undefined);
}

const CODES: Readonly<Record<number, readonly [code: ErrorCode, errorClass: ErrorClass]>> = {
  400: ['E_KUBE_INVALID', 'invalid'],
  401: ['E_KUBE_UNAUTHENTICATED', 'denied'],
  403: ['E_KUBE_DENIED', 'denied'],
  404: ['E_KUBE_ABSENT', 'absent'],
  409: ['E_KUBE_CONFLICT', 'conflict'],
  410: ['E_KUBE_EXPIRED', 'transient'],
  413: ['E_KUBE_INVALID', 'invalid'],
  415: ['E_KUBE_INVALID', 'invalid'],
  422: ['E_KUBE_INVALID', 'invalid'],
  429: ['E_KUBE_THROTTLED', 'throttled'],
};

function statusError(
  what: What,
  httpStatus: number,
  status: Status | undefined,
  retryAfter: string | undefined,
): MedicError {
  const [code, errorClass] = classify(httpStatus, status);
  const retryAfterMs = retryAfterOf(status, retryAfter);
  return new MedicError(
    code,
    errorClass,
    `${what}: ${describe(httpStatus, status)}`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

function classify(httpStatus: number, status: Status | undefined): readonly [ErrorCode, ErrorClass] {
  if (status?.reason === 'AlreadyExists') return ['E_KUBE_EXISTS', 'conflict'];
  const known = CODES[httpStatus];
  if (known !== undefined) return known;
  return httpStatus >= 500 ? ['E_KUBE_SERVER', 'transient'] : ['E_KUBE_REFUSED', 'terminal'];
}

function describe(httpStatus: number, status: Status | undefined): string {
  if (status === undefined) return `HTTP ${httpStatus}`;
  const named = (status.details?.causes ?? []).filter((cause) => cause.field !== '');
  const missing = named.filter((cause) => !status.message.includes(cause.field));
  const causes = missing.map((cause) => `${cause.field}: ${cause.message}`).join('; ');
  const message = status.message === '' ? `HTTP ${httpStatus} ${status.reason}` : status.message;
  return (causes === '' ? message : `${message} (${causes})`).slice(0, 2048);
}

function retryAfterOf(status: Status | undefined, header: string | undefined): number | undefined {
  const seconds = status?.details?.retryAfterSeconds ?? Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 300) * 1000 : undefined;
}

const STALE_WORDS = ['the server rejected our request due to an error in our request', 'metadata.uid: Invalid value'];

/**
 * Refusals that mean "the object is not what the caller saw" but come as 422: a JSON patch whose `test` failed or whose
 * path is not there, and a patch or apply for another uid.
 * Source: apiserver `pkg/endpoints/handlers/patch.go` (applyJSPatch), apimachinery `ValidateObjectMetaUpdate`.
 */
export function patchError(error: unknown): unknown {
  if (!isMedicError(error, 'invalid') || !STALE_WORDS.some((words) => error.message.includes(words))) return error;
  return new MedicError('E_KUBE_CONFLICT', 'conflict', error.message, { cause: error });
}

/** Node's and OpenSSL's codes for a certificate that does not fit. Again will not help until a person changes something. */
const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** A request that got no answer. */
export function networkError(what: What, error: unknown): MedicError {
  if (error instanceof MedicError) return error;
  const { code, message } = describeCause(error);
  if (TLS_CODE.test(code)) {
    return new MedicError('E_KUBE_TLS', 'terminal', `${what}: the API server's certificate is not good: ${message}`, {
      cause: error,
    });
  }
  return new MedicError('E_KUBE_UNREACHABLE', 'transient', `${what}: the API server cannot be reached: ${message}`, {
    cause: error,
  });
}

const Cause = z.object({ code: z._default(z.string(), ''), message: z.string() });

function describeCause(error: unknown): z.infer<typeof Cause> {
  const cause = Cause.safeParse(error);
  if (!cause.success) return { code: '', message: String(error) };
  const { code, message } = cause.data;
  // A host with several addresses fails with an AggregateError, which has a code but no words.
  return { code, message: message === '' ? code : message };
}

/** An answer that is not what the API promises. */
export function malformedError(what: What, error: unknown): MedicError {
  const message = error instanceof Error ? error.message : String(error);
  return new MedicError('E_KUBE_MALFORMED', 'invalid', `${what}: the answer is malformed: ${message.slice(0, 1024)}`, {
    cause: error,
  });
}
