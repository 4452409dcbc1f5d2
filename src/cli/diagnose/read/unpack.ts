/** From the bytes of a file to those of its text in UTF-8: unpacked where it is gzip, however often. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Chunks } from './byte-source.ts';

const MAX_LAYERS = 4;
const CHUNK = 262_144;
/** Enough to tell every form below. */
const SNIFFED = 512;

/** What it begins with (RFC 1952, and the formats' own descriptions), and how a person unpacks it. */
const ARCHIVES: readonly (readonly [name: string, magic: readonly number[], command: string])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04], 'unzip -d DIR FILE'],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz -dk FILE'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstd -dk FILE'],
  ['bzip2', [0x42, 0x5a, 0x68], 'bzip2 -dk FILE'],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf], '7z x FILE'],
  ['lz4', [0x04, 0x22, 0x4d, 0x18], 'lz4 -dk FILE'],
];

/** It is an archive that is not unpacked here. */
export class PackedError extends Error {}

export interface Peeked {
  readonly head: Buffer;
  /** From the first byte on. */
  readonly chunks: Chunks;
}

/** @returns what it holds, and its first bytes. @throws `PackedError`. */
export async function unpacked(source: Chunks): Promise<Peeked> {
  let { head, chunks } = await peek(source);
  for (let layer = 0; isGzip(head) && layer < MAX_LAYERS; layer++) ({ head, chunks } = await peek(gunzipped(chunks)));
  const packed = ARCHIVES.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  if (packed !== undefined && isPacked(head)) {
    throw new PackedError(`it is packed with ${packed[0]}: unpack it (${packed[2]}), and give what is in it`);
  }
  const encoding = utf16Of(head);
  return { head, chunks: encoding === undefined ? chunks : recoded(chunks, encoding) };
}

/** A text may begin with the same letters. */
function isPacked(head: Buffer): boolean {
  return head.subarray(0, 64).some((byte) => byte < 9 || byte > 127);
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

async function peek(source: Chunks): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let failure: unknown;
  while (head.length < SNIFFED) {
    try {
      const next = await iterator.next();
      if (next.done === true) break;
      head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    } catch (error) {
      failure = error;
      break;
    }
  }
  if (failure !== undefined && head.length === 0) throw failure as Error;
  async function* whole(): Chunks {
    if (head.length > 0) yield head;
    if (failure !== undefined) throw failure as Error;
    try {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head: head.subarray(0, SNIFFED), chunks: whole() };
}

function gunzipped(chunks: Chunks): Chunks {
  const compressed = Readable.from(chunks);
  const gunzip = createGunzip({ chunkSize: CHUNK });
  compressed.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => compressed.destroy());
  return compressed.pipe(gunzip) as Chunks;
}

/** PowerShell writes it, with and without its mark. undefined: it is another. */
function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const pairs = head.length >> 1;
  if (pairs < 8) return undefined;
  const zeros = [0, 1].map((from) => head.filter((byte, at) => byte === 0 && at % 2 === from).length / pairs);
  const [even = 0, odd = 0] = zeros;
  if (Math.min(even, odd) >= 0.1 || Math.max(even, odd) <= 0.7) return undefined;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

async function* recoded(chunks: Chunks, encoding: string): Chunks {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}
