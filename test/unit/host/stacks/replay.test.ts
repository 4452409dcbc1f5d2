/** Processes that were recorded once, read again: no Go is needed. */
import { describe, expect, test } from '@jest/globals';
import type { ByteSource } from '../../../../src/host/stacks/byte-source.ts';
import { parseDump } from '../../../../src/core/dump/parser.ts';
import { agreementOf } from '../../../support/stacks/agreement.ts';
import { openRecording } from '../../../support/stacks/recording.ts';
import { dumpOf, NAMES, pprofOf, recordingOf } from './fixtures.ts';

describe.each(NAMES)('a process of %s', (name) => {
  const unpacked = recordingOf(name);

  test('has the goroutines that pprof says', () => {
    const { text, stats } = dumpOf(openRecording(unpacked));
    const agreement = agreementOf(pprofOf(name), text, pprofOf(name));
    expect(agreement.differences).toEqual([]);
    expect(agreement.compared).toBeGreaterThan(14);
    expect(stats).toMatchObject({ running: 0, torn: 0, incomplete: 0 });
  });

  test('names its Go and its module', () => {
    const { buildInfo } = dumpOf(openRecording(unpacked));
    expect(buildInfo).toMatchObject({ goVersion: name.split('-')[0], mainPath: 'parked', packagePath: 'parked' });
  });

  test('is read as a dump by the diagnosis, without a line that it does not know', () => {
    const { text, stats } = dumpOf(openRecording(unpacked));
    expect(parseDump(text)).toMatchObject({ format: 'debug=2', goroutines: stats.goroutines, unreadLines: 0 });
  });

  test('is cut where there is too much of it, and says by what', () => {
    expect(dumpOf(openRecording(unpacked), { maxGoroutines: 5 }).stats.cutBy).toBe('count');
    expect(dumpOf(openRecording(unpacked), { maxTextBytes: 3000 }).stats.cutBy).toBe('size');
    expect(dumpOf(openRecording(unpacked), { isTimeOver: () => true }).stats).toMatchObject({
      goroutines: 0,
      cutBy: 'time',
    });
  });
});

describe('a goroutine that changes each time that it is read', () => {
  /** The pc of each goroutine is another one at each read of it alone. */
  function restless(memory: ByteSource): ByteSource {
    let reads = 0;
    return {
      readInto: (into, at) => {
        const length = memory.readInto(into, at);
        if (into.length === 368) into.writeUInt32LE(++reads, 64);
        return length;
      },
    };
  }

  test('is marked, has no stack that may be of two moments, and is read by the diagnosis', () => {
    const recording = openRecording(recordingOf(NAMES[0]!));
    const { text, stats } = dumpOf({ ...recording, memory: restless(recording.memory) });
    expect(stats.torn).toBe(stats.goroutines);
    expect(text).toMatch(/^goroutine \d+ \[chan receive, changed while read\]:\ncreated by main\.main/m);
    const dump = parseDump(text);
    expect(dump).toMatchObject({ goroutines: stats.goroutines, unreadLines: 0 });
    expect(dump.groups.map(({ state }) => state)).toContain('chan receive');
  });
});
