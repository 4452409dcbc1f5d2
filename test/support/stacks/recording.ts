/** A process as it was when it was read: what the reader asked for, by pages, so that it can be read again without Go. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ByteSource, ProcessSource, Registers } from '../../../src/host/stacks/byte-source.ts';

const PAGE = 4096;

interface Head {
  readonly fileSize: number;
  readonly entryPoint: number;
  readonly nowNs: number;
  readonly registers: readonly (readonly [thread: number, registers: Registers])[];
  /** Numbers of pages, in the order in which they follow. */
  readonly file: readonly number[];
  readonly memory: readonly number[];
}

type Pages = Map<number, Buffer>;

/** What is given is what was noted: a process goes on while it is read. */
function recorded(source: ByteSource, pages: Pages, size: number): ByteSource {
  const noted = paged(pages, size);
  return {
    readInto: (into, at) => {
      for (let page = Math.floor(at / PAGE); page * PAGE < at + into.length; page++) {
        if (pages.has(page)) continue;
        const bytes = Buffer.alloc(PAGE);
        if (source.readInto(bytes, page * PAGE) > 0) pages.set(page, bytes);
      }
      return noted.readInto(into, at);
    },
  };
}

/** @returns the process, which notes what is read of it, and what was noted. */
export function recordProcess(source: ProcessSource): {
  readonly source: ProcessSource;
  readonly bytes: () => Buffer;
} {
  const [file, memory]: readonly [Pages, Pages] = [new Map(), new Map()];
  const registers = new Map<number, Registers>();
  const nowNs = source.nowNs();
  return {
    source: {
      ...source,
      file: recorded(source.file, file, source.fileSize),
      memory: recorded(source.memory, memory, Number.MAX_SAFE_INTEGER),
      nowNs: () => nowNs,
      registersOf: (thread) => {
        const found = source.registersOf(thread);
        if (found !== undefined) registers.set(thread, found);
        return found;
      },
    },
    bytes: () => {
      const { fileSize, entryPoint } = source;
      const head: Head = {
        ...{ fileSize, entryPoint, nowNs, registers: [...registers] },
        file: [...file.keys()],
        memory: [...memory.keys()],
      };
      const line = Buffer.from(`${JSON.stringify(head)}\n`);
      return gzipSync(Buffer.concat([line, ...file.values(), ...memory.values()]), { level: 9 });
    },
  };
}

export interface Recording extends ProcessSource {
  /** What a test may change; the copies are its own. */
  readonly filePages: ReadonlyMap<number, Buffer>;
  readonly memoryPages: ReadonlyMap<number, Buffer>;
}

export function unpackRecording(gzip: Buffer): Buffer {
  return gunzipSync(gzip);
}

/** @param unpacked is copied. */
export function openRecording(unpacked: Buffer): Recording {
  const end = unpacked.indexOf(0x0a);
  const head = JSON.parse(unpacked.toString('utf8', 0, end)) as Head;
  const all = Buffer.from(unpacked.subarray(end + 1));
  const pageAt = (index: number): Buffer => all.subarray(index * PAGE, (index + 1) * PAGE);
  const filePages = new Map(head.file.map((page, index) => [page, pageAt(index)]));
  const memoryPages = new Map(head.memory.map((page, index) => [page, pageAt(head.file.length + index)]));
  const registers = new Map(head.registers);
  return {
    file: paged(filePages, head.fileSize),
    fileSize: head.fileSize,
    memory: paged(memoryPages, Number.MAX_SAFE_INTEGER),
    entryPoint: head.entryPoint,
    nowNs: () => head.nowNs,
    registersOf: (thread) => registers.get(thread),
    isThreadRunning: () => false,
    filePages,
    memoryPages,
  };
}

/** Up to the first page that nobody asked for. */
function paged(pages: ReadonlyMap<number, Buffer>, size: number): ByteSource {
  return {
    readInto: (into, at) => {
      const wanted = Math.max(0, Math.min(into.length, size - at));
      let filled = 0;
      while (filled < wanted) {
        const place = at + filled;
        const page = pages.get(Math.floor(place / PAGE));
        if (page === undefined) break;
        const from = place % PAGE;
        filled += page.copy(into, filled, from, Math.min(PAGE, from + wanted - filled));
      }
      return filled;
    },
  };
}
