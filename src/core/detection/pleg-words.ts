/** What a line says of PLEG, without the log's own trimmings: for conditions, events and tables. */
import type { PlegLine } from './pleg-line.ts';

/** A line that says that PLEG is not healthy. */
export type Telling = Extract<PlegLine, { readonly otherReasons: readonly string[] }>;

function own(line: Telling): string {
  switch (line.kind) {
    case 'breach':
      return `PLEG is not healthy: pleg was last seen active ${line.elapsedText} ago; threshold is ${line.thresholdText}`;
    case 'never-relisted':
      return 'PLEG is not healthy: pleg has yet to be successful';
    case 'evented-full':
      return `EventedPLEG is not healthy: pleg event channel capacity is full with ${line.events} events`;
    default:
      return line satisfies never;
  }
}

/** As the kubelet joins its reasons: with a comma. PLEG comes first here, since it is what is asked about. */
export function plegWords(line: Telling): string {
  return [own(line), ...line.otherReasons].join(', ');
}

export function tellsOfPleg(line: PlegLine): line is Telling {
  return 'otherReasons' in line;
}
