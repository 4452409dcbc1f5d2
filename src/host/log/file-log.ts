/**
 * The kubelet's log in files. A cursor is `device:inode:offset`, so a file is known again after it was renamed. The old
 * file is read to its end before the new one is begun.
 */
import { lineTime, type OffsetAt } from '../../core/time/line-time.ts';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { LogRecord, LogSource } from '../../ports/host.ts';
import { findByIdentity, type LogFile, matchingFiles } from './rotated-files.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { lineStart, openTail, type Tail, type TailLine } from './tail-file.ts';
import { hostTimeZone } from './time-zone.ts';

export interface FileLogOptions {
  readonly namespaces: HostNamespaces;
  readonly clock: Clock;
  /** `/var/log/kubelet.log`, `/var/log/kubelet*.log`: a path of the host. */
  readonly pattern: string;
}

const POLL_MS = 500;
/** What is farther behind the end of a log, at first or since it grows faster than it is read, is not looked at. */
const MAX_BACKLOG = 268_435_456;
/** How far before the end of such a log it is read on. */
const READ_ON_BEFORE = 1_048_576;
/** Between a rename and the new file there may be a moment without any. */
const MAX_MISSING_MS = 60_000;
const MAX_REMEMBERED = 64;

interface Position {
  readonly file: LogFile;
  readonly offset: number;
  /** Lines that were written before are left out. */
  readonly since: number;
  readonly lost: string;
}

export function createFileLogSource(options: FileLogOptions): LogSource {
  const { namespaces, pattern } = options;

  async function start(cursor: string | undefined, since: number, signal: AbortSignal): Promise<Position> {
    const files = await matchingFiles(namespaces.hostRoot, pattern, signal);
    const known = cursor === undefined ? undefined : await resume(files, cursor, signal);
    if (known !== undefined) return known;
    // The oldest file that can hold lines of that time.
    const file = files.find((f) => f.modifiedAt >= since) ?? files.at(-1);
    if (file === undefined) throw unreadable(`no file matches ${pattern}`);
    const offset = await lineStart(file.path, Math.max(0, file.size - MAX_BACKLOG));
    const lost = cursor === undefined ? '' : 'the file that was being read is gone';
    return { file, offset, since, lost };
  }

  async function resume(files: readonly LogFile[], cursor: string, signal: AbortSignal): Promise<Position | undefined> {
    const found = /^(\d+:\d+):(\d{1,15})$/.exec(cursor);
    if (found === null) return undefined;
    const [, identity = '', offsetText] = found;
    const file =
      files.find((f) => f.identity === identity) ??
      (await findByIdentity(namespaces.hostRoot, pattern, identity, signal));
    if (file === undefined) return undefined;
    const offset = Number(offsetText);
    // Shorter than what was read: truncated and begun anew. Inside a line: another file has taken over the inode.
    const isSame = offset <= file.size && (await lineStart(file.path, offset)) === offset;
    return { file, offset: isSame ? offset : 0, since: 0, lost: '' };
  }

  return {
    description: `file:${pattern}`,
    async *follow(from, signal): AsyncGenerator<LogRecord> {
      const zone = await hostTimeZone(namespaces.hostRoot, signal);
      const position = await start(from.cursor, from.since, signal);
      if (position.lost !== '') yield { kind: 'lost', lines: 1, message: position.lost };
      yield* followFiles({ ...options, zone }, position, signal);
    },
  };
}

interface Following extends FileLogOptions {
  readonly zone: OffsetAt;
}

async function* followFiles(options: Following, first: Position, signal: AbortSignal): AsyncGenerator<LogRecord> {
  const { namespaces, clock, pattern } = options;
  let caughtUp = false;
  // Only the backlog is cut by time: a clock that was ahead when reading began would else make it deaf to what comes.
  const toRecord = createRecorder(options, () => (caughtUp ? 0 : first.since));
  let file = first.file;
  let tail = await openTail(file.path, first.offset);
  /** Where earlier files were left: one that is written to again, beside the present one, is not read twice. */
  const readTo = new Map<string, number>();
  let missingSince: number | undefined;
  try {
    for (;;) {
      const size = await tail.size();
      if (size - tail.end() > MAX_BACKLOG) {
        const bytes = String(size - tail.end());
        yield { kind: 'lost', lines: 1, message: `the log grows faster than it is read: ${bytes} bytes are left out` };
        await tail.close();
        tail = await openTail(file.path, await lineStart(file.path, size - READ_ON_BEFORE));
      }
      yield* records(tail, file, toRecord);
      const files = await matchingFiles(namespaces.hostRoot, pattern, signal);
      const next = nextFile(files, file);
      if (next !== undefined) {
        yield* lastRecords(tail, file, toRecord);
        remember(readTo, file.identity, tail.end());
        await tail.close();
        tail = await openTail(next.path, readTo.get(next.identity) ?? 0);
        file = next;
        continue;
      }
      if (!caughtUp) yield { kind: 'caught-up' };
      caughtUp = true;
      missingSince = files.length > 0 ? undefined : (missingSince ?? clock.monotonic());
      if (missingSince !== undefined && clock.monotonic() - missingSince > MAX_MISSING_MS) {
        throw unreadable(`no file matches ${pattern} any more`);
      }
      await clock.sleep(POLL_MS, signal);
    }
  } finally {
    await tail.close();
  }
}

function remember(readTo: Map<string, number>, identity: string, offset: number): void {
  readTo.set(identity, offset);
  const [oldest] = readTo.keys();
  if (readTo.size > MAX_REMEMBERED && oldest !== undefined) readTo.delete(oldest);
}

/** The file to go on with when the present one is at its end; undefined: it is still the one that is written to. */
function nextFile(files: readonly LogFile[], current: LogFile): LogFile | undefined {
  const index = files.findIndex((f) => f.identity === current.identity);
  // Renamed out of the pattern: what is there now came after it. Otherwise the list is in the order of writing.
  if (index === -1) return files.find((f) => f.modifiedAt >= current.modifiedAt) ?? files.at(-1);
  return files[index + 1];
}

type ToRecord = (line: TailLine, file: LogFile) => LogRecord | undefined;

async function* records(tail: Tail, file: LogFile, toRecord: ToRecord): AsyncGenerator<LogRecord> {
  for await (const line of tail.read()) {
    const record = toRecord(line, file);
    if (record !== undefined) yield record;
  }
}

/** A writer may have gone on in the old file until it was signalled to open the new one. */
async function* lastRecords(tail: Tail, file: LogFile, toRecord: ToRecord): AsyncGenerator<LogRecord> {
  yield* records(tail, file, toRecord);
  const rest = tail.rest();
  const record = rest === undefined ? undefined : toRecord(rest, file);
  if (record !== undefined) yield record;
}

/** A line without a time of its own (a stack trace) has that of the line before. */
function createRecorder({ clock, zone }: Following, sinceNow: () => number): ToRecord {
  let at: number | undefined;
  return ({ text, end }, file) => {
    const [now, since] = [clock.now(), sinceNow()];
    const own = text === undefined ? undefined : lineTime(text, now, zone);
    at = own ?? at;
    const when = at ?? (since > 0 ? file.modifiedAt : now);
    if (when < since) return undefined;
    if (text === undefined) return { kind: 'unreadable', at: when, message: 'the line is longer than 1 MiB' };
    return { kind: 'line', at: when, text, cursor: `${file.identity}:${String(end)}` };
  };
}

function unreadable(message: string): MedicError {
  return new MedicError('E_LOG_UNREADABLE', 'transient', message);
}
