/** A clue, and which log it is of. */
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';

export interface Clue extends LogClue {
  /** The log that its file is a part of, all parts of which are there in their order; absent: the file is all of it. */
  readonly partOf?: string;
}

/** Clues of one log have one name here; their order is that of its lines. */
export function logOf({ partOf, source }: Clue): string {
  return partOf ?? source;
}
