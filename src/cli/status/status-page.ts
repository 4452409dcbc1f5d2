/** The fleet on one screen. Pure. */
import { humanAge, renderTable } from '../table.ts';
import { oneLine, type Terminal } from '../terminal.ts';
import type { FleetStatus, IncidentRow, LackRow, NodeRow, PolicyRow } from './fleet-status.ts';

export interface PageOptions {
  readonly now: number;
  /** All rows and whole texts, on as many screens as it takes. */
  readonly wide: boolean;
}

/** Rows of a table, and names in a line; of a table of incidents more are open than anybody works on at once. */
const MAX_ROWS = 12;
const MAX_NAMES = 4;
const MAX_TEXT = 100;

function cut(text: string, { wide }: PageOptions): string {
  const line = oneLine(text);
  return wide || line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT - 3)}...`;
}

function names(all: readonly string[], { wide }: PageOptions): string {
  const shown = wide ? all : all.slice(0, MAX_NAMES);
  const more = all.length - shown.length;
  return oneLine(`${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`);
}

interface Table<Row> {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly Row[];
  readonly cells: (row: Row) => readonly string[];
}

function table<Row>(terminal: Terminal, options: PageOptions, { title, head, rows, cells }: Table<Row>): string {
  if (rows.length === 0) return '';
  const shown = options.wide ? rows : rows.slice(0, MAX_ROWS);
  const more = rows.length - shown.length;
  const rest = more > 0 ? `and ${more} more: -o wide shows all\n` : '';
  const text = renderTable([head, ...shown.map((row) => cells(row).map(oneLine))]);
  return `\n${terminal.paint('bold', title)}\n${text}${rest}`;
}

function policies(terminal: Terminal, { policies: rows }: FleetStatus, options: PageOptions): string {
  if (rows.length === 0) return '\nNo policy: nothing is done to any node.\n';
  const head = ['POLICY', 'MODE', 'NODES', 'UNHEALTHY', 'BREAKER', 'IN FLIGHT', 'MAY START', 'WOULD'];
  const cells = (row: PolicyRow): readonly string[] => [
    row.name,
    row.mode,
    String(row.nodes),
    `${row.unhealthy} (at most ${row.maxUnhealthy})`,
    row.breaker,
    `${row.inFlight} of ${row.maxConcurrent}`,
    String(row.mayStart),
    cut(row.next, options),
  ];
  return table(terminal, options, { title: 'Policies', head, rows, cells });
}

function nodeCells({ name, troubles, policy, next }: NodeRow, options: PageOptions): readonly string[] {
  const [first] = troubles;
  const also = troubles.slice(1).map(({ kind }) => kind);
  const kinds = [first?.kind ?? '', ...also].join(', ');
  const detail = options.wide && first?.detail !== undefined ? `: ${first.detail}` : '';
  const since = Math.min(...troubles.map((trouble) => trouble.since ?? Number.POSITIVE_INFINITY));
  const age = Number.isFinite(since) && since > 0 ? humanAge(options.now - since) : '';
  return [name, cut(`${kinds}${detail}`, options), age, policy ?? '', cut(next, options)];
}

function incidentCells(row: IncidentRow, options: PageOptions): readonly string[] {
  const age = humanAge(options.now - Date.parse(row.openedAt));
  return [row.name, row.node, row.cause === '' ? row.trigger : row.cause, age, cut(row.waitsFor, options)];
}

function lacks(terminal: Terminal, { wouldNotRecover }: FleetStatus, options: PageOptions): string {
  const cells = (row: LackRow): readonly string[] => [
    String(row.nodes.length),
    cut(row.why, options),
    names(row.nodes, options),
  ];
  const head = ['COUNT', 'WHY NOT', 'NODES'];
  return table(terminal, options, { title: 'Nothing would be restarted on', head, rows: wouldNotRecover, cells });
}

export function statusPage(terminal: Terminal, status: FleetStatus, options: PageOptions): string {
  const ill = status.notHealthy.length;
  const stopped = status.wouldNotRecover.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const counts = `${status.nodes} nodes: ${status.healthy} healthy, ${ill} not; ${status.nodes - stopped} would be recovered; ${status.incidents.length} open incidents`;
  const nodes = table(terminal, options, {
    title: 'Not healthy',
    head: ['NODE', 'WHY', 'FOR', 'POLICY', 'NEXT'],
    rows: status.notHealthy,
    cells: (row) => nodeCells(row, options),
  });
  const incidents = table(terminal, options, {
    title: 'Open incidents',
    head: ['INCIDENT', 'NODE', 'CAUSE', 'AGE', 'WAITS FOR'],
    rows: status.incidents,
    cells: (row) => incidentCells(row, options),
  });
  const led = status.noLeader === undefined ? '' : `${terminal.paint('red', oneLine(status.noLeader))}\n`;
  return [
    led,
    `${counts}\n`,
    policies(terminal, status, options),
    nodes,
    incidents,
    lacks(terminal, status, options),
  ].join('');
}
