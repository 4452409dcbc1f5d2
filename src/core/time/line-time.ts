/** When a line of a log file was written, from what it says itself. */

/**
 * Minutes that a time zone is ahead of UTC at a moment. klog writes local time without a zone, so its reader has to
 * know the host's.
 */
export type OffsetAt = (wallMs: number) => number;

export const UTC: OffsetAt = () => 0;

/** klog's header: `E1124 10:09:33.815416      95 kubelet.go:2646] `. No year, no zone (k8s.io/klog). */
const KLOG = /(?:^|[\s:])[IWEF](\d{2})(\d{2}) (\d{2}):(\d{2}):(\d{2})\.(\d{6})\s+\d+ [\w.-]+:\d+\]/;
/** klog's JSON: `{"ts":1745319662553.902,` in milliseconds (k8s.io/component-base/logs/json). */
const JSON_TS = /^\s*\{"ts":(\d{13}(?:\.\d+)?)[,}]/;
/** As journald and the CRI put it before a line. */
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?)(Z|[+-]\d{2}:?\d{2})?/;
/** The field of logrus: containerd, CRI-O, dockerd. A kubelet line may quote it, so klog's header goes before it. */
const LOGRUS = /\btime="(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}:?\d{2})"/;

/**
 * Milliseconds since 1970; undefined if the line has no time. `nearMs` is about now: it gives the year.
 * Only the first 256 characters are looked at.
 */
export function lineTime(line: string, nearMs: number, offsetAt: OffsetAt): number | undefined {
  const head = line.slice(0, 256);
  const json = JSON_TS.exec(head);
  if (json !== null) return Number(json[1]);
  const rfc = RFC3339.exec(head);
  if (rfc !== null) return rfcTime(rfc, offsetAt);
  const klog = KLOG.exec(head);
  if (klog !== null) return klogTime(klog, nearMs, offsetAt);
  const logrus = LOGRUS.exec(head);
  return logrus === null ? undefined : rfcTime(logrus, offsetAt);
}

/** Without a zone it is local time. */
function rfcTime(rfc: RegExpExecArray, offsetAt: OffsetAt): number | undefined {
  const zone = rfc[3];
  const ms = Date.parse(`${rfc[1] ?? ''}T${(rfc[2] ?? '').replace(',', '.')}${withColon(zone ?? 'Z')}`);
  if (Number.isNaN(ms)) return undefined;
  return zone === undefined ? inZone(ms, offsetAt) : ms;
}

/** Takes the host's zone off a wall time that was read as UTC. */
function inZone(wallMs: number, offsetAt: OffsetAt): number {
  return wallMs - offsetAt(wallMs - offsetAt(wallMs) * 60_000) * 60_000;
}

function withColon(zone: string): string {
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
}

/** Month, day, hour, minute, second: the largest that each can be. */
const LARGEST = [12, 31, 23, 59, 60];

function klogTime(klog: RegExpExecArray, nearMs: number, offsetAt: OffsetAt): number | undefined {
  const parts = klog.slice(1).map(Number);
  const isTime = LARGEST.every((largest, i) => (parts[i] ?? 0) >= (i < 2 ? 1 : 0) && (parts[i] ?? 0) <= largest);
  if (!isTime) return undefined;
  return inZone(nearestYear(parts, nearMs), offsetAt);
}

/** A line of 31 December, read in January, is of the old year. */
function nearestYear(parts: readonly number[], nearMs: number): number {
  const [month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0] = parts;
  const year = new Date(nearMs).getUTCFullYear();
  const candidates = [year - 1, year, year + 1].map(
    (y) => Date.UTC(y, month - 1, day, hour, minute, second) + micros / 1000,
  );
  return candidates.reduce((a, b) => (Math.abs(b - nearMs) < Math.abs(a - nearMs) ? b : a));
}
