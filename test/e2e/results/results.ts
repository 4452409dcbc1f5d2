/**
 * What the suite has measured, run by run, in `results.json`: a row stays until its scenario is measured again with the same
 * minor of the kubelet and the same runtime. Pages are made of this file alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('results.json', import.meta.url));

/** When a row was measured, and with what. */
export interface Measured {
  /** The day. */
  readonly on: string;
  /** As the Node says: `v1.36.3`, `containerd://1.6.20`. */
  readonly kubelet: string;
  readonly runtime: string;
}

/** By the name of a scenario: its nodes may have a runtime of their own. */
export type MeasuredOf = (scenario: string) => Measured;

export interface Figure {
  readonly scenario: string;
  readonly what: string;
  readonly value: number;
  /** What a quiet machine is to reach, where it is less than the limit. */
  readonly goal?: number;
  /** Above it the run has failed, however busy the machine is. */
  readonly limit: number;
  readonly unit: 's' | 'MiB';
}

/** One fault of a node, and what became of it. Times are in seconds since the fault. */
export interface FaultRow {
  readonly scenario: string;
  readonly fault: string;
  /** What the node's KubeletHealth said first of it. */
  readonly sign: string;
  readonly signAfter: number;
  /** The trigger of the incident. */
  readonly trigger: string;
  /** Cause, class and confidence. */
  readonly diagnosis: string;
  /** The act; or the reason for which nothing was done. */
  readonly answer: string;
  /** When the command was issued; absent: it never was. */
  readonly actedAfter?: number;
  /** When the Node was Ready again; absent: left to a person. */
  readonly readyAfter?: number;
  /** The Node never ceased to be Ready. */
  readonly staysReady?: true;
  /** The kubelet's own breach line, where there is one. */
  readonly lineAfter?: number;
}

export type Row<T> = T & { readonly measured: Measured };

export interface Results {
  readonly figures: readonly Row<Figure>[];
  readonly faults: readonly Row<FaultRow>[];
}

export interface Run {
  readonly figures: readonly Figure[];
  readonly faults: readonly FaultRow[];
}

export function readResults(): Results {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Results;
}

export function writeResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
}

/** With what a row is the only one of its scenario: the minor of the kubelet, and the runtime's name. */
function kindOf({ kubelet, runtime }: Measured): string {
  return `${/^v\d+\.\d+/.exec(kubelet)?.[0] ?? kubelet} ${runtime.replace(/:.*/, '')}`;
}

/** Rows of a scenario that ran replace those that it had. Scenarios come in the order of the suite; one that is gone is left out. */
function mergeRows<T extends { readonly scenario: string }>(
  old: readonly Row<T>[],
  ran: readonly T[],
  measuredOf: MeasuredOf,
  order: readonly string[],
): readonly Row<T>[] {
  const own = ran.map((row) => ({ ...row, measured: measuredOf(row.scenario) }));
  const key = ({ scenario, measured }: Row<T>): string => `${scenario} ${kindOf(measured)}`;
  const replaced = new Set(own.map(key));
  const rows = [...old.filter((row) => !replaced.has(key(row))), ...own];
  rows.sort((a, b) => kindOf(a.measured).localeCompare(kindOf(b.measured)));
  return order.flatMap((name) => rows.filter(({ scenario }) => scenario === name));
}

/** @param order the names of all scenarios. */
export function merge(old: Results, run: Run, measuredOf: MeasuredOf, order: readonly string[]): Results {
  return {
    figures: mergeRows(old.figures, run.figures, measuredOf, order),
    faults: mergeRows(old.faults, run.faults, measuredOf, order),
  };
}
