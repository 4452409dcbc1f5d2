/** A window of a log in files, read from its end: a file that is flooded has its newest lines, and holds nothing up. */
import { lineTime } from '../../core/time/line-time.ts';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Collected } from '../../ports/host.ts';
import { type LogFile, matchingFiles } from '../log/rotated-files.ts';
import { lastPart } from '../log/journal.ts';
import { lineStart, openTail } from '../log/tail-file.ts';
import { hostTimeZone } from '../log/time-zone.ts';
import type { HostNamespaces } from '../namespaces.ts';

export interface FileWindow {
  readonly since: number;
  readonly until: number;
  readonly maxBytes: number;
}

interface Part {
  readonly text: Buffer;
  /** Bytes of the file before it that may be of the window too. */
  readonly unread: number;
}

/** The time that a line begins with, milliseconds since 1970. */
type TimeOf = (line: string) => number | undefined;

const TOO_LONG = '... a line of more than 1 MiB is left out ...';

/** @throws `E_LOG_UNREADABLE` if no file of that time matches, `E_HOST_READ`. */
export async function readFileWindow(
  { hostRoot, clock }: Pick<HostNamespaces, 'hostRoot'> & { readonly clock: Clock },
  pattern: string,
  window: FileWindow,
  signal: AbortSignal,
): Promise<Collected> {
  const zone = await hostTimeZone(hostRoot, signal);
  const files = (await matchingFiles(hostRoot, pattern, signal)).filter((f) => f.modifiedAt >= window.since);
  if (files.length === 0) throw new MedicError('E_LOG_UNREADABLE', 'terminal', `no file matches ${pattern}`);
  const now = clock.now();
  const timeOf: TimeOf = (line) => lineTime(line, now, zone);
  const parts: Part[] = [];
  let left = window.maxBytes;
  for (const file of files.toReversed()) {
    const part = left > 0 ? await newestOf(file, { window, left, timeOf }, signal) : unread(file);
    parts.unshift(part);
    left -= part.text.length;
  }
  const text = Buffer.concat(parts.map((part) => part.text));
  const total = parts.reduce((sum, part) => sum + part.unread, text.length);
  return lastPart(text, { maxBytes: window.maxBytes, total });
}

function unread({ size }: LogFile): Part {
  return { text: Buffer.alloc(0), unread: size };
}

interface Reading {
  readonly window: FileWindow;
  /** Bytes that may still be kept. */
  readonly left: number;
  readonly timeOf: TimeOf;
}

/** A line without a time goes with the line before; where reading begins amidst a file, with the window. */
async function newestOf(file: LogFile, { window, left, timeOf }: Reading, signal: AbortSignal): Promise<Part> {
  const start = await lineStart(file.path, Math.max(0, file.size - left));
  const lines: string[] = [];
  let isInside = start > 0;
  let sawOlder = false;
  const tail = await openTail(file.path, start);
  try {
    for await (const { text = TOO_LONG, end } of tail.read()) {
      signal.throwIfAborted();
      const at = timeOf(text);
      sawOlder ||= at !== undefined && at < window.since;
      if (at !== undefined) isInside = at >= window.since && at <= window.until;
      if (isInside) lines.push(`${text}\n`);
      // What has been written since is not of this window.
      if (end >= file.size) break;
    }
  } finally {
    await tail.close();
  }
  return { text: Buffer.from(lines.join('')), unread: sawOlder ? 0 : start };
}
