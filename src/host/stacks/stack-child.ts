/**
 * The side of the reader's own process: reads, compresses, writes the answer. It has a process of its own since a read of
 * another process's memory may hang in the kernel, and since what is read is hostile until it is understood.
 */
import { readFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { hasCode } from '../system-error.ts';
import type { SampleHeader } from '../../ports/stacks.ts';
import type { DumpLimits } from './goroutines/dump.ts';
import { type OpenProgram, openProgram } from './goroutines/open-program.ts';
import { summaryOf } from './goroutines/sample-summary.ts';
import { type OpenProcess, openProcess, type ProcessIdentity } from './process-files.ts';
import { encodeHeader, failureOf, type Header } from './reading.ts';
import { readThreads } from './thread-evidence.ts';

export type ReaderMode = 'goroutines' | 'threads' | 'samples';

interface ChildRequest extends ProcessIdentity {
  readonly mode: ReaderMode;
  /** A dump, or the samples, end by themselves by then, with what there is. */
  readonly softLimitMs: number;
  /** Of the samples. */
  readonly durationMs: number;
}

const MAX_GOROUTINES = 1_000_000;
/** As pprof's own limit. */
const MAX_TEXT = 67_108_864;
/** One member of gzip each. */
const MEMBER = 524_288;
const LEVEL = 4;
/** Ten a second: seldom enough to weigh nothing on the node, often enough to show what runs most in ten seconds. */
const PERIOD_MS = 100;
const MAX_STACKS = 2000;
const MAX_FOLDED = 2_097_152;

/** @param elapsedMs since the process began. */
export function answer(request: ChildRequest, elapsedMs: () => number): void {
  let packed: readonly Buffer[] = [];
  let header: Header;
  try {
    [header, packed] = READERS[request.mode](request, elapsedMs);
  } catch (error) {
    header = failureOf(error);
  }
  writeAll(encodeHeader(header));
  packed.forEach(writeAll);
}

type Reader = (request: ChildRequest, elapsedMs: () => number) => readonly [Header, readonly Buffer[]];

const READERS: Readonly<Record<ReaderMode, Reader>> = {
  threads({ procRoot, pid }) {
    const { text, ...counts } = readThreads(procRoot, pid);
    return [{ kind: 'threads', ...counts }, [gzipSync(text)]];
  },
  goroutines: (request, elapsedMs) =>
    readProgram(request, (program, packer) => {
      const limits: DumpLimits = {
        maxGoroutines: MAX_GOROUTINES,
        maxTextBytes: MAX_TEXT,
        isTimeOver: () => elapsedMs() > request.softLimitMs,
      };
      const stats = program.dump(limits, packer.write);
      return (of) => ({ kind: 'goroutines', ...of, ...stats, durationMs: Math.round(elapsedMs()) });
    }),
  samples: (request, elapsedMs) =>
    readProgram(request, (program, packer, source) => {
      const [cpuMs, beganMs] = [source.cpuMs(), elapsedMs()];
      const { counts, lines } = program.sample({
        durationMs: request.durationMs,
        periodMs: PERIOD_MS,
        maxGoroutines: MAX_GOROUTINES,
        ...{ maxStacks: MAX_STACKS, maxText: MAX_FOLDED },
        isTimeOver: () => elapsedMs() > request.softLimitMs,
        nowMs: elapsedMs,
        sleep: sleepMs,
      });
      const times = { durationMs: Math.round(elapsedMs() - beganMs), cpuMs: source.cpuMs() - cpuMs };
      const summary = summaryOf({ ...counts, ...times });
      packer.write(`# ${summary}\n`);
      lines.forEach(packer.write);
      return (of) => ({ kind: 'samples', ...of, ...counts, ...times, summary });
    }),
};

/** What every header of a program says. */
type HeaderPart = Pick<SampleHeader, 'buildInfo' | 'textBytes' | 'peakBytes'>;

function readProgram(
  request: ChildRequest,
  read: (program: OpenProgram, packer: Packer, source: OpenProcess) => (of: HeaderPart) => Header,
): readonly [Header, readonly Buffer[]] {
  const source = openProcess(request);
  try {
    const packer = createPacker();
    const program = openProgram(source);
    const headerOf = read(program, packer, source);
    const packed = packer.end();
    source.checkIdentity();
    const part: HeaderPart = {
      ...(program.buildInfo === undefined ? {} : { buildInfo: program.buildInfo }),
      textBytes: packer.size(),
      peakBytes: peakBytes(),
    };
    return [headerOf(part), packed];
  } catch (error) {
    // A process that ends while it is read looks malformed first.
    source.checkIdentity();
    throw error;
  } finally {
    source.close();
  }
}

/** Not that of getrusage(2), which begins with the memory of the process that has started this one. */
function peakBytes(): number {
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return Number(peak ?? 0) * 1024;
}

interface Packer {
  readonly write: (text: string) => void;
  end(): readonly Buffer[];
  size(): number;
}

function createPacker(): Packer {
  const packed: Buffer[] = [];
  const buffer = Buffer.allocUnsafe(MEMBER);
  let filled = 0;
  let size = 0;

  function flush(): void {
    packed.push(gzipSync(buffer.subarray(0, filled), { level: LEVEL }));
    size += filled;
    filled = 0;
  }

  return {
    write(text): void {
      const length = Buffer.byteLength(text);
      if (filled + length > MEMBER) flush();
      if (length <= MEMBER) {
        filled += buffer.write(text, filled);
        return;
      }
      packed.push(gzipSync(text, { level: LEVEL }));
      size += length;
    },
    end(): readonly Buffer[] {
      flush();
      return packed;
    },
    size: () => size,
  };
}

/** To a pipe, which may be full for a moment, or closed by one who waits no longer. */
function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (hasCode(error, 'EPIPE')) return;
      if (!hasCode(error, 'EAGAIN')) throw error;
      sleepMs(5);
    }
  }
}

function sleepMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
