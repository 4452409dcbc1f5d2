/** Processes that were recorded once, as if their goroutines ran. What runs for real is in test/integration. */
import { describe, expect, test } from '@jest/globals';
import { openProgram } from '../../../../src/host/stacks/goroutines/open-program.ts';
import type { SampleOrder, Samples } from '../../../../src/host/stacks/goroutines/samples.ts';
import type { ByteSource, ProcessSource } from '../../../../src/host/stacks/byte-source.ts';
import { openRecording, type Recording } from '../../../support/stacks/recording.ts';
import { dumpOf, NAMES, recordingOf } from './fixtures.ts';
import { letAllRun, SCHED_SP, STATES, statusIn, THREAD, waitingGoroutines } from './patched.ts';

interface Time {
  readonly order: SampleOrder;
  readonly sleeps: readonly number[];
}

/** Each sample takes so long; sleep is the only other thing that moves the clock. */
function aTime(change: Partial<SampleOrder> = {}, sampleMs = 1): Time {
  let nowMs = 5000;
  let asked = 0;
  const sleeps: number[] = [];
  const order: SampleOrder = {
    ...{ durationMs: 1000, periodMs: 100, maxGoroutines: 10_000, maxStacks: 100, maxText: 100_000 },
    isTimeOver: () => false,
    // At the beginning, and then at the start and at the end of each sample.
    nowMs: () => {
      if (asked > 0 && asked % 2 === 0) nowMs += sampleMs;
      asked++;
      return nowMs;
    },
    sleep: (ms) => {
      sleeps.push(ms);
      nowMs += ms;
    },
    ...change,
  };
  return { order, sleeps };
}

function samplesOf(source: ProcessSource, order: SampleOrder = aTime().order): Samples {
  return openProgram(source).sample(order);
}

const MAX_DUMPED = 50;

/** The calls of user code of those that wait, the outermost first, from a dump. What is very deep is cut elsewhere there. */
function dumpedStacks(source: ProcessSource): readonly (readonly string[])[] {
  const blocks = dumpOf(source).text.trimEnd().split('\n\n');
  const stacks = blocks.map((block) => {
    if (/^goroutine \d+ \[syscall/.test(block)) return [];
    const calls = block.split('\n').flatMap((line) => /^(?!created by)(\S.*)\(\.\.\.\)$/.exec(line)?.[1] ?? []);
    return calls.filter((name) => !name.startsWith('runtime.')).reverse();
  });
  return stacks.filter(({ length }) => length > 0 && length < MAX_DUMPED);
}

/** Samples have the calls of the runtime and of wrappers besides, which a dump leaves out. */
function has(line: string, calls: readonly string[]): boolean {
  const frames = line.replace(/ \d+\n$/, '').split(';');
  const found = calls.reduce((at, call) => (at < 0 ? at : frames.indexOf(call, at) + 1 || -1), 0);
  const user = frames.filter((name) => !name.startsWith('runtime.'));
  return found > 0 && user[0] === calls[0] && user.at(-1) === calls.at(-1) && user.length <= calls.length + 1;
}

describe.each(NAMES)('samples of a process of %s', (name) => {
  const unpacked = recordingOf(name);
  const status = statusIn(name);

  test('are without stacks where nothing runs', () => {
    expect(samplesOf(openRecording(unpacked))).toEqual({
      counts: { samples: 10, busy: 0, failed: 0, stacks: 0, running: 0, torn: 0, incomplete: 0 },
      lines: [],
    });
  });

  test('have the whole stack of each goroutine that could run', () => {
    const recording = openRecording(unpacked);
    const goroutines = letAllRun(recording, name);
    expect(goroutines).toBeGreaterThan(14);
    const samples = samplesOf(recording);
    expect(samples.counts).toMatchObject({ samples: 10, busy: 10, stacks: 10 * goroutines, incomplete: 0 });
    const dumped = dumpedStacks(openRecording(unpacked));
    expect(dumped.length).toBeGreaterThan(12);
    expect(dumped.filter((calls) => !samples.lines.some((line) => has(line, calls)))).toEqual([]);
  });

  test('name how one that runs began, and who began it', () => {
    const recording = openRecording(unpacked);
    const [main] = waitingGoroutines(recording, status).filter(({ read }) => read(status + 8) === 1);
    main!.write(status, STATES.running);
    main!.write(SCHED_SP, 0);
    main!.write(THREAD, main!.address);
    expect(samplesOf(recording)).toMatchObject({
      counts: { busy: 10, stacks: 10, running: 10 },
      lines: [expect.stringMatching(/^runtime\.main;\[running, stack unknown, created by [^\]]+\] 10\n$/)],
    });
  });

  test('have one that is in the kernel where its thread runs, and only there', () => {
    const recording = openRecording(unpacked);
    const [main] = waitingGoroutines(recording, status).filter(({ read }) => read(status + 8) === 1);
    const thread = 7;
    const isOld = /go1\.(?:1\d|2[0-4])\./.test(name);
    // In the same stretch of memory: a thread whose number and goroutine are these.
    const place = main!.address - (isOld ? 192 : 184);
    main!.write(status, STATES.syscall);
    main!.write(THREAD, place);
    const memory: ByteSource = {
      readInto: (into, at) => {
        if (at !== place) return recording.memory.readInto(into, at);
        into.fill(0);
        into.writeBigUInt64LE(BigInt(main!.address), isOld ? 192 : 184);
        into.writeBigUInt64LE(BigInt(thread), isOld ? 72 : 64);
        return into.length;
      },
    };
    const isThreadRunning = (id: number): boolean => id === thread;
    expect(samplesOf({ ...recording, memory }).counts).toMatchObject({ busy: 0, stacks: 0 });
    const samples = samplesOf({ ...recording, memory, isThreadRunning });
    expect(samples.counts).toMatchObject({ busy: 10, stacks: 10, running: 0, incomplete: 0 });
    expect(samples.lines).toEqual([expect.stringMatching(/^runtime\.main;main\.main;.* 10\n$/)]);
  });
});

