/** Which processes run on the host. Only files are read that need no lock of the process's memory (no cmdline). */
import { parseStat, type ProcStat } from './proc-parse.ts';
import { listNames, readText } from '../disk/bounded-read.ts';

const MAX_PROCESSES = 100_000;

/** All processes, by pid. Those that end meanwhile are left out. */
export async function* listProcesses(procRoot: string, signal: AbortSignal): AsyncGenerator<ProcStat> {
  for (const name of await numericNames(procRoot, signal)) {
    const stat = await readStat(`${procRoot}/${name}`, signal);
    if (stat !== undefined) yield stat;
  }
}

/** All threads of a process. */
export async function* listThreads(procRoot: string, pid: number, signal: AbortSignal): AsyncGenerator<ProcStat> {
  const folder = `${procRoot}/${String(pid)}/task`;
  for (const name of await numericNames(folder, signal)) {
    const stat = await readStat(`${folder}/${name}`, signal);
    if (stat !== undefined) yield stat;
  }
}

async function numericNames(folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const names = (await listNames(folder, signal)).filter((name) => /^\d+$/.test(name));
  return names.sort((a, b) => Number(a) - Number(b)).slice(0, MAX_PROCESSES);
}

async function readStat(folder: string, signal: AbortSignal): Promise<ProcStat | undefined> {
  const text = await readText(`${folder}/stat`, signal);
  return text === undefined ? undefined : parseStat(text);
}
