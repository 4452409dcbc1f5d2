/** Errors with a stable code. Each adapter maps what it meets to one of these, once, at its edge. */
import type { ErrorCode } from '../api/v1alpha1/words/error-codes.ts';

/**
 * What a caller can do about it:
 * - `absent`: the thing is not there;
 * - `conflict`: somebody else wrote first: read again, decide again;
 * - `throttled`: wait `retryAfterMs`, then again;
 * - `transient`: again, with backoff;
 * - `denied`: not allowed, and again will not help until a person changes something;
 * - `invalid`: refused as malformed;
 * - `terminal`: again will not help;
 * - `bug`: this should not be possible.
 */
export type ErrorClass = 'absent' | 'conflict' | 'throttled' | 'transient' | 'denied' | 'invalid' | 'terminal' | 'bug';

export class MedicError extends Error {
  /** Stable, for programs and for the reference: `E_KUBE_CONFLICT`, `E_CRI_DEADLINE`, ... */
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    errorClass: ErrorClass,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MedicError';
    this.code = code;
    this.class = errorClass;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function isMedicError(error: unknown, ...classes: readonly ErrorClass[]): error is MedicError {
  return error instanceof MedicError && (classes.length === 0 || classes.includes(error.class));
}