describe('samples', () => {
  const name = NAMES.at(-1)!;

  function allRun(): Recording {
    const recording = openRecording(recordingOf(name));
    letAllRun(recording, name);
    return recording;
  }

  test('of a goroutine that goes on while it is read have no stack that may be of two moments', () => {
    const recording = allRun();
    let reads = 0;
    const memory: ByteSource = {
      readInto: (into, at) => {
        const length = recording.memory.readInto(into, at);
        if (into.length === 368) into.writeUInt32LE(++reads, 64);
        return length;
      },
    };
    const { counts, lines } = samplesOf({ ...recording, memory });
    expect(counts.torn).toBe(counts.stacks);
    for (const line of lines) expect(line).toMatch(/^[^;]+;\[changed while read\] \d+\n$/);
  });

  test('are spread evenly over their time', () => {
    const { order, sleeps } = aTime({}, 30);
    expect(samplesOf(allRun(), order).counts.samples).toBe(10);
    expect(sleeps).toEqual(Array.from({ length: 10 }, () => 70));
  });

  test('take half of the time of one CPU at most', () => {
    const { order, sleeps } = aTime({}, 200);
    expect(samplesOf(allRun(), order).counts.samples).toBe(3);
    expect(sleeps).toEqual([200, 200, 200]);
  });

  test('end with what there is when the time is over', () => {
    let asked = 0;
    const { counts } = samplesOf(allRun(), aTime({ isTimeOver: () => ++asked > 4 }).order);
    expect(counts).toMatchObject({ samples: 1, stacks: 4 });
  });

  test('that cannot be read are counted, and the others are kept', () => {
    const recording = allRun();
    let isLost = false;
    const memory: ByteSource = {
      readInto: (into, at) => (isLost ? 0 : recording.memory.readInto(into, at)),
    };
    const { order } = aTime();
    const sleep = (ms: number): void => {
      order.sleep(ms);
      isLost = !isLost;
    };
    const { counts } = samplesOf({ ...recording, memory }, { ...order, sleep });
    expect(counts).toMatchObject({ samples: 10, failed: 5, busy: 5 });
  });
});
