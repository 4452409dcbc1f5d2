/** What the suite says: a line for each check as it is made, a table of figures, and the count. */
import { writeFileSync } from 'node:fs';

interface Figure {
  readonly scenario: string;
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: 's' | 'MiB';
}

export interface Report {
  check(scenario: string, claim: string, holds: boolean, detail?: string): void;
  /** A figure with its limit; over the limit it counts as failed. */
  figure(figure: Figure): void;
  note(text: string): void;
  finish(): { readonly passed: number; readonly failed: number };
  table(): string;
}

const startedAt = Date.now();

function clock(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

export function createReport(): Report {
  let passed = 0;
  let failed = 0;
  const figures: Figure[] = [];

  function check(scenario: string, claim: string, holds: boolean, detail = ''): void {
    if (holds) passed++;
    else failed++;
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
    note: (text) => {
      console.log(`  ${clock()}  · ${text}`);
    },
    finish: () => ({ passed, failed }),
    table,
  };
}

export function writeMeasurements(path: string, table: string): void {
  writeFileSync(
    path,
    `# Measurements

Written by \`npm run test:e2e -- --write\`: real nodes (systemd-nspawn, kubelet 1.36.3, containerd 1.6.20), all on one machine
with 2 cores, the image built from the Dockerfile, the chart installed by helm. Times are by the node's journal (breach line),
by the agent (restart issued) and by the Node's condition (Ready, whole seconds, rounded up). One run each.

${table}

The kubelet's own threshold is 3 minutes; a breach line comes that long after the fault.
`,
  );
}
