/** The kubelet's log in journald, read by the host's own journalctl: formats of the journal differ by version. */
import { isMedicError, MedicError } from '../../ports/errors.ts';
import type { Collected, LogRecord, LogSource } from '../../ports/host.ts';
import { parseEntry } from './journal-json.ts';
import { createLineCutter } from './line-splitter.ts';
import type { Commands } from '../command.ts';

/** An entry is a line and some fields around it, escaped. */
const MAX_ENTRY = 4 * 1_048_576;
const FIELDS = '--output-fields=MESSAGE,_PID';
const BASE = ['journalctl', '--no-pager', '--quiet', '--all', '--output=json'] as const;

export interface JournalOptions {
  /** The unit whose log is read; it may change with time. undefined: none is known. */
  readonly unit: (signal: AbortSignal) => Promise<string | undefined>;
}

export function createJournalSource(commands: Commands, options: JournalOptions): LogSource {
  let description = 'journald:kubelet.service';
  return {
    get description(): string {
      return description;
    },
    async *follow(from, signal): AsyncGenerator<LogRecord> {
      const unit = await options.unit(signal);
      if (unit === undefined) throw new MedicError('E_LOG_UNREADABLE', 'transient', 'no unit of the kubelet is known');
      description = `journald:${unit}`;
      yield* followUnit(commands, unit, from, signal);
    },
  };
}

interface Start {
  readonly cursor?: string;
  readonly since: number;
}

/** First what is there, to its end; then what comes. So the end of the backlog is known. */
async function* followUnit(
  commands: Commands,
  unit: string,
  from: Start,
  signal: AbortSignal,
): AsyncGenerator<LogRecord> {
  const reader = createReader(commands, unit);
  let cursor = from.cursor;
  for await (const record of reader.read({ ...from, follow: false }, signal)) {
    if (record.kind === 'line') cursor = record.cursor;
    yield record;
  }
  yield { kind: 'caught-up' };
  const next = cursor === undefined ? { since: from.since } : { since: from.since, cursor };
  yield* reader.read({ ...next, follow: true }, signal);
  signal.throwIfAborted();
  throw new MedicError('E_LOG_UNREADABLE', 'transient', 'journalctl --follow has ended');
}

interface Read extends Start {
  readonly follow: boolean;
}

interface Reader {
  read(read: Read, signal: AbortSignal): AsyncGenerator<LogRecord>;
}

function createReader(commands: Commands, unit: string): Reader {
  /** systemd before 236 cannot leave fields out. */
  let hasFields = true;

  async function* read(from: Read, signal: AbortSignal): AsyncGenerator<LogRecord> {
    let begun = false;
    try {
      for await (const record of entries(commands, argvOf(unit, from, hasFields), signal)) {
        begun = true;
        yield record;
      }
    } catch (error) {
      const retry = begun ? undefined : withoutWhatFailed(error, from);
      if (retry === undefined) throw error;
      if (retry.cursor === from.cursor) hasFields = false;
      yield* read(retry, signal);
    }
  }

  function withoutWhatFailed(error: unknown, from: Read): Read | undefined {
    if (!isMedicError(error) || error.code !== 'E_HOST_COMMAND') return undefined;
    if (hasFields && /(?:unrecognized|unknown|invalid) option/i.test(error.message)) return from;
    const { cursor, ...rest } = from;
    return cursor !== undefined && /seek to cursor/i.test(error.message) ? rest : undefined;
  }

  return { read };
}

function argvOf(unit: string, from: Read, hasFields: boolean): readonly string[] {
  const start =
    from.cursor === undefined
      ? `--since=@${String(Math.floor(Math.max(0, from.since) / 1000))}`
      : `--after-cursor=${from.cursor}`;
  const follow = from.follow ? ['--follow', '--no-tail'] : [];
  return [...BASE, ...(hasFields ? [FIELDS] : []), `--unit=${unit}`, start, ...follow];
}

