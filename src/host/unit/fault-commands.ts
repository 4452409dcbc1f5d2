/**
 * The commands by which a drill stops a process and continues it. It is told by its pid and its start, both of systemd's and the
 * kernel's word, at the very moment of the signal: a process that has taken the pid meanwhile gets none.
 */

/** Of the timer and of the service that it starts. One a host: two faults are never made at once. */
const SWITCH = 'kubelet-medic-drill';
export const SWITCH_UNIT = `${SWITCH}.timer`;

/**
 * `$1`: the signal, `$2`: the pid, `$3`: its start in clock ticks after boot, field 22 of /proc/PID/stat (proc(5)). What is not
 * that process any more is no failure for SIGCONT, since a service that has failed would keep its name.
 */
const SCRIPT = [
  'set -f',
  'read -r line <"/proc/$2/stat" || line=',
  'set -- "$1" "$2" "$3" ${line##*) }',
  'if [ "${23-}" = "$3" ]; then kill -"$1" "$2"; else [ "$1" = CONT ]; fi',
].join('; ');

type Signal = 'STOP' | 'CONT';

export interface Target {
  readonly pid: number;
  readonly startTicks: number;
}

function words(script: string, signal: Signal, { pid, startTicks }: Target): readonly string[] {
  return ['/bin/sh', '-c', script, 'sh', signal, String(pid), String(startTicks)];
}

export function signalCommand(signal: Signal, target: Target): readonly string[] {
  return words(SCRIPT, signal, target);
}

/** systemd replaces `$` in the words of a command (systemd.service(5)), `$$` by `$`. @param seconds from now. */
export function switchCommand(target: Target, seconds: number): readonly string[] {
  const script = SCRIPT.replaceAll('$', '$$$$');
  const options = [`--unit=${SWITCH}`, `--on-active=${String(seconds)}`, '--timer-property=AccuracySec=1s'];
  return ['systemd-run', '--quiet', ...options, ...words(script, 'CONT', target)];
}

export const DISARM_COMMAND: readonly string[] = ['systemctl', 'stop', SWITCH_UNIT];

const NUMBER = /^[1-9]\d{0,15}$/;
const SECONDS = /^--on-active=([1-9]\d{0,3})$/;

function isSame(argv: readonly string[], other: readonly string[]): boolean {
  return argv.length === other.length && argv.every((word, index) => word === other[index]);
}

/** Whether it is one of these commands, word for word but for the numbers. */
export function isFaultCommand(argv: readonly string[]): boolean {
  if (isSame(argv, DISARM_COMMAND)) return true;
  const [signal, pid = '', ticks = ''] = argv.slice(-3);
  if (!NUMBER.test(pid) || !NUMBER.test(ticks)) return false;
  const target = { pid: Number(pid), startTicks: Number(ticks) };
  if (argv[0] === 'systemd-run') {
    const seconds = argv.map((word) => SECONDS.exec(word)?.[1]).find((found) => found !== undefined);
    return seconds !== undefined && isSame(argv, switchCommand(target, Number(seconds)));
  }
  return (signal === 'STOP' || signal === 'CONT') && isSame(argv, signalCommand(signal, target));
}
