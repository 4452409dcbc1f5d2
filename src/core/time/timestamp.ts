/** Points in time as Kubernetes writes them, from and to milliseconds since 1970. */

/** RFC 3339 to the second, as Kubernetes writes it. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** RFC 3339 with milliseconds, for what is measured. */
export function toPreciseTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since 1970; undefined for an absent or malformed time. */
export function fromTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Kubernetes' MicroTime: RFC 3339 with exactly six digits of a second; the API server refuses three (kubernetes#141204).
 */
export function toMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
