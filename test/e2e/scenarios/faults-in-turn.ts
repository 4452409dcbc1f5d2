/** Faults of the host, one after the other on one node: each is broken, looked at, and mended as a person would. */
import type { Report } from '../report.ts';
import {
  checkHealed,
  checkLeft,
  type FaultStory,
  type Left,
  limit,
  onNode,
  tellFault,
  type ToldFault,
} from './fault-story.ts';

/** A shell script each, on the node. */
export interface HostFault {
  readonly fault: string;
  readonly breakIt: string;
  /** What a person does then. Empty: nothing, since it is healed. */
  readonly mend: string;
  readonly ends: Left | { readonly cause: string; readonly act: 'RestartKubelet' | 'RestartRuntime' };
  readonly check?: (report: Report, told: ToldFault) => void;
}

/** The Node turns Unknown after 50 to 65 s, and says only then what the agent has said. */
const LIMIT_MS = 6 * 60_000;

function check(report: Report, told: ToldFault, { ends }: HostFault): Promise<void> | void {
  if (!('act' in ends)) return checkLeft(report, told, ends);
  checkHealed(report, told, ends.cause, ends.act);
  limit(report, told.row, 'sign', 20);
}

export async function tellInTurn(
  report: Report,
  place: Pick<FaultStory, 'scenario' | 'node'>,
  faults: readonly HostFault[],
): Promise<void> {
  for (const fault of faults) {
    const breakIt = (): Promise<unknown> => onNode(place.node, fault.breakIt);
    try {
      const told = await tellFault(report, { ...place, fault: fault.fault, breakIt, limitMs: LIMIT_MS });
      await check(report, told, fault);
      fault.check?.(report, told);
    } catch (error) {
      // The others have their turn all the same.
      report.check(place.scenario, `${fault.fault}: it is told to its end`, false, String(error));
    } finally {
      if (fault.mend !== '') await onNode(place.node, fault.mend);
    }
  }
}
