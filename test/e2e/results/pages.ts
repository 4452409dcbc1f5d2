/** The pages that are made of what the suite has measured. Pure. */
import type { FaultRow, Measured, Results, Row } from './results.ts';

type Cells = readonly string[];

/** A table as prettier writes it. */
function table(head: Cells, rows: readonly Cells[]): string {
  const all = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => (cells[column] ?? '').length)));
  const line = (cells: Cells): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const [first = [], ...others] = all;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}

function byText({ on, kubelet, runtime }: Measured): string {
  return `${on}, ${kubelet}, ${runtime.replace('://', ' ')}`;
}

/** @param results as `results.json` has them. */
export function measurementsPage({ figures }: Results): string {
  const rows = figures.map(({ scenario, what, value, goal, limit, unit, measured }) => [
    scenario,
    what,
    `${value.toFixed(1)} ${unit}`,
    `${String(goal ?? limit)} ${unit}`,
    `${String(limit)} ${unit}`,
    byText(measured),
  ]);
  return `# Measurements

Written by \`npm run test:e2e -- --write\`: real nodes (systemd-nspawn, a kubelet, containerd), all on one machine with 2 cores,
the image built from the Dockerfile, the chart installed by helm. Times are by the node's journal (breach line), by the agent
(restart issued) and by the Node's condition (Ready, whole seconds, rounded up). One run each; a row stays until its scenario is
measured again. The goal is for a quiet machine; a run fails above what is allowed at most. What became of each fault is in
[reference/faults.md](reference/faults.md).

${table(['scenario', 'figure', 'measured', 'goal', 'at most', 'with'], rows)}

The kubelet's own threshold is 3 minutes; a breach line comes that long after the fault.
`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

/** Since the fault, and since the kubelet's own line where it wrote one. */
function timeText(after: number | undefined, line: number | undefined): string {
  if (after === undefined) return '';
  return line === undefined || after < line
    ? seconds(after)
    : `${seconds(after)} (line + ${seconds(Math.max(0, after - line))})`;
}

function faultCells(row: Row<FaultRow>): Cells {
  const ready = row.staysReady === true ? 'never lost' : timeText(row.readyAfter, row.lineAfter);
  return [
    row.fault,
    `${row.sign}, ${seconds(row.signAfter)}`,
    row.trigger,
    row.diagnosis,
    row.answer,
    row.actedAfter === undefined ? 'never' : timeText(row.actedAfter, row.lineAfter),
    ready === '' ? 'left to a person' : ready,
    `${row.scenario}: ${byText(row.measured)}`,
  ];
}

const FAULT_HEAD = ['fault', 'first sign', 'trigger', 'diagnosis', 'answer', 'acted', 'Ready', 'measured'];

/** @param results as `results.json` has them. */
export function faultsPage({ faults }: Results): string {
  return `# Faults

What becomes of each fault, as scenarios of the end-to-end suite saw it on real nodes. Written by \`npm run test:e2e -- --write\`
from what they measured; nothing in the table is typed by hand. Times are seconds since the fault. Where the kubelet wrote a
breach line of its own, 3 minutes after its last relist, \`line + ...\` counts from that line. The first sign is what the node's
KubeletHealth said first. The policy is the chart's in mode \`Remediate\`, and \`stableFor: 10s\`.

${table(FAULT_HEAD, faults.map(faultCells))}
`;
}
