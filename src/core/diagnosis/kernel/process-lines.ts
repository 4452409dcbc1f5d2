/** What `ps`, `top` and /proc say of a process that sleeps in the kernel. Sources: ps(1), top(1), proc_pid_stat(5). */
import type { HostEvent, Rule } from './event.ts';
import { ownerOf } from './owners.ts';
import { type Place, placeOf } from './places.ts';

/** In columns before the command: numbers, times, dates, terminals, addresses, nice values. */
const FIGURE =
  /^(?:[-+]?\d[\d.,:]*[a-zA-Z%]?|\d+-[\d:]+|\?|-|\*|rt|pts\/\d+|tty\w*|[A-Z][a-z]{2}\d{0,2}|[0-9a-f]{8,16}|RT|TS|IDL|BE|FF|RR)$/;
const STATE = /^D[<NLsl+W]{0,4}$/;
const TIME = /^(?:\d+-)?\d+:\d\d(?::\d\d|\.\d\d)?$/;
const PID = /^[1-9]\d{0,6}$/;
/** Columns before the state that are words: a user, a program, a wchan. */
const MAX_WORDS = 3;
const MAX_COLUMNS = 20;

function isFunction(column: string): boolean {
  return placeOf(column) !== undefined && !column.includes('/') && ['other', 'system'].includes(ownerOf(column));
}

/** The program: what the columns behind the state call it, else the last word before it. */
function programIn(before: readonly string[], behind: readonly string[]): string | undefined {
  // What comes behind the processor time is the command.
  const time = behind.slice(0, -1).findLastIndex((column) => TIME.test(column));
  const after = behind.slice(time + 1);
  const [first, second] = after.filter((column) => !FIGURE.test(column) && !isFunction(column));
  const last = before.at(-1);
  const comm = before.length > 1 && last !== undefined && !FIGURE.test(last) ? last : undefined;
  if (first === undefined) return comm;
  const isCut = /^[a-z]{5,6}$/.test(first) && /\/s?bin\//.test(second ?? '');
  if (ownerOf(first) !== 'other' || !(isCut || /^[a-z0-9]+_[a-z0-9_.]*$/.test(first))) return first;
  // It may be a wchan that is not known here, of which `ps -l` prints six characters; the program stands behind it, or before the state.
  return second ?? comm ?? first;
}

/** A line of `ps` or `top`, whatever its columns are. undefined: it is none, or the process does not sleep so. */
function readProcessLine(line: string): HostEvent | undefined {
  const columns = line
    .replace(/^[>|# \t]{1,16}/, '')
    .trim()
    .split(/[ \t]+/, MAX_COLUMNS);
  const at = columns.findIndex((column) => STATE.test(column));
  if (at < 0 || columns.length < 3) return undefined;
  const before = columns.slice(0, at);
  const after = columns.slice(at + 1);
  if (!before.some((column) => PID.test(column)) && !PID.test(after[0] ?? '')) return undefined;
  if (before.filter((column) => !FIGURE.test(column)).length > MAX_WORDS) return undefined;
  const program = programIn(before, after);
  if (program === undefined) return undefined;
  const place: Place | undefined = [...after.slice(0, 8), ...before]
    .filter((column) => isFunction(column))
    .map(placeOf)
    .find((one) => one !== undefined);
  return { kind: 'asleep', owner: ownerOf(program), place };
}

export const PROCESS_LINES: readonly Rule[] = [
  { pattern: /(?:^|[ \t])D[<NLsl+W]{0,4}[ \t]+\S/gm, read: (_, line) => readProcessLine(line) },
  {
    pattern: /\) D -?\d+ -?\d+ -?\d+ /g,
    read: ({ index }: RegExpExecArray, line: string): HostEvent | undefined => {
      const comm = /\d \(([^\n]{1,64})$/.exec(line.slice(Math.max(0, index - 72), index))?.[1];
      return comm === undefined ? undefined : { kind: 'asleep', owner: ownerOf(comm) };
    },
  },
  {
    pattern: /\bName:[ \t]{1,8}(\S{1,64})[ \t\r]{0,8}$/gm,
    read: ([, comm = '']) => ({ kind: 'named', owner: ownerOf(comm) }),
  },
  { pattern: /\bState:[ \t]{1,8}D \(disk sleep\)/g, read: () => ({ kind: 'asleep' }) },
  // All of /proc/PID/wchan, or what `grep . /proc/*/wchan` prints.
  {
    pattern:
      /^[>| \t]{0,16}(?:\/proc\/\d{1,7}\/(?:task\/\d{1,7}\/)?wchan:[ \t]{0,8})?([a-z_][a-z0-9_]{5,64})[ \t\r]{0,8}$/gm,
    read: ([, name = '']: RegExpExecArray): HostEvent | undefined => {
      const place = name.includes('_') ? placeOf(name) : undefined;
      return place === undefined ? undefined : { kind: 'stack', place };
    },
  },
];
