/** `journalctl -o json` as lines of text, one for each record, so that line numbers stay what they are. */

import { inPieces } from '../../../core/diagnosis/text/pieces.ts';

const FIRST_LINE = /^\s*\{.*"(?:MESSAGE|__REALTIME_TIMESTAMP)"/;

export function isJournalJson(text: string): boolean {
  return FIRST_LINE.test(text.slice(0, 65_536).split('\n', 1)[0] ?? '');
}

/** In the form of `journalctl -o short-iso-precise`, where a record says when it was written, where and by whom. */
export function journalText(text: string): string {
  /** Hosts by the id of the machine: the name of a host may change as it boots. */
  const hosts = new Map<string, string>();
  const change = (line: string): string => lineOf(line, hosts);
  return inPieces(text, (piece) => piece.split('\n').map(change).join('\n'));
}

function lineOf(line: string, hosts: Map<string, string>): string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof record !== 'object' || record === null) return '';
  const fields = record as Fields;
  const message = textOf(fields['MESSAGE']);
  return message === undefined ? '' : `${headOf(fields, hosts)}${message.replaceAll('\n', ' ')}`;
}

type Fields = Readonly<Record<string, unknown>>;

/** journald writes what is no UTF-8 as a list of bytes (systemd: JOURNAL_EXPORT_FORMATS). */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((byte) => typeof byte === 'number'))
    return Buffer.from(value).toString('utf8');
  return undefined;
}

/** As `journalctl -o short-iso-precise` puts it before a line; empty where the record does not say who has written it. */
function headOf(fields: Fields, hosts: Map<string, string>): string {
  const micros = Number(fields['__REALTIME_TIMESTAMP']);
  const writer = writerIn(fields);
  if (writer === undefined) return '';
  const pid = nameIn(fields['_PID']) ?? nameIn(fields['SYSLOG_PID']) ?? '0';
  if (!(micros > 0 && micros < 4e15)) return `${writer}[${pid}]: `;
  const time = new Date(micros / 1_000).toISOString().slice(0, -1);
  const host = hostOf(fields, hosts) ?? 'localhost';
  return `${time}${String(micros % 1_000).padStart(3, '0')}Z ${host} ${writer}${writer === 'kernel' ? '' : `[${pid}]`}: `;
}

/** The first name of the machine that is one. */
function hostOf(fields: Fields, hosts: Map<string, string>): string | undefined {
  const [host, machine] = [nameIn(fields['_HOSTNAME']), fields['_MACHINE_ID'] ?? fields['_BOOT_ID']];
  if (host === undefined || typeof machine !== 'string') return host;
  const known = hosts.get(machine);
  if (known === undefined && !/^localhost/.test(host)) hosts.set(machine, host);
  return known ?? host;
}

/** Units of containers, and of people who have logged in: an identifier of theirs is what they have chosen. */
const OF_USERS = /\.scope$|^user@|^session-|^run-/;

function writerIn(fields: Fields): string | undefined {
  if (fields['_TRANSPORT'] === 'kernel') return 'kernel';
  const unit = nameIn(fields['_SYSTEMD_UNIT']);
  if (fields['CONTAINER_NAME'] !== undefined || fields['CONTAINER_ID'] !== undefined) return 'container';
  if (unit !== undefined && OF_USERS.test(unit)) return unit;
  return nameIn(fields['SYSLOG_IDENTIFIER']) ?? nameIn(fields['_COMM']) ?? unit;
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.@/()-]{1,64}$/.test(value) ? value : undefined;
}
