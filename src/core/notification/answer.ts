/** What an answer of a receiver means. Its text is never read: it may be hostile, or repeat a secret. */

export type Verdict =
  | { readonly kind: 'sent' }
  /** Of any message. `afterMs`: what the receiver has asked for. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number }
  /** Of this message: others may be taken. */
  | { readonly kind: 'refused'; readonly why: string };

/** No receiver keeps us quiet for longer, in milliseconds. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** PagerDuty: 400 "invalid event"; Slack: 400 `invalid_payload`, 413. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);

/** RFC 9110, 10.2.3: seconds or a date. undefined: neither. */
function waitOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.length > 64) return undefined;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined;
}

/** @param retryAfter the header, as it came. */
export function verdictOf(status: number, retryAfter: string | undefined, now: number): Verdict {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const why = `answered ${status}`;
  if (REFUSED.has(status)) return { kind: 'refused', why };
  if (status >= 300 && status < 400) return { kind: 'later', why: `${why}: redirects are not followed` };
  const afterMs = waitOf(retryAfter, now);
  return { kind: 'later', why, ...(afterMs === undefined ? {} : { afterMs }) };
}
