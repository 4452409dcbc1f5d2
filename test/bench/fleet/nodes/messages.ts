/** What the bench tells the process of the simulated nodes, and what that tells back. */

export interface FleetConfig {
  readonly nodes: number;
  readonly port: number;
  readonly ca: string;
  readonly tokenKeyFile: string;
  readonly account: string;
  readonly accountUID: string;
}

export type Order =
  /** The agents begin to report, and the kubelets to post. */
  | { readonly kind: 'start' }
  /** So many nodes that are well go ill, spread over this time. */
  | { readonly kind: 'breach'; readonly count: number; readonly withinMs: number }
  /** All that are ill get well. */
  | { readonly kind: 'heal' };

/** Told twice a second. */
export interface FleetState {
  /** Agents that have reported at least once. */
  readonly reported: number;
  /** How many breaches were ordered; the next three are of the newest. */
  readonly breaches: number;
  /** Nodes whose breach is written. */
  readonly written: number;
  /** From the write of a breach to the incident in a watch, in milliseconds, of those that are open. */
  readonly openedMs: readonly number[];
  /** From the write of a breach to a diagnosis in its incident. */
  readonly verdictMs: readonly number[];
  /** Writes that failed, of agents and kubelets. */
  readonly failures: number;
  readonly lastFailure: string;
  /** How late a timer was at most, in the last seconds: a process that is busy measures its own work. */
  readonly lagMs: number;
}
