/** All processes, and where in the kernel the ones that matter wait. */
import type { Collector, UnitRole } from '../../ports/host.ts';
import { type CollectorContext, firstPart, orSay } from './collector-context.ts';
import type { ProcStat } from '../process/proc-parse.ts';
import { listProcesses, listThreads } from '../process/process-list.ts';
import { readText } from '../disk/bounded-read.ts';

const MAX_BYTES = 2_097_152;
const TIMEOUT_MS = 15_000;
const MAX_THREADS = 512;
const ROLES: readonly UnitRole[] = ['kubelet', 'runtime'];

export function processCollectors(context: CollectorContext): readonly Collector[] {
  return [
    {
      name: 'processes.txt',
      kind: 'Processes',
      source: '/proc/PID/task/TID/{stat,wchan,stack}',
      timeoutMs: TIMEOUT_MS,
      async collect(_window, signal) {
        const parts = [
          await orSay('blocked threads', blockedThreads(context, signal), signal),
          ...(await Promise.all(ROLES.map((role) => orSay(role, threadsOf(context, role, signal), signal)))),
          await orSay('processes', allProcesses(context, signal), signal),
        ];
        return firstPart(Buffer.from(parts.join('\n')), MAX_BYTES);
      },
    },
  ];
}

async function blockedThreads({ namespaces }: CollectorContext, signal: AbortSignal): Promise<string> {
  const lines = ['# Threads in state D (uninterruptible): TID STATE COMM WCHAN, kernel stack'];
  for await (const { pid } of listProcesses(namespaces.procRoot, signal)) {
    for await (const thread of listThreads(namespaces.procRoot, pid, signal)) {
      if (thread.state !== 'D') continue;
      lines.push(await describeThread(namespaces.procRoot, pid, thread, signal));
      if (lines.length > MAX_THREADS) return finished([...lines, '... and more']);
    }
  }
  return finished(lines.length === 1 ? [...lines, 'none'] : lines);
}

async function threadsOf(context: CollectorContext, role: UnitRole, signal: AbortSignal): Promise<string> {
  const { procRoot } = context.namespaces;
  const found = await context.process(role, signal);
  if (found === undefined) return `# Threads of the ${role}: no process runs\n`;
  const status = (await readText(`${procRoot}/${String(found.pid)}/status`, signal)) ?? '';
  const lines = [
    `# The ${role}: pid ${String(found.pid)}, unit ${found.unit}`,
    status.trimEnd(),
    `# Threads of the ${role}: TID STATE COMM WCHAN, kernel stack`,
  ];
  for await (const thread of listThreads(procRoot, found.pid, signal)) {
    lines.push(await describeThread(procRoot, found.pid, thread, signal));
    if (lines.length > MAX_THREADS) return finished([...lines, '... and more']);
  }
  return finished(lines);
}

/** Kernel stacks are for root only; where they cannot be read the line goes without. */
async function describeThread(procRoot: string, pid: number, thread: ProcStat, signal: AbortSignal): Promise<string> {
  const folder = `${procRoot}/${String(pid)}/task/${String(thread.pid)}`;
  const wchan = await orSay('wchan', textOf(`${folder}/wchan`, signal), signal);
  const stack = await orSay('stack', textOf(`${folder}/stack`, signal), signal);
  const head = `${String(thread.pid)} ${thread.state} ${thread.comm} ${wchan.trim()}`;
  return [head, ...stack.split('\n').flatMap((line) => (line.trim() === '' ? [] : [`    ${line.trim()}`]))].join('\n');
}

async function allProcesses({ namespaces }: CollectorContext, signal: AbortSignal): Promise<string> {
  const lines = ['# All processes: PID PPID STATE COMM'];
  for await (const { pid, ppid, state, comm } of listProcesses(namespaces.procRoot, signal)) {
    lines.push(`${String(pid)} ${String(ppid)} ${state} ${comm}`);
  }
  return finished(lines);
}

async function textOf(path: string, signal: AbortSignal): Promise<string> {
  return (await readText(path, signal)) ?? '';
}

function finished(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
