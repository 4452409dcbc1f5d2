/** What a drill tells, in words. */
import type { DrillTime } from '../../api/v1alpha1/parts/drill.ts';
import { isInTime } from '../../core/decision/drill/drill-times.ts';
import { durationMs, formatDuration } from '../../core/time/duration.ts';
import { renderTable } from '../table.ts';
import { oneLine } from '../terminal.ts';

function shown(duration: string): string {
  return formatDuration(Math.round(durationMs(duration) / 100) * 100);
}

/** Empty where there are none. */
export function timesTable(times: readonly DrillTime[]): string {
  if (times.length === 0) return '';
  const rows = times.map((time) => [
    oneLine(time.what),
    time.took === undefined ? 'never' : shown(time.took),
    shown(time.limit),
    isInTime(time) ? 'in time' : 'LATE',
  ]);
  return renderTable([['STEP', 'TOOK', 'PROMISED', ''], ...rows]);
}
