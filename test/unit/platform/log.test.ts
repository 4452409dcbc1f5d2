import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/platform/log.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { LogFields } from '../../../src/ports/log.ts';

interface Reader {
  readonly stream: Writable;
  lines(): readonly string[];
  resume(): void;
}

/** A stream whose reader takes each chunk on a later turn, and none while it is paused. */
function aReader(paused = false): Reader {
  const chunks: string[] = [];
  let waiting: (() => void) | undefined;
  let holds = paused;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done): void {
      const take = (): void => {
        chunks.push(chunk);
        setImmediate(done);
      };
      if (holds) waiting = take;
      else take();
    },
  });
  return {
    stream,
    lines: () => chunks.join('').split('\n').slice(0, -1),
    resume(): void {
      holds = false;
      waiting?.();
    },
  };
}

async function logged(fields: LogFields, message = 'It happened'): Promise<Record<string, unknown>> {
  const reader = aReader();
  const log = createLog({ level: 'info', fields: { node: 'node-a' }, stream: reader.stream });
  log.info(message, fields);
  await log.close();
  expect(reader.lines()).toHaveLength(1);
  return JSON.parse(reader.lines()[0]!) as Record<string, unknown>;
}

describe('a record', () => {
  test('is one line of JSON with time, level and message first', async () => {
    const record = await logged({ reason: 'two\nlines' });
    expect(Object.keys(record)).toEqual(['ts', 'level', 'msg', 'node', 'reason']);
    expect(record).toMatchObject({ level: 'info', msg: 'It happened', node: 'node-a', reason: 'two\nlines' });
    expect(record['ts']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('has of an error its code, class, message, causes and stack', async () => {
    const socket = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const several = new AggregateError([socket], '');
    const record = await logged({ err: new MedicError('E_KUBE_DENIED', 'denied', 'no', { cause: several }) });
    expect(record['err']).toMatchObject({
      name: 'MedicError',
      code: 'E_KUBE_DENIED',
      class: 'denied',
      message: 'no',
      cause: { name: 'AggregateError', errors: [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }] },
    });
    expect((record['err'] as Record<string, unknown>)['stack']).toContain('log.test.ts');
  });

  test('has no secret, by key or by shape, at any depth', async () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl';
    const record = JSON.stringify(
      await logged({
        headers: { Authorization: 'anything-at-all', list: [`Bearer ${token}`] },
        err: new Error(`refused ${token}`, { cause: { password: 'hunter2' } }),
      }),
    );
    expect(record).not.toMatch(/eyJ|anything-at-all|hunter2/);
    expect(record).toContain('refused [REDACTED]');
  });

  const values: readonly (readonly [what: string, value: unknown, as: unknown])[] = [
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a map', new Map([['a', 1]]), { a: 1 }],
    ['a set', new Set([1, 2]), [1, 2]],
    ['bytes', Buffer.from('secret bytes'), '[12 bytes]'],
    ['a big integer', 12345678901234567890n, '12345678901234567890'],
    ['null', null, null],
    ['a long list', new Array(150).fill(0), [...new Array<number>(100).fill(0), '… (50 more)']],
  ];
  test.each(values)('has %s in a form that JSON knows', async (_what, value, as) => {
    expect(await logged({ value })).toHaveProperty('value', as);
  });

  test('ends at a cycle', async () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle['self'] = cycle;
    expect(await logged({ cycle })).toHaveProperty('cycle', { name: 'a', self: '[circular]' });
  });

  test('is bounded, however much is logged', async () => {
    const wide = (depth: number): unknown => (depth === 0 ? 'x'.repeat(100_000) : new Array(100).fill(wide(depth - 1)));
    const record = await logged({ wide: wide(3) });
    expect(JSON.stringify(record).length).toBeLessThan(40_000);
    expect(record['truncated']).toBeGreaterThan(16_384);
  });

  test('keeps a field called message apart from the message', async () => {
    expect(await logged({ message: 'of the field', level: 'odd' }, 'of the record')).toMatchObject({
      msg: 'of the record',
      message: 'of the field',
    });
  });
});

describe('a log', () => {
  test('drops what is below its level, and carries the fields of its parents', async () => {
    const reader = aReader();
    const log = createLog({ level: 'warn', stream: reader.stream });
    const child = log.child({ node: 'node-a' }).child({ incident: 'i' });
    child.info('quiet');
    child.warn('loud', { step: 's' });
    await log.close();
    expect(reader.lines().map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'warn', msg: 'loud', node: 'node-a', incident: 'i', step: 's' },
    ]);
  });

  test('has written everything when it is closed, and drops what comes later', async () => {
    const reader = aReader();
    const log = createLog({ level: 'info', stream: reader.stream });
    for (let i = 0; i < 500; i++) log.info('one of many', { i });
    await log.close();
    log.info('too late');
    await log.close();
    expect(reader.lines()).toHaveLength(500);
  });

  test('loses records when nobody reads it, and says how many', async () => {
    const reader = aReader(true);
    const log = createLog({ level: 'info', stream: reader.stream });
    const long = 'x'.repeat(4_000);
    for (let i = 0; i < 500; i++) log.info('much', { long });
    expect(reader.stream.writableLength).toBeLessThan(1_100_000);
    reader.resume();
    while (reader.stream.writableLength > 0) await new Promise((resolve) => setImmediate(resolve));
    log.info('after');
    await log.close();
    const records = reader.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
    const note = records.find((record) => record['level'] === 'warn');
    const written = records.filter((record) => record['msg'] === 'much').length;
    expect(note).toMatchObject({ records: 500 - written });
    expect(records.at(-1)).toMatchObject({ msg: 'after' });
  });
});
