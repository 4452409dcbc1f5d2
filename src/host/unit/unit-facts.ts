/** What `systemctl show` prints, from systemd 219 to 256 (systemctl(1), org.freedesktop.systemd1(5)). */
import { type Moment, wallOf } from '../../core/time/moment.ts';
import type { UnitFacts } from '../../ports/host.ts';

/** What is asked for; older systemd leaves out those that it does not know. */
export const UNIT_PROPERTIES = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'InvocationID',
  'ExecMainStartTimestamp',
  'ExecMainStartTimestampMonotonic',
  'NRestarts',
  'Restart',
  'WatchdogUSec',
  'KillMode',
  'Job',
  'StateChangeTimestamp',
  'StateChangeTimestampMonotonic',
  'ActiveExitTimestamp',
  'ActiveExitTimestampMonotonic',
  'Requires',
  'BindsTo',
  'PartOf',
] as const;

const TIME_UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  month: 2_629_800_000,
  y: 31_557_600_000,
};

/**
 * One block a unit, in the order in which they were asked for; units that systemd does not know are left out.
 * @param now `monotonicMs` is the host's CLOCK_MONOTONIC, by which systemd counts as well. Without it a start has the time that
 * systemd prints.
 */
export function parseUnits(text: string, now?: Moment): readonly UnitFacts[] {
  return text.split(/\n\s*\n/).flatMap((block) => parseUnit(block, now));
}

function parseUnit(block: string, now: Moment | undefined): readonly UnitFacts[] {
  const properties = new Map<string, string>();
  for (const line of block.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  const get = (name: string): string => properties.get(name) ?? '';
  const id = get('Id');
  if (id === '' || get('LoadState') === 'not-found') return [];
  return [
    {
      unit: id,
      loadState: get('LoadState'),
      activeState: get('ActiveState'),
      subState: get('SubState'),
      result: get('Result'),
      mainPID: whole(get('MainPID')),
      invocationID: get('InvocationID'),
      startedAt: timeOf(get('ExecMainStartTimestamp'), whole(get('ExecMainStartTimestampMonotonic')), now),
      changedAt: exactTime(get('StateChangeTimestamp'), whole(get('StateChangeTimestampMonotonic')), now),
      leftActiveAt: exactTime(get('ActiveExitTimestamp'), whole(get('ActiveExitTimestampMonotonic')), now),
      // `0` where systemd prints it at all.
      hasJob: whole(get('Job')) !== 0,
      requires: ['Requires', 'BindsTo', 'PartOf'].flatMap((name) => get(name).split(' ')).filter((name) => name !== ''),
      restarts: whole(get('NRestarts')),
      restart: get('Restart'),
      watchdogMs: watchdog(get('WatchdogUSec')),
      killMode: get('KillMode'),
    },
  ];
}

/** systemd keeps the wall time of then, which is wrong for hours where the clock was set since, as at boot. */
function timeOf(printed: string, micros: number, now: Moment | undefined): number | undefined {
  const written = parseTimestamp(printed);
  return written === undefined || now === undefined || micros === 0
    ? written
    : Math.round(wallOf(micros / 1000, written, now));
}

/** What is printed is cut to a second: what was changed in the second of our own act would be of before it. */
function exactTime(printed: string, micros: number, now: Moment | undefined): number | undefined {
  if (now === undefined || micros === 0) return parseTimestamp(printed);
  return Math.round(wallOf(micros / 1000, undefined, now));
}

function whole(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** `Tue 2026-11-24 11:54:58 UTC`: the commands run with TZ=UTC, so that every systemd prints this form. */
function parseTimestamp(text: string): number | undefined {
  const found = /^\w+ (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) UTC$/.exec(text);
  if (found === null) return undefined;
  const ms = Date.parse(`${found[1] ?? ''}T${found[2] ?? ''}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function watchdog(text: string): number | undefined {
  const ms = parseTimespan(text);
  return ms === undefined || ms === 0 ? undefined : ms;
}

/** systemd.time(7): `1min 30s`, `500ms`, `0`; undefined: `infinity`, or none. */
export function parseTimespan(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|min|h|d|w|month|y) ?)+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|min|h|d|w|month|y)(?![a-z])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (TIME_UNIT_MS[unit ?? ''] ?? 0),
    0,
  );
}
