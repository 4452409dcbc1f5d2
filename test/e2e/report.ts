/** What the suite says: a line for each check as it is made, a table of figures, and the count. */
import type { FaultRow, Figure, Run } from './results/results.ts';

export interface Report {
  check(scenario: string, claim: string, holds: boolean, detail?: string): void;
  /** A figure with its limit; over the limit it counts as failed. */
  figure(figure: Figure): void;
  /** What became of a fault, for docs/reference/faults.md. */
  fault(row: FaultRow): void;
  note(text: string): void;
  finish(): { readonly passed: number; readonly failed: number };
  table(): string;
  /** Of scenarios in which nothing failed. */
  measured(): Run;
}

const startedAt = Date.now();

function clock(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

export function createReport(): Report {
  let passed = 0;
  let failed = 0;
  const broken = new Set<string>();
  const figures: Figure[] = [];
  const faults: FaultRow[] = [];

  function check(scenario: string, claim: string, holds: boolean, detail = ''): void {
    if (holds) passed++;
    else {
      failed++;
      broken.add(scenario);
    }
    console.log(
      `  ${clock()}  ${holds ? '✔' : '✗ FAILED'}  ${scenario}: ${claim}${detail === '' ? '' : ` (${detail})`}`,
    );
  }

  function table(): string {
    const rows = figures.map(
      ({ scenario, what, value, limit, unit }) =>
        `| ${scenario} | ${what} | ${value.toFixed(1)} ${unit} | ${limit} ${unit} |`,
    );
    return ['| scenario | figure | measured | at most |', '|---|---|---|---|', ...rows].join('\n');
  }

  return {
    check,
    figure: (figure) => {
      figures.push(figure);
      const { scenario, what, value, limit, unit } = figure;
      check(
        scenario,
        `${what}: ${value.toFixed(1)} ${unit}, at most ${limit} ${unit}`,
        Number.isFinite(value) && value <= limit,
      );
    },
    fault: (row) => {
      faults.push(row);
    },
    note: (text) => {
      console.log(`  ${clock()}  · ${text}`);
    },
    finish: () => ({ passed, failed }),
    table,
    measured: () => {
      const isWhole = ({ scenario }: { readonly scenario: string }): boolean => !broken.has(scenario);
      return { figures: figures.filter(isWhole), faults: faults.filter(isWhole) };
    },
  };
}
