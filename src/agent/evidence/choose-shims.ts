/** Which shims the runtime waits for, by what the kernel shows and what logs say. */
import type { Shim, ShimSignKind } from '../../ports/host.ts';

/** What one log says: how many lines name a container as one that a call took too long for. */
export interface LateLog {
  /** The artifact: `runtime.log`. */
  readonly name: string;
  readonly containers: ReadonlyMap<string, number>;
}

export interface ChosenShim {
  readonly shim: Shim;
  /** For a person, at least one. */
  readonly reasons: readonly string[];
}

/**
 * Of a runtime that is stopped itself a log names every container, so that it comes after what the kernel shows of a shim;
 * but a container's process waits for a disk now and then.
 */
const RANKS: Readonly<Record<ShimSignKind | 'late', number>> = {
  stopped: 0,
  uninterruptible: 1,
  'runc-lasts': 2,
  late: 3,
  'child-uninterruptible': 4,
};

/** Those for which there is a reason, the surest first. Nothing is guessed of the others. */
export function chooseShims(shims: readonly Shim[], logs: readonly LateLog[]): readonly ChosenShim[] {
  return shims
    .map((shim) => rated(shim, logs))
    .filter(({ reasons }) => reasons.length > 0)
    .sort((a, b) => a.rank - b.rank || b.lines - a.lines);
}

interface Rated extends ChosenShim {
  readonly rank: number;
  /** Of all logs. */
  readonly lines: number;
}

function rated(shim: Shim, logs: readonly LateLog[]): Rated {
  const said = logs
    .map(({ name, containers }) => ({
      name,
      lines: shim.containers.reduce((sum, id) => sum + (containers.get(id) ?? 0), 0),
    }))
    .filter(({ lines }) => lines > 0);
  const kinds = [...shim.signs.map(({ kind }) => kind), ...(said.length > 0 ? (['late'] as const) : [])];
  const words = said.map(({ name, lines }) => `calls of it took too long, by ${String(lines)} lines of ${name}`);
  return {
    shim,
    reasons: [...shim.signs.map(({ text }) => text), ...words],
    rank: Math.min(...kinds.map((kind) => RANKS[kind])),
    lines: said.reduce((sum, { lines }) => sum + lines, 0),
  };
}
