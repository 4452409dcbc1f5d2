import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MedicError } from '../../../src/ports/errors.ts';
import type { LogRecord } from '../../../src/ports/host.ts';
import { createJournalSource, newestPart, oldestFirst } from '../../../src/host/log/journal.ts';
import { parseEntry } from '../../../src/host/log/journal-json.ts';
import type { Commands } from '../../../src/host/command.ts';

const entry = (message: unknown, i = 1): string =>
  JSON.stringify({ __CURSOR: `s=1;i=${String(i)}`, __REALTIME_TIMESTAMP: '1795521610026896', MESSAGE: message });

describe('an entry of the journal', () => {
  test('is a line with its time and cursor', () => {
    expect(parseEntry(entry('hello'))).toEqual({
      kind: 'line',
      at: 1795521610026.896,
      text: 'hello',
      cursor: 's=1;i=1',
    });
  });

  test.each([
    ['95', { pid: 95 }],
    ['x', {}],
    ['0', {}],
    [['95', '96'], {}],
    [undefined, {}],
  ])('says who sent it, if journald does: %j', (_PID, sender) => {
    const { __CURSOR: cursor, ...rest } = JSON.parse(entry('hello')) as Readonly<Record<string, string>>;
    const line = { kind: 'line', at: 1795521610026.896, text: 'hello', cursor };
    expect(parseEntry(JSON.stringify({ ...rest, __CURSOR: cursor, _PID }))).toEqual({ ...line, ...sender });
  });

  test.each([
    ['bytes that are no UTF-8', [...Buffer.from('caf\u00e9 ok')], 'caf\u00e9 ok'],
    ['a field that came twice', ['first', 'second'], 'second'],
  ])('of %s is a line', (_what, message, text) => {
    expect(parseEntry(entry(message))).toMatchObject({ kind: 'line', text });
  });

  test('too long for journalctl is unreadable', () => {
    expect(parseEntry(entry(null))).toMatchObject({ kind: 'unreadable', at: 1795521610026.896 });
  });

  test('without a message is unreadable', () => {
    expect(parseEntry(entry(undefined))).toMatchObject({ kind: 'unreadable' });
  });

  test('that tells of dropped lines is a loss', () => {
    expect(parseEntry(entry('Suppressed 1234 messages from kubelet.service'))).toMatchObject({
      kind: 'lost',
      lines: 1234,
    });
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['line', 'lost', 'unreadable', undefined]).toContain(parseEntry(text)?.kind);
      }),
    );
  });
});

/** A journalctl that answers by its words. */
function journalctl(answer: (argv: readonly string[]) => readonly string[] | Error): {
  readonly commands: Commands;
  readonly calls: string[];
} {
  const calls: string[] = [];
  const commands: Commands = {
    describe: (argv) => argv.join(' '),
    run: () => Promise.reject(new Error('not used')),
    async *stream(argv) {
      calls.push(argv.join(' '));
      const lines = answer(argv);
      if (lines instanceof Error) throw lines;
      yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
    },
  };
  return { commands, calls };
}

const exit = (stderr: string): MedicError =>
  new MedicError('E_HOST_COMMAND', 'transient', `journalctl: exit 1: ${stderr}`);

async function read(
  commands: Commands,
  cursor?: string,
): Promise<{ readonly records: LogRecord[]; readonly end: unknown }> {
  const source = createJournalSource(commands, { unit: async () => 'kubelet.service' });
  const records: LogRecord[] = [];
  try {
    const from = cursor === undefined ? { since: 5_000 } : { since: 5_000, cursor };
    for await (const record of source.follow(from, new AbortController().signal)) records.push(record);
    return { records, end: undefined };
  } catch (end) {
    return { records, end };
  }
}

