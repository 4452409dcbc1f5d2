/**
 * Records of several lines: klog writes such a value as `key=<`, its lines behind a tab each, and ` >` (k8s.io/klog,
 * internal/serialize). A journal and a file have a line each.
 */
import { signerOf } from './kubelet-record.ts';

/** In characters and lines; the kubelet's list of what is wrong has a few. */
const MAX_RECORD = 16_384;
const MAX_LINES = 64;

export interface LogLine {
  readonly text: string;
  /** Who sent it; undefined: nobody says so. */
  readonly pid?: number | undefined;
}

/** A record whose end has not been read. */
export interface OpenRecord extends LogLine {
  readonly lines: number;
}

export interface Joined {
  readonly open: OpenRecord | undefined;
  /** What is to be read now; undefined: the record goes on, or was too long. */
  readonly record: string | undefined;
}

/** @param open what the last call gave. A line that goes on with nothing is a record of its own, whatever it says. */
export function joinLine(open: OpenRecord | undefined, { text, pid }: LogLine): Joined {
  const goesOn = open !== undefined && open.pid === pid && (text.startsWith('\t') || text.startsWith(' >'));
  if (goesOn) return continued(open, text);
  if (text.endsWith('=<') && signerOf(text) !== undefined) return { open: { text, pid, lines: 1 }, record: undefined };
  return { open: undefined, record: text };
}

function continued(open: OpenRecord, line: string): Joined {
  const text = `${open.text}\n${line}`;
  const lines = open.lines + 1;
  if (lines > MAX_LINES || text.length > MAX_RECORD) return { open: undefined, record: undefined };
  const isEnd = line.startsWith(' >') && !line.endsWith('=<');
  return isEnd ? { open: undefined, record: text } : { open: { ...open, text, lines }, record: undefined };
}
