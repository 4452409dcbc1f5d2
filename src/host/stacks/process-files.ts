/** A process through its files in /proc (proc(5)): its program, its memory and its threads. Opened for reading only. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { hasCode, messageOf } from '../system-error.ts';
import { parseStat, type ProcStat } from '../process/proc-parse.ts';
import { type ByteSource, type ProcessSource, readWord, type Registers } from './byte-source.ts';
import { malformed, procError, stackError } from './stack-errors.ts';

/** A process: its id alone may be given to another one. */
export interface ProcessIdentity {
  /** `/proc`, or that of another PID namespace: `/proc/1/root/proc`. */
  readonly procRoot: string;
  readonly pid: number;
  /** Field 22 of its stat: clock ticks after boot. undefined: whichever process has the id now. */
  readonly startTicks: number | undefined;
}

export interface OpenProcess extends ProcessSource {
  /** @throws `E_STACKS_GONE` if the process has ended since it was opened, or is another one. */
  checkIdentity(): void;
  /** What it has used of CPUs since it began. @throws `E_STACKS_GONE`. */
  cpuMs(): number;
  close(): void;
}

const AT_ENTRY = 9;
const MAX_AUXV = 8192;

/** @throws `E_STACKS_GONE`, `E_STACKS_DENIED`, `E_STACKS_MALFORMED`. */
export function openProcess(identity: ProcessIdentity): OpenProcess {
  const folder = `${identity.procRoot}/${String(identity.pid)}`;
  const { startTicks } = checkedStat(identity);
  const hint = yamaHint(identity.procRoot);
  const open = <T>(name: string, read: (path: string) => T): T => {
    try {
      return read(`${folder}/${name}`);
    } catch (error) {
      // A thread of the kernel has a folder, and no program.
      if (name === 'exe' && hasCode(error, 'ENOENT')) {
        checkedStat({ ...identity, startTicks });
        throw stackError('E_STACKS_NOT_GO', 'it has no program: it is of the kernel');
      }
      throw procError(`${folder}/${name}`, error, hint);
    }
  };
  const program = open('exe', (path) => openSync(path, 'r'));
  const memory = open('mem', (path) => openSync(path, 'r'));
  const entryPoint = open('auxv', (path) => entryPointOf(readFileSync(path).subarray(0, MAX_AUXV)));
  const checkIdentity = (): void => {
    checkedStat({ ...identity, startTicks });
  };
  const threads = createThreads(folder);
  return {
    file: fileSource(program),
    fileSize: fstatSync(program).size,
    memory: memorySource(memory, checkIdentity),
    entryPoint,
    nowNs: () => Number(process.hrtime.bigint()),
    registersOf: threads.registersOf,
    isThreadRunning: threads.isThreadRunning,
    checkIdentity,
    cpuMs: () => checkedStat({ ...identity, startTicks }).cpuMs,
    close: () => {
      closeSync(program);
      closeSync(memory);
    },
  };
}

function checkedStat({ procRoot, pid, startTicks }: ProcessIdentity): ProcStat {
  const path = `${procRoot}/${String(pid)}/stat`;
  const stat = parseStat(readStat(path));
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') {
    throw stackError('E_STACKS_GONE', 'it has ended');
  }
  if (startTicks !== undefined && stat.startTicks !== startTicks) {
    throw stackError('E_STACKS_GONE', 'it has ended, and another process has its id');
  }
  return stat;
}

function readStat(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw procError(path, error, '');
  }
}

/** Yama's highest setting refuses everyone, root too. */
function yamaHint(procRoot: string): string {
  try {
    const scope = readFileSync(`${procRoot}/sys/kernel/yama/ptrace_scope`, 'latin1').trim();
    if (scope === '3') return '; kernel.yama.ptrace_scope is 3, under which nobody may, until the next boot';
    return `; CAP_SYS_PTRACE is needed (kernel.yama.ptrace_scope is ${scope.slice(0, 8)})`;
  } catch {
    // A kernel without Yama.
    return '; CAP_SYS_PTRACE is needed';
  }
}

function entryPointOf(auxv: Buffer): number {
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (readWord(auxv, at) === AT_ENTRY) return readWord(auxv, at + 8);
  }
  // Of a process that is ending, or has no memory of its own: a thread of the kernel.
  if (auxv.length === 0)
    throw stackError('E_STACKS_NOT_GO', 'it has no program: a thread of the kernel, or it is ending');
  throw malformed('its auxiliary vector has no entry point');
}

function fileSource(descriptor: number): ByteSource {
  return {
    readInto: (into, at) => (Number.isSafeInteger(at) ? readSync(descriptor, into, 0, into.length, at) : 0),
  };
}

/** Nothing is mapped: EIO. All of it is gone since the process has ended: 0 bytes, or EIO too. */
function memorySource(descriptor: number, checkIdentity: () => void): ByteSource {
  return {
    readInto(into, at): number {
      if (!Number.isSafeInteger(at)) return 0;
      try {
        const read = readSync(descriptor, into, 0, into.length, at);
        if (read === 0) checkIdentity();
        return read;
      } catch (error) {
        if (hasCode(error, 'EIO', 'EFAULT')) return 0;
        throw stackError('E_STACKS_DENIED', `its memory cannot be read: ${messageOf(error)}`, error);
      }
    },
  };
}

type Threads = Pick<ProcessSource, 'registersOf' | 'isThreadRunning'>;

function createThreads(folder: string): Threads {
  /** By id in the process's own namespace: a runtime knows its threads by those. */
  let threads: ReadonlyMap<number, string> = new Map();

  /** undefined: it has ended, or cannot be asked. */
  function fileOf(threadId: number, name: string): string | undefined {
    // One that is not known may have been started since.
    if (!threads.has(threadId)) threads = threadsOf(folder);
    const thread = threads.get(threadId);
    return thread === undefined ? undefined : tryText(`${folder}/task/${thread}/${name}`);
  }

  return {
    registersOf(threadId): Registers | undefined {
      // NUMBER ARGUMENTS... SP PC of a blocked thread, `-1 SP PC` of a stopped one, `running` of one that runs.
      const words = (fileOf(threadId, 'syscall') ?? '').trim().split(' ');
      if (words.length < 3) return undefined;
      return { sp: Number(words.at(-2)), pc: Number(words.at(-1)) };
    },
    isThreadRunning: (threadId) => parseStat(fileOf(threadId, 'stat') ?? '')?.state === 'R',
  };
}

function threadsOf(folder: string): ReadonlyMap<number, string> {
  const threads = new Map<number, string>();
  for (const thread of readdirSync(`${folder}/task`)) {
    const ids = /^NSpid:\s*(.*)$/m.exec(tryText(`${folder}/task/${thread}/status`) ?? '')?.[1];
    if (ids !== undefined) threads.set(Number(ids.trim().split(/\s+/).at(-1)), thread);
  }
  return threads;
}

/** undefined: it has ended. */
function tryText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
