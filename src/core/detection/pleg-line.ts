/**
 * What a text says of PLEG, wherever in it: the kubelet's list of what is wrong with it, the message of a Node condition, a
 * line that a person has pasted. Of a log that is followed only the kubelet's own words count: see kubelet-record.ts.
 *
 * Sources of the texts: k8s.io/kubernetes pkg/kubelet/runtime.go (`runtimeErrors`), pkg/kubelet/pleg/{generic,evented}.go
 * (`Healthy`), pkg/kubelet/kubelet.go (`syncLoop`), from 1.2 to 1.37.
 */
import { parseDuration } from '../time/duration.ts';
import { hintsAt, otherReasons, REACH } from './pleg-reasons.ts';

/** PLEG has not relisted for longer than the threshold. */
interface Breach {
  readonly kind: 'breach';
  readonly elapsedMs: number;
  /** As it was written: `3m3.21562057s`. */
  readonly elapsedText: string;
  readonly thresholdMs: number;
  readonly thresholdText: string;
  /** What else the kubelet found wrong, for example `container runtime is down`. */
  readonly otherReasons: readonly string[];
}

export type PlegLine =
  | Breach
  /** PLEG has never relisted since the kubelet started: normal for seconds, a fault after minutes. */
  | { readonly kind: 'never-relisted'; readonly otherReasons: readonly string[] }
  /** EventedPLEG's channel is full: unhealthy, without an elapsed time. */
  | { readonly kind: 'evented-full'; readonly events: number; readonly otherReasons: readonly string[] }
  /** `container runtime is down`, without a word of PLEG: it comes about a minute before a breach. */
  | { readonly kind: 'runtime-down' }
  /** `GenericPLEG: Unable to retrieve pods`: a relist has failed. */
  | { readonly kind: 'relist-failed' }
  /** A kubelet process has started. */
  | { readonly kind: 'kubelet-start' }
  | { readonly kind: 'none' };

const NONE: PlegLine = { kind: 'none' };

/** time.Duration's largest value: a relist time of zero, seen from now (kubernetes#69007). */
const SATURATED = '2562047h47m16.854775807s';

// Spaces may be doubled or broken where a line was wrapped by a terminal (kubernetes#93886).
const LAST_SEEN =
  /PLEG is not healthy:\s+pleg was last seen active\s+([-+0-9.hmsuµμn ]{2,40}?)\s*ago;\s+threshold is\s+([0-9.hmsuµμn]{2,40})/;
const NEVER = /PLEG is not healthy:\s+pleg has yet to be successful/;
const EVENTED_FULL =
  /EventedPLEG is not healthy:\s+(?:EventedPLEG: )?pleg event channel capacity is full with (\d{1,15}) events/;
const RUNTIME_DOWN = 'container runtime is down';
const RELIST_FAILED = 'GenericPLEG: Unable to retrieve pods';
const STARTS = ['"Kubelet version" kubeletVersion=', '"msg":"Kubelet version"', 'Starting kubelet main sync loop'];
/** A copy of a Node object in the HTTP log of `-v=8` says nothing new. */
const HTTP_BODY = /Re(?:quest|sponse) Body/;

/** Says what one line means. It never throws; the time is linear in the line's length, with a small factor. */
export function parsePlegLine(line: string): PlegLine {
  for (const at of hintsAt(line, 'PLEG is not healthy')) {
    const found = parseHealth(line, at);
    if (found.kind !== 'none') return found;
  }
  return parseOther(line);
}

function parseHealth(line: string, at: number): PlegLine {
  // The name may be `EventedPLEG`, so the window starts a little before the hint.
  const start = Math.max(0, at - REACH);
  const near = line.slice(start, at + REACH);
  if (HTTP_BODY.test(near) || HTTP_BODY.test(line.slice(0, 256))) return NONE;
  const seen = LAST_SEEN.exec(near);
  if (seen !== null) return breach(near, seen);
  const never = NEVER.exec(near);
  if (never !== null) return { kind: 'never-relisted', otherReasons: otherReasons(near, never) };
  const full = EVENTED_FULL.exec(near);
  if (full === null) return NONE;
  return { kind: 'evented-full', events: Number(full[1]), otherReasons: otherReasons(near, full) };
}

function breach(near: string, seen: RegExpExecArray): PlegLine {
  const elapsedText = (seen[1] ?? '').replaceAll(' ', '');
  const thresholdText = seen[2] ?? '';
  const others = otherReasons(near, seen);
  if (elapsedText === SATURATED) return { kind: 'never-relisted', otherReasons: others };
  const elapsedMs = parseDuration(elapsedText);
  const thresholdMs = parseDuration(thresholdText);
  if (elapsedMs === undefined || thresholdMs === undefined) return NONE;
  return { kind: 'breach', elapsedMs, elapsedText, thresholdMs, thresholdText, otherReasons: others };
}

function parseOther(line: string): PlegLine {
  if (line.includes(RELIST_FAILED)) return { kind: 'relist-failed' };
  if (line.includes(RUNTIME_DOWN)) return HTTP_BODY.test(line.slice(0, 256)) ? NONE : { kind: 'runtime-down' };
  if (STARTS.some((start) => line.includes(start))) return { kind: 'kubelet-start' };
  return NONE;
}
