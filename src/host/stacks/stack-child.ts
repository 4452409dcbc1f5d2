/**
 * The side of the reader's own process: reads, compresses, writes the answer. It has a process of its own since a read of
 * another process's memory may hang in the kernel, and since what is read is hostile until it is understood.
 */
import { readFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { hasCode } from '../system-error.ts';
import type { DumpLimits } from './goroutines/dump.ts';
import { openProgram } from './goroutines/open-program.ts';
import { openProcess, type ProcessIdentity } from './process-files.ts';
import { encodeHeader, failureOf, type Header } from './reading.ts';
import { readThreads } from './thread-evidence.ts';

interface ChildRequest extends ProcessIdentity {
  readonly mode: 'goroutines' | 'threads';
  /** A dump ends by itself by then, with what it has. */
  readonly softLimitMs: number;
}

const MAX_GOROUTINES = 1_000_000;
/** As pprof's own limit. */
const MAX_TEXT = 67_108_864;
/** One member of gzip each. */
const MEMBER = 524_288;
const LEVEL = 4;

/** @param elapsedMs since the process began. */
export function answer(request: ChildRequest, elapsedMs: () => number): void {
  let packed: readonly Buffer[] = [];
  let header: Header;
  try {
    [header, packed] = request.mode === 'threads' ? threads(request) : goroutines(request, elapsedMs);
  } catch (error) {
    header = failureOf(error);
  }
  writeAll(encodeHeader(header));
  packed.forEach(writeAll);
}

function threads({ procRoot, pid }: ChildRequest): readonly [Header, readonly Buffer[]] {
  const { text, ...counts } = readThreads(procRoot, pid);
  return [{ kind: 'threads', ...counts }, [gzipSync(text)]];
}

function goroutines(request: ChildRequest, elapsedMs: () => number): readonly [Header, readonly Buffer[]] {
  const source = openProcess(request);
  try {
    const packer = createPacker();
    const limits: DumpLimits = {
      maxGoroutines: MAX_GOROUTINES,
      maxTextBytes: MAX_TEXT,
      isTimeOver: () => elapsedMs() > request.softLimitMs,
    };
    const program = openProgram(source);
    const stats = program.dump(limits, packer.write);
    const packed = packer.end();
    source.checkIdentity();
    const header: Header = {
      kind: 'goroutines',
      ...(program.buildInfo === undefined ? {} : { buildInfo: program.buildInfo }),
      ...stats,
      durationMs: Math.round(elapsedMs()),
      textBytes: packer.size(),
      peakBytes: peakBytes(),
    };
    return [header, packed];
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
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
