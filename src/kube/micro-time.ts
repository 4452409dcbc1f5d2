/**
 * Kubernetes' MicroTime: RFC 3339 with exactly six digits of a second; the API server refuses three (kubernetes#141204).
 */
export function toMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
