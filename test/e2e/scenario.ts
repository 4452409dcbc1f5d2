/** One story on one or more nodes. */
import type { NodeBoot } from './lab.ts';
import type { Report } from './report.ts';

/**
 * Scenarios of one wave run side by side. In the second one programs end themselves half way. The third one is the long set:
 * somebody or something interferes while a node is being recovered, and two controllers run. In the fourth one, of the long set too,
 * all agents are replaced.
 */
export type Wave = 1 | 2 | 3 | 4;

export interface Scenario {
  readonly name: string;
  /** Nodes of its own. */
  readonly nodes: readonly NodeBoot[];
  readonly wave: Wave;
  /** Nodes break one after the other, since all of them share this machine's cores: a figure is of one incident. */
  readonly startAfterMs?: number;
  run(report: Report): Promise<void>;
}
