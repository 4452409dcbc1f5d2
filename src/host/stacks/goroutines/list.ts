/** runtime.allgs: the list of all goroutines, those that have ended too. Found without symbols, on any architecture. */
import { type AddressRange, MAX_ADDRESS, readWord } from '../byte-source.ts';
import type { ProcessMemory } from '../process-memory.ts';
import { malformed } from '../stack-errors.ts';
import { G_SIZE, SELF, STACK_HIGH, STACK_LOW } from './layout.ts';

/** Of the slice itself, and where its array was. */
export interface GoroutineList {
  readonly address: number;
  readonly array: number;
  readonly length: number;
}

export const SLICE = 24;
const MAX_LENGTH = 2 ** 26;
const MAX_CANDIDATES = 200_000;
const SAMPLES = 64;
const HEAD = SELF + 8;

/** The one slice in .bss of pointers to g: each g points to itself (g.sched.g), in every version. @throws `E_STACKS_MALFORMED`. */
export function findGoroutines(memory: ProcessMemory, bss: AddressRange): GoroutineList {
  let best: GoroutineList | undefined;
  let candidates = 0;
  for (const { address, bytes } of memory.chunks(bss, SLICE)) {
    for (let at = 0; at + SLICE <= bytes.length; at += 8) {
      const slice = readSlice(bytes, at);
      if (slice === undefined || slice.length <= (best?.length ?? 0)) continue;
      if (++candidates > MAX_CANDIDATES) throw malformed('too much in its memory looks like a list of goroutines');
      if (isList(memory, slice)) best = { address: address + at, ...slice };
    }
  }
  if (best === undefined) throw malformed('the list of its goroutines is not in its memory');
  return best;
}

type Slice = Pick<GoroutineList, 'array' | 'length'>;

function readSlice(bytes: Buffer, at: number): Slice | undefined {
  const low = bytes.readUInt32LE(at + 8);
  if (low < 2 || low > MAX_LENGTH || bytes.readUInt32LE(at + 12) !== 0) return undefined;
  const [array, capacity] = [readWord(bytes, at), readWord(bytes, at + 16)];
  const isSlice = capacity >= low && capacity <= 2 * low + 1024;
  return isSlice && array % 8 === 0 && array > 4096 && array < MAX_ADDRESS ? { array, length: low } : undefined;
}

/**
 * Sampled from end to end: runtime.allgptr holds the same pointer, and what stands behind it may look like a greater length.
 */
function isList(memory: ProcessMemory, { array, length }: Slice): boolean {
  const samples = Math.min(length, SAMPLES);
  let good = 0;
  for (let i = 0; i < samples; i++) {
    const pointer = memory.tryRead(array + Math.floor((i * (length - 1)) / (samples - 1)) * 8, 8);
    const g = pointer?.length === 8 ? readWord(pointer, 0) : 1;
    const head = g % 8 === 0 ? memory.tryRead(g, HEAD) : undefined;
    if (head?.length !== HEAD) return false;
    const low = readWord(head, STACK_LOW);
    if (readWord(head, SELF) === g && (low === 0 || low < readWord(head, STACK_HIGH))) good++;
    else if (i === 3 && good === 0) return false;
  }
  return good >= samples * 0.9;
}

const ATTEMPTS = 6;

/** Their addresses now: more may have been started, and the array moves when it grows. @param max how many at most. */
export function readAddresses(memory: ProcessMemory, list: GoroutineList, max: number): readonly number[] {
  for (let attempt = 1; ; attempt++) {
    const slice = memory.read(list.address, SLICE);
    const length = Math.min(readWord(slice, 8), max);
    const pointers = memory.tryRead(readWord(slice, 0), length * 8);
    // The array that was left behind keeps the pointers that it had, so that the last attempt is as good.
    const isSame = memory.read(list.address, SLICE).equals(slice) || attempt === ATTEMPTS;
    if (pointers?.length === length * 8 && isSame) {
      return Array.from({ length }, (_, index) => readWord(pointers, index * 8));
    }
    if (attempt === ATTEMPTS) throw malformed('the list of its goroutines cannot be read');
  }
}

export interface RawGoroutine {
  readonly address: number;
  readonly raw: Buffer;
}

const BATCH = 8192;
export const MAX_GAP = 2048;
export const MAX_STRETCH = 262_144;

/** In the order of the list; those that are neighbours in memory are read at once. */
export function* readGoroutines(memory: ProcessMemory, addresses: readonly number[]): Generator<RawGoroutine> {
  for (let from = 0; from < addresses.length; from += BATCH) {
    const batch = addresses.slice(from, from + BATCH);
    const raws = readBatch(memory, batch);
    for (const address of batch) {
      const raw = raws.get(address);
      if (raw !== undefined) yield { address, raw };
    }
  }
}

function readBatch(memory: ProcessMemory, addresses: readonly number[]): ReadonlyMap<number, Buffer> {
  const sorted = [...addresses].sort((a, b) => a - b);
  const raws = new Map<number, Buffer>();
  for (let first = 0; first < sorted.length;) {
    const start = sorted[first] ?? 0;
    let last = first;
    while (isNear(sorted[last], sorted[last + 1], start)) last++;
    const bytes = memory.read(start, (sorted[last] ?? 0) - start + G_SIZE);
    for (; first <= last; first++) {
      const at = (sorted[first] ?? 0) - start;
      raws.set(start + at, bytes.subarray(at, at + G_SIZE));
    }
  }
  return raws;
}

function isNear(address: number | undefined, next: number | undefined, start: number): boolean {
  if (address === undefined || next === undefined) return false;
  return next - address < MAX_GAP && next - start < MAX_STRETCH;
}
