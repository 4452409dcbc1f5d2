/** One incident on one screen. Pure. */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { FleetPattern } from '../../api/v1alpha1/parts/fleet-pattern.ts';
import type { IncidentStatus, KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isGoodEnd } from '../../core/decision/record/outcomes.ts';
import { formatDuration } from '../../core/time/duration.ts';
import { verdictText } from '../diagnose/verdict-text.ts';
import { humanAge, humanBytes, renderTable, wrap } from '../table.ts';
import { oneLine, textWidth, type Colour, type Terminal } from '../terminal.ts';
import { evidenceSummary, type Moment, type Tone } from './timeline.ts';

const MARKS: Readonly<Record<Tone, string>> = { good: '✔', bad: '✖', open: '◷', plain: '·' };
const COLOURS: Readonly<Record<Tone, Colour>> = { good: 'green', bad: 'red', open: 'yellow', plain: 'dim' };
const TITLE_WIDTH = 18;
const OFFSET_WIDTH = 9;
const TEXT_WIDTH = 84;

export interface PageOptions {
  readonly now: number;
  /** The whole stack, and each artifact. */
  readonly verbose: boolean;
}

export function incidentPage(
  terminal: Terminal,
  incident: KubeletIncident,
  timeline: readonly Moment[],
  { now, verbose }: PageOptions,
): string {
  const { diagnosis, pattern, evidence = [] } = incident.status;
  return [
    heading(terminal, incident, now),
    timelineText(terminal, timeline, Date.parse(incident.spec.trigger.at)),
    diagnosis === undefined ? '\n' : verdictText(terminal, diagnosis, verbose),
    pattern === undefined ? '' : patternLines(terminal, pattern),
    evidence.length === 0 ? '' : evidenceText(terminal, incident, verbose),
    next(terminal, incident),
  ].join('');
}

function heading(terminal: Terminal, { metadata, spec, status }: KubeletIncident, now: number): string {
  const age = humanAge(now - Date.parse(metadata.creationTimestamp));
  const { outcome } = status;
  const colour = outcome === undefined ? 'yellow' : isGoodEnd(outcome) ? 'green' : 'bold';
  const state = outcome ?? (status.state === undefined ? 'open' : `open (${status.state})`);
  const { policy, mode, strategy, evidence } = spec.plan;
  const approval = spec.approval;
  const decided =
    approval === undefined
      ? ''
      : `  ${approval.decision === 'Approve' ? 'approved' : 'rejected'} by ${oneLine(approval.by)}${approval.reason === undefined ? '' : `: ${oneLine(approval.reason)}`}\n`;
  return [
    `${terminal.paint('bold', metadata.name)}  node ${oneLine(spec.nodeName)}, ${terminal.paint(colour, oneLine(state))}, opened ${age} ago\n`,
    `  policy ${oneLine(policy)}: ${mode}, ${strategy}, evidence ${evidence.gate}\n`,
    decided,
    '\n',
  ].join('');
}

/** Times of day in UTC, as logs have them; a line with the date where it changes. */
function timelineText(terminal: Terminal, timeline: readonly Moment[], zero: number): string {
  let day = '';
  return timeline
    .map((moment) => {
      const iso = new Date(moment.at).toISOString();
      const date = iso.slice(0, 10);
      const dateLine = date === day ? '' : terminal.paint('dim', `  ${date} (UTC)\n`);
      day = date;
      const indent = ' '.repeat(2 + 8 + 1 + OFFSET_WIDTH + 2 + 2 + TITLE_WIDTH);
      const offset = offsetText(moment.at - zero).padStart(OFFSET_WIDTH);
      const title = terminal.paint(
        COLOURS[moment.tone],
        `${MARKS[moment.tone]} ${oneLine(moment.title).padEnd(TITLE_WIDTH - 1)} `,
      );
      const text = wrap(oneLine(moment.text), textWidth(terminal, indent.length, TEXT_WIDTH), indent);
      return `${dateLine}  ${iso.slice(11, 19)} ${terminal.paint('dim', offset)}  ${title}${text}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** `+1.2s`, `-2m48s`: to the tenth below ten seconds. */
function offsetText(ms: number): string {
  const unit = Math.abs(ms) < 10_000 ? 100 : 1_000;
  const rounded = Math.round(ms / unit) * unit;
  return `${rounded < 0 ? '-' : '+'}${shortDuration(Math.abs(rounded))}`;
}

function shortDuration(ms: number): string {
  return ms < 1_000 && ms > 0 ? `${ms / 1_000}s` : formatDuration(ms);
}

function patternLines(terminal: Terminal, { summary, incidents }: FleetPattern): string {
  const indent = ' '.repeat(15);
  const words = `${oneLine(summary)}: ${incidents.map(oneLine).join(', ')}`;
  const text = wrap(words, textWidth(terminal, indent.length, TEXT_WIDTH), indent);
  return `  ${terminal.paint('bold', 'Also'.padEnd(13))}${text}\n`;
}

function evidenceText(terminal: Terminal, incident: KubeletIncident, verbose: boolean): string {
  const { evidence = [] } = incident.status;
  const { trimmed, bucket } = incident.status;
  const where = ' '.repeat(15);
  const width = textWidth(terminal, where.length, TEXT_WIDTH);
  const gone = trimmed === undefined ? '' : `${where}${wrap(oneLine(trimmed.message), width, where)}\n`;
  const heads = `  ${terminal.paint('bold', 'Saved'.padEnd(13))}${evidenceSummary(incident)}\n${gone}${bucketText(terminal, bucket, where)}`;
  const shown = evidence.filter(({ state }) => verbose || state === 'Failed');
  if (shown.length === 0) return heads;
  return heads + renderTable(shown.map(artifactRow)).replaceAll(/^/gm, '               ').trimEnd() + '\n';
}

function bucketText(terminal: Terminal, bucket: IncidentStatus['bucket'], where: string): string {
  if (bucket === undefined) return '';
  const { state, objects, uri, message } = bucket;
  const rest = state === 'Complete' ? '' : ` ${state === 'Waiting' ? 'waits' : 'given up'}: ${message ?? ''}`;
  const words = `in the bucket: ${String(objects.length)} at ${uri};${rest}`.replace(/;$/, '');
  return `${where}${wrap(oneLine(words), textWidth(terminal, where.length, TEXT_WIDTH), where)}\n`;
}

function artifactRow(entry: EvidenceEntry): readonly string[] {
  const size = entry.state === 'Failed' ? 'missing' : humanBytes(entry.bytes ?? 0);
  const marks = [
    ...(entry.truncated === true ? ['truncated'] : []),
    ...(entry.redactions === undefined ? [] : [`${entry.redactions} secrets blacked out`]),
    ...(entry.message === undefined ? [] : [oneLine(entry.message)]),
  ];
  return [oneLine(entry.name), size, marks.join('; ')];
}

/** What a person can do now. */
function next(terminal: Terminal, { metadata, spec, status }: KubeletIncident): string {
  const hold = status.steps?.find(({ type }) => type === 'Hold');
  const isHeld = status.outcome === undefined && hold?.state === 'Requested' && spec.approval === undefined;
  const commands = [
    ...(isHeld ? [`kubectl medic approve ${metadata.name}`, `kubectl medic reject ${metadata.name} --reason ...`] : []),
    ...((status.evidence ?? []).some(({ state }) => state === 'Captured')
      ? [`kubectl medic evidence ${metadata.name} -o DIR`]
      : []),
  ];
  if (commands.length === 0) return '';
  return `  ${terminal.paint('bold', 'Next'.padEnd(13))}${commands.join('\n               ')}\n`;
}
