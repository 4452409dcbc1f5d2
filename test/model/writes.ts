/** Counts the writes of each program, and kills one at a write of it that was chosen. */
import type { Cluster } from '../../src/ports/cluster.ts';

/** Whether the write at which a program dies has arrived: it is killed before it is sent, or before it hears the answer. */
export type DiesAt = 'before' | 'after';

/** Tells of each write but those of the leader's lease. `onWrite`: whether it goes on its way. */
export function tapped(cluster: Cluster, onWrite: (plural: string) => boolean): Cluster {
  async function pass<T>(plural: string, send: () => Promise<T>): Promise<T> {
    return onWrite(plural) ? await send() : await new Promise<never>(() => undefined);
  }
  return {
    ...cluster,
    create: (resource, object, how) => pass(resource.plural, () => cluster.create(resource, object, how)),
    apply: (resource, object, how) => pass(resource.plural, () => cluster.apply(resource, object, how)),
    jsonPatch: (resource, ref, patch, how) => pass(resource.plural, () => cluster.jsonPatch(resource, ref, patch, how)),
    delete: (resource, ref, call) => pass(resource.plural, () => cluster.delete(resource, ref, call)),
  };
}

export interface Writes {
  /** A write of a program arrives. @returns whether it does. */
  arrives(program: string): boolean;
  killAt(program: string, count: number, when: DiesAt): void;
  /** So many have arrived. */
  count(program: string): number;
  spare(program: string): void;
  spareAll(): void;
}

export function createWrites(kill: (program: string, when: DiesAt) => void): Writes {
  const counts = new Map<string, number>();
  const doomed = new Map<string, { left: number; readonly when: DiesAt }>();
  return {
    arrives(program): boolean {
      counts.set(program, (counts.get(program) ?? 0) + 1);
      const doom = doomed.get(program);
      if (doom === undefined) return true;
      doom.left -= 1;
      if (doom.left >= 0) return true;
      kill(program, doom.when);
      return doom.when === 'after';
    },
    killAt(program, left, when): void {
      doomed.set(program, { left, when });
    },
    count: (program) => counts.get(program) ?? 0,
    spare(program): void {
      doomed.delete(program);
    },
    spareAll(): void {
      doomed.clear();
    },
  };
}
