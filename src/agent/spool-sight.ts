/** What a write to the spool told. */
import type { SightBoard } from './sight.ts';

export function noteSpoolError(board: SightBoard, error: string | undefined): void {
  const { spool } = board.current();
  if (spool.error !== error) board.post({ spool: { ...spool, error: error?.slice(0, 1024) } });
}
