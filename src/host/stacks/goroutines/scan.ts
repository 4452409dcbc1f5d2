/** All goroutines over and over, to find the few that are looked for: with little memory, and little of it anew each time. */
import { MAX_ADDRESS } from '../byte-source.ts';
import type { ProcessMemory } from '../process-memory.ts';
import { malformed } from '../stack-errors.ts';
import { G_SIZE } from './layout.ts';
import { type GoroutineList, MAX_GAP, MAX_STRETCH, type RawGoroutine, readAddresses, SLICE } from './list.ts';

export interface GoroutineScan {
  /**
   * Those that `isWanted`, in the order of memory. What it gives is good until the next one is asked for.
   * @param isWanted of the bytes of a g, from `at` on.
   */
  find(isWanted: (bytes: Buffer, at: number) => boolean): Generator<RawGoroutine>;
}

/** @param max goroutines at most. */
export function createGoroutineScan(memory: ProcessMemory, list: GoroutineList, max: number): GoroutineScan {
  const buffer = Buffer.allocUnsafe(MAX_STRETCH);
  let known: Buffer | undefined;
  let sorted = new Float64Array();

  /** Nothing is ever taken out of the list: while the slice is the same, so are they. */
  function addresses(): Float64Array {
    const slice = memory.read(list.address, SLICE);
    if (known?.equals(slice) === true) return sorted;
    sorted = Float64Array.from(readAddresses(memory, list, max)).sort();
    known = slice;
    return sorted;
  }

  return {
    *find(isWanted): Generator<RawGoroutine> {
      const all = addresses();
      for (let first = 0; first < all.length;) {
        const start = all[first] ?? 0;
        const end = endOfStretch(all, first);
        const bytes = buffer.subarray(0, (all[end - 1] ?? 0) - start + G_SIZE);
        if (memory.readInto(bytes, start) < bytes.length) {
          throw malformed(`the process has no ${bytes.length} bytes at 0x${start.toString(16)}`);
        }
        for (; first < end; first++) {
          const address = all[first] ?? MAX_ADDRESS;
          const at = address - start;
          if (isWanted(bytes, at)) yield { address, raw: bytes.subarray(at, at + G_SIZE) };
        }
      }
    },
  };
}

/** Neighbours in memory are read at once. */
function endOfStretch(all: Float64Array, first: number): number {
  const start = all[first] ?? 0;
  let end = first + 1;
  while (end < all.length) {
    const next = all[end] ?? 0;
    if (next - (all[end - 1] ?? 0) >= MAX_GAP || next - start + G_SIZE > MAX_STRETCH) break;
    end++;
  }
  return end;
}
