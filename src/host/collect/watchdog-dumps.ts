/**
 * What a program leaves in the journal when systemd's watchdog ends it: systemd's own words (systemd: src/core/service.c, unit.c), and
 * the goroutines that Go writes on SIGABRT (go/src/runtime/signal_unix.go). The process that follows knows nothing of it.
 */
import { lineTime, UTC } from '../../core/time/line-time.ts';
import { toTime } from '../../core/time/timestamp.ts';
import type { Collected, Collector, UnitRole } from '../../ports/host.ts';
import { readJournalWindow } from '../log/journal.ts';
import type { CollectorContext } from './collector-context.ts';

const TIMEOUT_MS = 20_000;
/** Of systemd's words about one unit. */
const WORDS_BYTES = 262_144;
/** A kubelet of 220 goroutines writes 0.6 MiB with the journal's prefixes. */
const DUMP_BYTES = 8_388_608;
/** systemd gives a process 90 s (TimeoutAbortSec=) to write before it kills it; units may say more. */
const AFTER_MS = 180_000;
const SYSTEMD_PID = 1;
const MAX_WORDS = 20;

const TIMEOUT = /watchdog timeout \(limit ([^)]{1,40})\)/i;
const KILLING = /Killing process (\d{1,10}) \([^)\n]{0,40}\) with signal SIGABRT/;
const DUMP = /\]: SIGABRT: abort/;

interface Kill {
  readonly at: number;
  readonly limit: string;
  /** undefined: systemd did not say, as before 240. */
  readonly pid: number | undefined;
  /** Its words of this and what followed. */
  readonly words: readonly string[];
}

/** The newest that systemd tells of. @param text its words about the unit, oldest first. */
function lastKill(text: string, now: number): Kill | undefined {
  const lines = text.split('\n');
  const from = lines.findLastIndex((line) => TIMEOUT.test(line));
  const first = lines[from];
  if (first === undefined) return undefined;
  const at = lineTime(first, now, UTC);
  if (at === undefined) return undefined;
  const words = lines.slice(from, from + MAX_WORDS).filter((line) => line !== '');
  const killing = words.map((line) => KILLING.exec(line)).find((found) => found !== null);
  const pid = killing === undefined ? undefined : Number(killing[1]);
  return { at, limit: TIMEOUT.exec(first)?.[1] ?? '', pid, words };
}

/** From the first line of Go's dump; empty: there is none. */
function dumpIn(log: Buffer): string {
  const lines = log.toString('utf8').split('\n');
  const from = lines.findIndex((line) => DUMP.test(line));
  return from === -1 ? '' : lines.slice(from).join('\n');
}

function messageOf({ at, limit, pid }: Kill, hasDump: boolean): string {
  const who = pid === undefined ? 'it' : `process ${String(pid)}`;
  const left = hasDump ? 'and it left its goroutines' : 'and it left no goroutines';
  return `systemd's watchdog ended ${who} at ${toTime(at)} (Result=watchdog, WatchdogSec=${limit}), ${left}`;
}

async function collectOf(
  { commands, unit, clock }: CollectorContext,
  role: UnitRole,
  window: { readonly since: number; readonly until: number },
  signal: AbortSignal,
): Promise<Collected | undefined> {
  const name = (await unit(role, signal))?.unit;
  if (name === undefined) return undefined;
  const words = await readJournalWindow(commands, name, { ...window, pid: SYSTEMD_PID, maxBytes: WORDS_BYTES }, signal);
  const kill = lastKill(words.bytes.toString('utf8'), clock.now());
  if (kill === undefined) return undefined;
  // Times of the journal are its own, whatever the clock says now.
  const range = { since: kill.at - 1_000, until: kill.at + AFTER_MS, maxBytes: DUMP_BYTES };
  const own = kill.pid === undefined ? range : { ...range, pid: kill.pid };
  const log = await readJournalWindow(commands, name, own, signal);
  const dump = dumpIn(log.bytes);
  return {
    bytes: Buffer.from(`${kill.words.join('\n')}\n\n${dump}`),
    truncated: log.truncated,
    message: messageOf(kill, dump !== ''),
    source: `journald: ${name}`,
  };
}

export function watchdogCollectors(context: CollectorContext): readonly Collector[] {
  return (['kubelet', 'runtime'] as const).map((role) => ({
    name: `watchdog-${role}.txt`,
    kind: 'WatchdogDump',
    source: `journald: the ${role}'s unit`,
    timeoutMs: TIMEOUT_MS,
    collect: (window, signal) => collectOf(context, role, window, signal),
  }));
}
