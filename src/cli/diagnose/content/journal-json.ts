/** `journalctl -o json` as lines of text, one for each record, so that line numbers stay what they are. */

const FIRST_LINE = /^\s*\{.*"(?:MESSAGE|__REALTIME_TIMESTAMP)"/;

export function isJournalJson(text: string): boolean {
  return FIRST_LINE.test(text.slice(0, 65_536).split('\n', 1)[0] ?? '');
}

export function journalText(text: string): string {
  return text.split('\n').map(messageOf).join('\n');
}

function messageOf(line: string): string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  const message = typeof record === 'object' && record !== null && 'MESSAGE' in record ? record.MESSAGE : undefined;
  if (typeof message === 'string') return message.replaceAll('\n', ' ');
  // journald writes what is no UTF-8 as a list of bytes (systemd: JOURNAL_EXPORT_FORMATS).
  if (Array.isArray(message) && message.every((byte) => typeof byte === 'number'))
    return Buffer.from(message).toString('utf8').replaceAll('\n', ' ');
  return '';
}
