/** Texts of /proc (proc(5)). */

/** Of USER_HZ, which /proc counts in: 100 a second on amd64 and arm64. */
const TICK_MS = 10;

export interface ProcStat {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly ppid: number;
  /** Clock ticks after boot: with the pid, the identity of a process. */
  readonly startTicks: number;
  /** In user code and in the kernel, of all its threads. */
  readonly cpuMs: number;
}

/** /proc/PID/stat. The name stands in brackets, and its process chooses it: it can hold brackets, spaces and newlines. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close < open) return undefined;
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  const [state = '', ppid = ''] = fields;
  if (state === '') return undefined;
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'),
    state,
    ppid: Number(ppid),
    startTicks: Number(fields[19] ?? 0),
    cpuMs: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS,
  };
}

/** /proc/PID/cmdline: words that end in NUL. */
export function parseCmdline(text: string): readonly string[] {
  return text.split('\0').slice(0, text.endsWith('\0') ? -1 : undefined);
}

/**
 * The system unit whose own control group a process is in, from its /proc/PID/cgroup and that of the host's init: slices, and
 * the unit. The path counts from init's own: a machine container's init is not at the top. undefined: a session, a container,
 * a unit of a user's own systemd (`user@1000.service/...`), or a group below a unit, which whoever it is delegated to makes.
 */
export function ownUnit(text: string, initText: string): string | undefined {
  const path = systemdPath(text);
  if (path === undefined) return undefined;
  const init = (systemdPath(initText) ?? '').replace(/\/init\.scope$/, '');
  const relative = path.startsWith(`${init}/`) ? path.slice(init.length) : path;
  return /^(?:\/[^/]+\.slice)*\/([^/]+\.service)$/.exec(relative)?.[1];
}

/** cgroup v1 and hybrid: the line `N:name=systemd:PATH`; v2: `0::PATH` (cgroups(7)). */
function systemdPath(text: string): string | undefined {
  const lines = text.split('\n');
  const line = lines.find((l) => /^\d+:name=systemd:/.test(l)) ?? lines.find((l) => l.startsWith('0::'));
  return line?.slice(line.indexOf(':', line.indexOf(':') + 1) + 1);
}
