/** What samples say of themselves, in words: how many, how long, and what of them is not known. */
import type { SampleHeader } from '../../../ports/stacks.ts';

type Told = Omit<SampleHeader, 'kind' | 'buildInfo' | 'summary' | 'textBytes' | 'peakBytes'>;

/** It ends in a point: readers of folded stacks leave out a line that ends in no number. */
export function summaryOf({
  samples,
  busy,
  failed,
  stacks,
  running,
  torn,
  incomplete,
  durationMs,
  cpuMs,
}: Told): string {
  const used = `${seconds(cpuMs)} of CPU time in ${seconds(durationMs)}`;
  const gaps = [
    ...(running > 0 ? [`${String(running)} ran their own code at that moment, so that their stack is not known`] : []),
    ...(torn > 0 ? [`${String(torn)} went on while they were read`] : []),
    ...(incomplete > 0 ? [`${String(incomplete)} are incomplete`] : []),
  ];
  const found =
    stacks === 0
      ? 'no goroutine ran, or waited for a CPU, in any of them'
      : `in ${String(busy)} of them a goroutine ran or waited for a CPU, ${String(stacks)} stacks in all`;
  return `${[
    `${String(samples)} samples, ${used}`,
    found,
    ...gaps,
    ...(failed > 0 ? [`${String(failed)} samples were not read to their end`] : []),
  ].join('; ')}.`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
