/** How much of what was given is read, and for how long. */
import type { Clock } from '../../../ports/clock.ts';

const MIB = 1_048_576;
/** All of a run. What has been read is looked at meanwhile; the last file may take some seconds more. */
const MAX_MS = 6_500;
/** Of the texts of all files together. */
const MAX_TEXTS = 48 * MIB;
/** Of one text: its end. */
const MAX_TEXT = 16 * MIB;
const MIN_TEXT = 16_384;
/** A text in a compressed file is about so many times as long. */
const COMPRESSION = 8;

export interface ReadBounds {
  /** Bytes of one text that are kept, from its end. */
  readonly maxText: number;
  readonly clock: Clock;
  /** When no more is read, by the monotonic clock. */
  readonly untilMs: number;
  /** Is told of bytes that were read and are of no use any more. */
  readonly letGo: (bytes: number) => void;
}

export const TIME_IS_UP = 'the time for reading was up; save it to a file, or give fewer files';

export function isUp({ clock, untilMs }: ReadBounds): boolean {
  return clock.monotonic() >= untilMs;
}

/** @param files all that are to be read: those that are short leave their share to the others. */
export function readBounds(
  clock: Clock,
  files: readonly { readonly name: string; readonly size: number }[],
  letGo: ReadBounds['letGo'],
): ReadBounds {
  const sizes = files.map(({ name, size }) => (/\.t?gz$/.test(name) ? size * COMPRESSION : size));
  return { maxText: fairShare(sizes), clock, untilMs: clock.monotonic() + MAX_MS, letGo };
}

function fairShare(sizes: readonly number[]): number {
  let rest = MAX_TEXTS;
  const ascending = [...sizes].sort((a, b) => a - b);
  for (const [at, size] of ascending.entries()) {
    const share = rest / (ascending.length - at);
    if (size > share) return Math.max(MIN_TEXT, Math.min(MAX_TEXT, Math.floor(share)));
    rest -= size;
  }
  return MAX_TEXT;
}
