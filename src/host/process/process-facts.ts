/** What the kernel says of one process (proc(5), cgroups(7)). */
import { readText } from '../disk/bounded-read.ts';
import type { ProcessFacts } from '../../ports/host.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { parseStat } from './proc-parse.ts';

/** undefined: no such process. Facts that a kernel does not give are those of a process of which nothing is to be said. */
export async function processFacts(namespaces: HostNamespaces, pid: number): Promise<ProcessFacts | undefined> {
  const folder = `${namespaces.procRoot}/${String(pid)}`;
  const [stat, status, wchan, cgroup] = await Promise.all(
    ['stat', 'status', 'wchan', 'cgroup'].map((name) => optional(`${folder}/${name}`)),
  );
  const parsed = stat === undefined ? undefined : parseStat(stat);
  if (parsed === undefined) return undefined;
  return {
    state: parsed.state,
    startTicks: parsed.startTicks,
    tracerPID: Number(/^TracerPid:\s*(\d+)$/m.exec(status ?? '')?.[1] ?? 0),
    frozen: await isFrozen(namespaces, cgroup ?? ''),
    wchan: (wchan ?? '').trim().slice(0, 128),
  };
}

/** A kernel without such a file, and one that does not let it be read, say the same: nothing. */
async function optional(path: string): Promise<string | undefined> {
  return await readText(path).catch(() => undefined);
}

/** v2: `frozen 1` of cgroup.events is of the group and of those above it; v1: `FROZEN` of freezer.state is too. */
async function isFrozen({ hostRoot }: HostNamespaces, cgroup: string): Promise<boolean> {
  const root = `${hostRoot}/sys/fs/cgroup`;
  const unified = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  const freezer = /^\d+:[\w,]*\bfreezer\b[\w,]*:(\/.*)$/m.exec(cgroup)?.[1];
  const events = unified === undefined ? undefined : await optional(`${root}${unified}/cgroup.events`);
  const state = freezer === undefined ? undefined : await optional(`${root}/freezer${freezer}/freezer.state`);
  return /^frozen 1$/m.test(events ?? '') || state?.trim() === 'FROZEN';
}
