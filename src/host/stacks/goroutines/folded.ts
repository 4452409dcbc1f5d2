/**
 * Stacks and how often each was seen, as flame graphs are drawn from: `root;caller;leaf 12`, a line each, the most frequent
 * first (the format of stackcollapse, github.com/brendangregg/FlameGraph).
 */

export interface FoldedStacks {
  /** @param frames the outermost first. */
  add(frames: readonly string[]): void;
  lines(): readonly string[];
}

export interface FoldedBounds {
  readonly maxStacks: number;
  /** Of the text, in characters. */
  readonly maxText: number;
}

/** So many outermost, and so many innermost. */
const SHOWN = 50;
export const LEFT_OUT = '[frames left out]';
/** Stacks that were seen first have the room. */
export const OTHERS = '[other stacks]';

export function createFoldedStacks({ maxStacks, maxText }: FoldedBounds): FoldedStacks {
  const counts = new Map<string, number>();
  let size = 0;

  return {
    add(frames): void {
      const key = some(frames).map(framed).join(';');
      const isKnown = counts.has(key);
      const hasRoom = isKnown || (counts.size < maxStacks && size + key.length <= maxText);
      if (hasRoom && !isKnown) size += key.length;
      const at = hasRoom ? key : OTHERS;
      counts.set(at, (counts.get(at) ?? 0) + 1);
    },
    lines: () => [...counts].sort(([, a], [, b]) => b - a).map(([stack, count]) => `${stack} ${String(count)}\n`),
  };
}

function some(frames: readonly string[]): readonly string[] {
  if (frames.length <= 2 * SHOWN) return frames;
  return [...frames.slice(0, SHOWN), LEFT_OUT, ...frames.slice(-SHOWN)];
}

/** A name is the program's own: it must end neither the frame nor the line. */
function framed(name: string): string {
  return name.replaceAll(/[;\p{Cc}]/gu, '?');
}
