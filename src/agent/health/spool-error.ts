/** What a write to the spool showed. */
import type { ObservationBoard } from './observation.ts';

export function noteSpoolError(board: ObservationBoard, error: string | undefined): void {
  const { spool } = board.current();
  if (spool.error !== error) board.post({ spool: { ...spool, error: error?.slice(0, 1024) } });
}
