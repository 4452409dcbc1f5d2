/** `kubectl medic history`: incidents, newest first, and what they have in common. */
import { HEALTHS, INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { API_VERSION } from '../../api/v1alpha1/names.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { writeStructured, type Format } from '../structured.ts';
import { humanAge, renderTable, wrap } from '../table.ts';
import { oneLine } from '../terminal.ts';
import { findPatterns, patternText } from './patterns.ts';

type Column = readonly [head: string, cell: (incident: KubeletIncident, now: number) => string];

const COLUMNS: readonly Column[] = [
  ['NAME', ({ metadata }) => metadata.name],
  ['NODE', ({ spec }) => spec.nodeName],
  ['CAUSE', ({ status }) => status.diagnosis?.cause ?? ''],
  ['ACTION', ({ status }) => status.action ?? ''],
  ['OUTCOME', ({ status }) => status.outcome ?? 'open'],
  ['EVIDENCE', ({ status }) => String(status.evidenceCount ?? '')],
  ['NOT READY', ({ status }) => status.timings?.notReadyFor ?? ''],
  ['AGE', ({ metadata }, now) => humanAge(now - Date.parse(metadata.creationTimestamp))],
];
const WIDE_COLUMNS: readonly Column[] = [
  ['TRIGGER', ({ spec }) => spec.trigger.type],
  ['POLICY', ({ spec }) => spec.plan.policy],
  ['FINGERPRINT', ({ status }) => status.diagnosis?.fingerprint ?? ''],
];
const PATTERN_WIDTH = 110;

/** @param node undefined: all nodes. */
export async function runHistory(session: Session, node: string | undefined, format: Format): Promise<void> {
  const { cluster, terminal, clock } = session;
  const query = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` };
  const { items, malformed } = await cluster.list(INCIDENTS, query);
  const healths = await listHealths(session);
  const incidents = [...items].sort((a, b) => createdAt(b) - createdAt(a));
  const patterns = findPatterns(incidents, healths);
  for (const { name, message } of malformed) terminal.note(`not shown: ${name}: ${oneLine(message)}\n`);
  if (
    writeStructured(terminal, format, {
      apiVersion: API_VERSION,
      kind: 'KubeletIncidentList',
      items: incidents,
      patterns,
    })
  ) {
    return;
  }
  if (incidents.length === 0) {
    terminal.note(`No incidents${node === undefined ? '' : ` of node ${node}`}.\n`);
    return;
  }
  const columns = format === 'wide' ? [...COLUMNS, ...WIDE_COLUMNS] : COLUMNS;
  const now = clock.now();
  const rows = incidents.map((incident) => columns.map(([, cell]) => oneLine(cell(incident, now))));
  terminal.out(renderTable([columns.map(([head]) => head), ...rows]));
  if (patterns.length === 0) return;
  const lines = patterns.map((p) => `  ${wrap(oneLine(patternText(p, healths.length)), PATTERN_WIDTH, '    ')}\n`);
  terminal.out(`\n${terminal.paint('bold', 'The same fault more than once')}\n${lines.join('')}`);
}

function createdAt({ metadata }: KubeletIncident): number {
  return Date.parse(metadata.creationTimestamp);
}

/** They only add to what is shown: who may not read them sees the rest. */
async function listHealths({ cluster }: Session): Promise<readonly Awaited<ReturnType<typeof HEALTHS.parse>>[]> {
  try {
    return (await cluster.list(HEALTHS, {})).items;
  } catch (error) {
    if (isMedicError(error, 'denied')) return [];
    throw error;
  }
}
