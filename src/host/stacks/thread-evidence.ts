/**
 * What the kernel says of each thread of a process: the name, the state, and what it waits in. It is what is left where
 * the memory of the process cannot be read. None of these files takes the lock of the memory (mmap_lock).
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { parseStat } from '../process/proc-parse.ts';
import { messageOf } from '../system-error.ts';
import { procError } from './stack-errors.ts';

const MAX_THREADS = 2000;
const MAX_FILE = 16_384;

export interface ThreadEvidence {
  readonly text: string;
  readonly threads: number;
  /** Threads that no signal reaches. */
  readonly uninterruptible: number;
}

/** @throws `E_STACKS_GONE`, `E_STACKS_DENIED`. */
export function readThreads(procRoot: string, pid: number): ThreadEvidence {
  const folder = `${procRoot}/${String(pid)}/task`;
  const ids = listThreads(folder);
  let text = `threads of process ${String(pid)}: ${ids.length}\n`;
  let uninterruptible = 0;
  for (const id of ids.slice(0, MAX_THREADS)) {
    const state = parseStat(readFile(`${folder}/${id}/stat`))?.state ?? '?';
    if (state === 'D') uninterruptible++;
    text += threadText(`${folder}/${id}`, id, state);
  }
  if (ids.length > MAX_THREADS) text += `\n${ids.length - MAX_THREADS} more threads are left out\n`;
  return { text, threads: ids.length, uninterruptible };
}

function listThreads(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort((a, b) => Number(a) - Number(b));
  } catch (error) {
    throw procError(folder, error, '');
  }
}

/** Names and values come from the process and its kernel; each on lines of its own. */
function threadText(folder: string, id: string, state: string): string {
  const lines = [
    `thread ${id} (${oneLine(readFile(`${folder}/comm`))})`,
    `  state    ${state}`,
    `  wchan    ${oneLine(readFile(`${folder}/wchan`))}`,
    `  syscall  ${oneLine(readFile(`${folder}/syscall`))}`,
    ...readFile(`${folder}/stack`)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `    ${line}`),
  ];
  return `\n${lines.join('\n')}\n`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/[^\x20-\x7e]/g, '?');
}

/** As much as one read gives; why it cannot be read, where it cannot. */
function readFile(path: string): string {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MAX_FILE);
      return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, MAX_FILE, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return `(${messageOf(error)})`;
  }
}
