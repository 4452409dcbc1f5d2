/** `journalctl -o json` as lines of text, one for each record, so that line numbers stay what they are. */

import { inPieces } from '../../core/diagnosis/text/pieces.ts';

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
  const fields = record as Readonly<Record<string, unknown>>;
  const message = messageOf(fields['MESSAGE']);
  const host = hostOf(fields, hosts);
  const when = timeOf(fields['__REALTIME_TIMESTAMP']);
  const ident = fields['SYSLOG_IDENTIFIER'] ?? fields['_COMM'];
  if (host === undefined || typeof ident !== 'string' || when === undefined) return message;
  const pid = typeof fields['_PID'] === 'string' ? `[${fields['_PID']}]` : '';
  return `${when} ${host} ${ident}${pid}: ${message}`;
}

/** The first name of the machine that is one. */
function hostOf(fields: Readonly<Record<string, unknown>>, hosts: Map<string, string>): string | undefined {
  const [host, machine] = [fields['_HOSTNAME'], fields['_MACHINE_ID'] ?? fields['_BOOT_ID']];
  if (typeof host !== 'string') return undefined;
  if (typeof machine !== 'string') return host;
  const known = hosts.get(machine);
  if (known === undefined && !/^localhost/.test(host)) hosts.set(machine, host);
  return known ?? host;
}

/** Microseconds since 1970. */
function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{15,17}$/.test(value)) return undefined;
  const [seconds, micros] = [Number(value.slice(0, -6)), value.slice(-6)];
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${micros}+0000`;
}

function messageOf(message: unknown): string {
  if (typeof message === 'string') return message.replaceAll('\n', ' ');
  // journald writes what is no UTF-8 as a list of bytes (systemd: JOURNAL_EXPORT_FORMATS).
  if (Array.isArray(message) && message.every((byte) => typeof byte === 'number'))
    return Buffer.from(message).toString('utf8').replaceAll('\n', ' ');
  return '';
}