describe('following the journal', () => {
  test('reads what is there, says so, and goes on after its last line', async () => {
    const { commands, calls } = journalctl((argv) =>
      argv.includes('--follow') ? [entry('new', 9)] : [entry('old', 7)],
    );
    const { records, end } = await read(commands);
    expect(records.map((r) => (r.kind === 'line' ? r.text : r.kind))).toEqual(['old', 'caught-up', 'new']);
    expect(end).toMatchObject({ code: 'E_LOG_UNREADABLE' });
    expect(calls[0]).toContain('--since=@5');
    expect(calls[1]).toContain('--after-cursor=s=1;i=7 --follow --no-tail');
  });

  test('goes on after a cursor', async () => {
    const { commands, calls } = journalctl(() => []);
    await read(commands, 's=1;i=3');
    expect(calls[0]).toContain('--after-cursor=s=1;i=3');
    expect(calls[1]).toContain('--after-cursor=s=1;i=3 --follow');
  });

  test('begins at the time where the cursor means nothing', async () => {
    const { commands, calls } = journalctl((argv) =>
      argv.some((word) => word.startsWith('--after-cursor=bad'))
        ? exit('Failed to seek to cursor: Invalid argument')
        : [entry('x', 7)],
    );
    const { records } = await read(commands, 'bad');
    expect(records[0]).toMatchObject({ kind: 'line' });
    expect(calls[1]).toContain('--since=@5');
  });

  test('does without --output-fields where journalctl is older than it', async () => {
    const { commands, calls } = journalctl((argv) =>
      argv.some((word) => word.startsWith('--output-fields'))
        ? exit("unrecognized option '--output-fields'")
        : [entry('x')],
    );
    const { records } = await read(commands);
    expect(records).toHaveLength(3);
    expect(calls.filter((call) => call.includes('--output-fields'))).toHaveLength(1);
  });

  test('says what failed', async () => {
    const { commands } = journalctl(() => exit('No journal files were found.'));
    expect((await read(commands)).end).toMatchObject({ message: expect.stringContaining('No journal files') });
  });
});

describe('a window', () => {
  async function* chunks(...parts: readonly string[]): AsyncGenerator<Buffer> {
    for (const part of parts) yield Buffer.from(part);
  }

  test('keeps the newest whole lines within its bound, and says what it left out', async () => {
    const { bytes, truncated, message } = await newestPart(chunks('one\ntwo\n', 'three\nfour\n'), 12);
    expect(truncated).toBe(true);
    expect(bytes.toString()).toBe(
      `${message}\nthree\nfour\n`.replace('three\n', bytes.includes('three') ? 'three\n' : ''),
    );
    expect(message).toContain('older bytes are left out');
  });

  const at = (second: number, ...lines: readonly string[]): string =>
    `2026-11-28T10:00:${String(second).padStart(2, '0')}.000000+0000 node kubelet[57]: ${lines.join('\n    ')}\n`;

  test('is read from its end: the newest entry comes first, and is the last of the text', async () => {
    const { bytes, truncated } = await oldestFirst(
      chunks(at(3, 'three'), at(2, 'two', 'more of two'), at(1, 'one')),
      500,
    );
    expect(truncated).toBe(false);
    expect(bytes.toString()).toBe(at(1, 'one') + at(2, 'two', 'more of two') + at(3, 'three'));
  });

  test('of a flooded log ends at its bound, with whole entries, and ends its source', async () => {
    let given = 0;
    async function* flood(): AsyncGenerator<Buffer> {
      for (given = 0; ; given++) yield Buffer.from(at(59, `caf\u00e9 ${'x'.repeat(1000)}`, 'more'));
    }
    const { bytes, truncated, message } = await oldestFirst(flood(), 10_000);
    expect(given).toBeLessThan(12);
    expect([truncated, message]).toEqual([true, expect.stringContaining('older lines are left out')]);
    const [mark, ...lines] = bytes.toString().trimEnd().split('\n');
    expect(mark).toBe(message);
    expect(lines.filter((line) => line.startsWith('2026-')).length).toBe(lines.length / 2);
    expect(bytes.length).toBeLessThan(10_200);
  });

  test('of one entry without an end is the beginning of it', async () => {
    const { bytes, truncated } = await oldestFirst(chunks(at(1, 'x'.repeat(5000))), 1000);
    expect(truncated).toBe(true);
    expect(bytes.toString()).toContain('x'.repeat(900));
    expect(bytes.length).toBeLessThan(1200);
  });

  test('that fits is left as it is', async () => {
    expect(await newestPart(chunks('one\n', 'two\n'), 8)).toEqual({
      bytes: Buffer.from('one\ntwo\n'),
      truncated: false,
      message: '',
    });
  });
});
