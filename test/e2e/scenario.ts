/** One story on one or more nodes. */
import type { NodeBoot } from './lab.ts';
import type { Report } from './report.ts';

export interface Scenario {
  readonly name: string;
  /** Nodes of its own. */
  readonly nodes: readonly NodeBoot[];
  /** Scenarios of one wave run side by side; the second wave runs with programs that end themselves half way. */
  readonly wave: 1 | 2;
  /** Nodes break one after the other, since all of them share this machine's cores: a figure is of one incident. */
  readonly startAfterMs?: number;
  run(report: Report): Promise<void>;
}
