/** Goroutines of a recording, to change what they do. */
import type { Recording } from '../../../support/stacks/recording.ts';
import { dumpOf } from './fixtures.ts';

const PAGE = 4096;
const SELF = 72;
export const THREAD = 48;
export const SCHED_SP = 56;
export const STATES = { runnable: 1, running: 2, syscall: 3, waiting: 4 } as const;

/** A goroutine of a recording; the offsets are of a g. */
export interface Patched {
  readonly address: number;
  readonly write: (at: number, value: number) => void;
  readonly read: (at: number) => number;
}

/** Those that a dump shows: of the others no stack was recorded. Each g points to itself. @param status where its status is. */
export function waitingGoroutines(recording: Recording, status: number): readonly Patched[] {
  const shown = new Set([...dumpOf(recording).text.matchAll(/^goroutine (\d+) /gm)].map(([, id]) => Number(id)));
  const at = (address: number): readonly [Buffer, number] | undefined => {
    const page = recording.memoryPages.get(Math.floor(address / PAGE));
    return page === undefined ? undefined : [page, address % PAGE];
  };
  const word = (address: number): number => {
    const [page, place] = at(address) ?? [Buffer.alloc(8), 0];
    return Number(page.readBigUInt64LE(place));
  };
  const found: Patched[] = [];
  for (const [page, bytes] of recording.memoryPages) {
    for (let place = 0; place < bytes.length; place += 8) {
      const address = page * PAGE + place;
      if (word(address + SELF) !== address || word(address) === 0) continue;
      found.push({
        address,
        read: (field) => word(address + field),
        write: (field, value) => {
          const [target, index] = at(address + field)!;
          target.writeBigUInt64LE(BigInt(value), index);
        },
      });
    }
  }
  return found.filter(
    ({ read }) => shown.has(read(status + 8)) && read(status) % 2 ** 32 === STATES.waiting && read(THREAD) === 0,
  );
}

export function statusIn(name: string): number {
  return name.startsWith('go1.24') ? 152 : 144;
}

/** As if all that wait could run. @returns how many. */
export function letAllRun(recording: Recording, name: string): number {
  const status = statusIn(name);
  const waiting = waitingGoroutines(recording, status);
  for (const { write } of waiting) write(status, STATES.runnable);
  return waiting.length;
}