async function* entries(commands: Commands, argv: readonly string[], signal: AbortSignal): AsyncGenerator<LogRecord> {
  const cutter = createLineCutter(MAX_ENTRY);
  for await (const chunk of commands.stream(argv, signal)) {
    for (const { text } of cutter.push(chunk)) {
      const record = text === undefined ? undefined : parseEntry(text);
      yield record ?? { kind: 'unreadable', at: 0, message: 'an entry of the journal could not be read' };
    }
  }
}

export interface JournalWindow {
  readonly since: number;
  readonly until: number;
  readonly maxBytes: number;
  /** Instead of what was written since a time: so many of the newest lines. */
  readonly lastLines?: number;
  /** Of this process alone; 1: what systemd says of the unit. */
  readonly pid?: number;
}

/**
 * A window of a unit's log as text for people; where it is longer than the bound, the newest part of it. It is read from its
 * end, so that what a flooded log holds beyond the bound is never read.
 */
export async function readJournalWindow(
  commands: Commands,
  unit: string,
  window: JournalWindow,
  signal: AbortSignal,
): Promise<Collected> {
  const argv = [
    ...['journalctl', '--no-pager', '--quiet', '--all', '--reverse', '--output=short-iso-precise', `--unit=${unit}`],
    window.lastLines === undefined
      ? `--since=@${String(Math.floor(window.since / 1000))}`
      : `--lines=${String(window.lastLines)}`,
    `--until=@${String(Math.ceil(window.until / 1000))}`,
    ...(window.pid === undefined ? [] : [`_PID=${String(window.pid)}`]),
  ];
  return await oldestFirst(commands.stream(argv, signal), window.maxBytes);
}

/** Further lines of a message are indented by journalctl, so that no message can feign an entry. */
const ENTRY = /^(?=\d{4}-\d\d-\d\dT)/m;

/** Turns entries around that come newest first, and ends their source at the bound. */
export async function oldestFirst(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<Collected> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  // A character a byte, so that nothing changes and lengths are those of bytes.
  const entries = Buffer.concat(kept).subarray(0, maxBytes).toString('latin1').split(ENTRY);
  if (size <= maxBytes)
    return { bytes: Buffer.from(entries.reverse().join(''), 'latin1'), truncated: false, message: '' };
  // The oldest is cut somewhere. An entry that is longer than the bound is all that there is.
  const whole = entries.length > 1 ? entries.slice(0, -1) : entries;
  const mark = `... older lines are left out: these are the newest ${String(maxBytes)} bytes ...\n`;
  return { bytes: Buffer.from(mark + whole.reverse().join(''), 'latin1'), truncated: true, message: mark.trim() };
}

/** What is not read beyond it: a log of the kernel that grows as it is read. */
const MAX_READ = 67_108_864;

/** Keeps the last `maxBytes` of a stream, from the start of a line. */
export async function newestPart(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<Collected> {
  let kept: Buffer[] = [];
  let size = 0;
  let total = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    size += chunk.length;
    total += chunk.length;
    while (size - (kept[0]?.length ?? 0) >= maxBytes) {
      size -= kept[0]?.length ?? 0;
      kept = kept.slice(1);
    }
    if (total > MAX_READ) break;
  }
  return lastPart(Buffer.concat(kept), { maxBytes, total });
}

/**
 * The last `maxBytes` of a text whose beginning may be gone, with a mark. Of a line that is longer than all of it nothing is
 * kept: the key of its first value is gone. @param total its bytes with those that are gone.
 */
export function lastPart(
  text: Buffer,
  { maxBytes, total }: { readonly maxBytes: number; readonly total: number },
): Collected {
  if (total <= maxBytes && total === text.length) return { bytes: text, truncated: false, message: '' };
  const tail = text.subarray(-maxBytes);
  const newline = tail.indexOf('\n');
  const whole = newline === -1 ? tail.subarray(tail.length) : tail.subarray(newline + 1);
  const bytes = text.length < maxBytes ? text : whole;
  const mark = `... ${String(total - bytes.length)} older bytes are left out ...\n`;
  return { bytes: Buffer.concat([Buffer.from(mark), bytes]), truncated: true, message: mark.trim() };
}
