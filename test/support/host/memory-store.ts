/** A spool and a state store in memory, with the bounds and the failures of a disk. */
import type { Clock } from '../../../src/ports/clock.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { Spool, StateStore } from '../../../src/ports/host.ts';

interface Bundle {
  readonly createdAt: number;
  readonly files: Map<string, Buffer>;
}

export interface MemoryDisk {
  readonly spool: Spool;
  readonly state: StateStore;
  /** Writes fail with this message until it is mended. */
  fail(message: string | undefined): void;
}

export function createMemoryDisk(clock: Clock, limitBytes: number): MemoryDisk {
  const bundles = new Map<string, Bundle>();
  const values = new Map<string, string>();
  let broken: string | undefined;

  function assertWell(): void {
    if (broken !== undefined) throw new MedicError('E_SPOOL_IO', 'transient', broken);
  }

  function sizeOf({ files }: Bundle): number {
    return [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  }

  function used(): number {
    return [...bundles.values()].reduce((sum, bundle) => sum + sizeOf(bundle), 0);
  }

  function oldestFirst(): [string, Bundle][] {
    return [...bundles.entries()].sort(([, a], [, b]) => a.createdAt - b.createdAt);
  }

  function makeRoom(bytes: number, keep: ReadonlySet<string>): void {
    for (const [name] of oldestFirst()) {
      if (used() + bytes <= limitBytes) return;
      if (!keep.has(name)) bundles.delete(name);
    }
    if (used() + bytes > limitBytes) {
      throw new MedicError('E_SPOOL_FULL', 'terminal', `no room for ${String(bytes)} bytes`);
    }
  }

  const spool: Spool = {
    async write(bundle, file, bytes, keep): Promise<void> {
      assertWell();
      const replaced = bundles.get(bundle)?.files.get(file)?.length ?? 0;
      makeRoom(bytes.length - replaced, new Set([...keep, bundle]));
      const known = bundles.get(bundle) ?? { createdAt: clock.monotonic(), files: new Map<string, Buffer>() };
      bundles.set(bundle, known);
      known.files.set(file, Buffer.from(bytes));
    },
    read: async (bundle, file) => bundles.get(bundle)?.files.get(file),
    readPart: async (bundle, file, offset, length) =>
      bundles
        .get(bundle)
        ?.files.get(file)
        ?.subarray(offset, offset + length),
    async rename(from, to): Promise<void> {
      assertWell();
      const bundle = bundles.get(from);
      if (bundle === undefined || bundles.has(to)) {
        throw new MedicError('E_SPOOL_IO', 'terminal', `cannot rename ${from} to ${to}`);
      }
      bundles.delete(from);
      bundles.set(to, bundle);
    },
    async remove(bundle): Promise<void> {
      bundles.delete(bundle);
    },
    list: async () =>
      oldestFirst().map(([bundle, content]) => ({
        bundle,
        bytes: sizeOf(content),
        files: [...content.files.keys()].sort(),
      })),
    usage: async () => ({ usedBytes: used(), limitBytes }),
  };

  return {
    spool,
    state: {
      read: async (key) => values.get(key),
      async write(key, value): Promise<void> {
        assertWell();
        values.set(key, value);
      },
    },
    fail(message): void {
      broken = message;
    },
  };
}
