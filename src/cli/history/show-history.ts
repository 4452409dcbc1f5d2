/** `kubectl medic history`: incidents, newest first, and what they have in common. */
import { HEALTHS, INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION } from '../../api/v1alpha1/words/names.ts';
import { caseOf, findPatterns, patternText, type Pattern } from '../../core/diagnosis/fleet.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { incidentRef, shownObject, writeNames, writeStructured, type Format } from '../structured.ts';
import { stateText } from '../state-text.ts';
import { humanAge, renderTable, wrap } from '../table.ts';
import { oneLine, textWidth } from '../terminal.ts';

type Column = readonly [head: string, cell: (incident: KubeletIncident, now: number) => string];

const COLUMNS: readonly Column[] = [
  ['NAME', ({ metadata }) => metadata.name],
  ['NODE', ({ spec }) => spec.nodeName],
  ['CAUSE', ({ status }) => status.diagnosis?.cause ?? ''],
  ['ACTION', ({ status }) => status.action ?? ''],
  ['STATE', ({ status }) => stateText(status)],
  ['EVIDENCE', ({ status }) => String(status.evidenceCount ?? '')],
  ['NOT READY', ({ status }) => status.timings?.notReadyFor ?? ''],
  ['AGE', ({ metadata }, now) => humanAge(now - Date.parse(metadata.creationTimestamp))],
];
const WIDE_COLUMNS: readonly Column[] = [
  ['OUTCOME', ({ status }) => status.outcome ?? ''],
  ['TRIGGER', ({ spec }) => spec.trigger.type],
  ['POLICY', ({ spec }) => spec.plan.policy],
  ['FINGERPRINT', ({ status }) => status.diagnosis?.fingerprint ?? ''],
];
const PATTERN_WIDTH = 110;

export interface HistoryOptions {
  readonly format: Format;
  readonly showManagedFields: boolean;
}

/** @param node undefined: all nodes. */
export async function runHistory(session: Session, node: string | undefined, options: HistoryOptions): Promise<void> {
  const { format, showManagedFields } = options;
  const { cluster, terminal, clock } = session;
  const query = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` };
  const { items, malformed } = await cluster.list(INCIDENTS, query);
  const incidents = [...items].sort((a, b) => createdAt(b) - createdAt(a));
  const patterns = findPatterns(incidents.map(caseOf));
  for (const { name, message } of malformed) terminal.note(`not shown: ${name}: ${oneLine(message)}\n`);
  const names = incidents.map(({ metadata }) => incidentRef(metadata.name));
  if (writeNames(terminal, format, names)) return;
  if (
    writeStructured(terminal, format, {
      apiVersion: API_VERSION,
      kind: 'KubeletIncidentList',
      items: incidents.map((incident) => shownObject(incident, showManagedFields)),
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
  const fleet = await countNodes(session);
  const width = textWidth(terminal, 4, PATTERN_WIDTH);
  const lines = patterns.map((p) => `  ${wrap(oneLine(patternLine(p, fleet)), width, '    ')}\n`);
  terminal.out(`\n${terminal.paint('bold', 'The same fault more than once')}\n${lines.join('')}`);
}

function createdAt({ metadata }: KubeletIncident): number {
  return Date.parse(metadata.creationTimestamp);
}

function patternLine(pattern: Pattern, fleet: number): string {
  const { cause, where, fixedIn } = pattern;
  const place = where === undefined ? '' : `, at ${where}`;
  const fixed = fixedIn === undefined ? '' : `; fixed in ${fixedIn}`;
  return `${patternText(pattern, fleet)}: ${cause}${place}${fixed}`;
}

/** 0 for who may not list them: then the pattern counts against the nodes that it has. */
async function countNodes({ cluster }: Session): Promise<number> {
  try {
    return (await cluster.list(HEALTHS, {})).items.length;
  } catch (error) {
    if (isMedicError(error, 'denied')) return 0;
    throw error;
  }
}
