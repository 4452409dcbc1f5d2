/** Logs of the kubelet, of the runtime and of the kernel. */
import { lineTime, type OffsetAt } from '../../core/time/line-time.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Collected, Collector, UnitRole } from '../../ports/host.ts';
import type { CollectorContext } from './collector-context.ts';
import { type LogFile, matchingFiles } from '../log/rotated-files.ts';
import { newestPart, readJournalWindow } from '../log/journal.ts';
import { lineStart, openTail } from '../log/tail-file.ts';
import { hostTimeZone } from '../log/time-zone.ts';

const KUBELET_LOG_BYTES = 4_194_304;
const RUNTIME_LOG_BYTES = 2_097_152;
const KERNEL_LOG_BYTES = 1_048_576;
const TIMEOUT_MS = 20_000;
const LAST_LINES = 500;
/** Of each file no more than its last part is looked at. */
const FILE_REACH = 67_108_864;
/** k3s and rke2 write their containerd's log to a file. */
const RUNTIME_LOG_FILES = [
  '/var/lib/rancher/k3s/agent/containerd/containerd.log',
  '/var/lib/rancher/rke2/agent/containerd/containerd.log',
];

export function logCollectors(context: CollectorContext): readonly Collector[] {
  const { commands, logPattern } = context;
  return [
    {
      name: 'kubelet.log',
      kind: 'KubeletLog',
      source: logPattern === undefined ? "journald: the kubelet's unit" : `file:${logPattern}`,
      timeoutMs: TIMEOUT_MS,
      collect: (window, signal) =>
        logPattern === undefined
          ? unitLog(context, 'kubelet', { ...window, maxBytes: KUBELET_LOG_BYTES }, signal)
          : fileWindow(context, logPattern, { ...window, maxBytes: KUBELET_LOG_BYTES }, signal),
    },
    {
      name: 'runtime.log',
      kind: 'RuntimeLog',
      source: "journald: the container runtime's unit",
      timeoutMs: TIMEOUT_MS,
      collect: (window, signal) => runtimeLog(context, { ...window, maxBytes: RUNTIME_LOG_BYTES }, signal),
    },
    {
      name: 'kernel.log',
      kind: 'KernelLog',
      source: 'dmesg',
      timeoutMs: TIMEOUT_MS,
      collect: (_window, signal) => newestPart(commands.stream(['dmesg'], signal), KERNEL_LOG_BYTES),
    },
  ];
}

interface Window {
  readonly since: number;
  readonly until: number;
  readonly maxBytes: number;
}

async function unitLog(
  { commands, unit, logUnit }: CollectorContext,
  role: UnitRole,
  window: Window,
  signal: AbortSignal,
): Promise<Collected> {
  const fixed = role === 'kubelet' ? logUnit : undefined;
  const name = fixed ?? (await unit(role, signal))?.unit;
  if (name === undefined) throw new MedicError('E_LOG_UNREADABLE', 'terminal', `no unit of the ${role} was found`);
  const log = await readJournalWindow(commands, name, window, signal);
  if (log.bytes.length > 0) return log;
  // Some write a line a day. What they said last is worth more than nothing.
  const last = await readJournalWindow(commands, name, { ...window, lastLines: LAST_LINES }, signal);
  if (last.bytes.length === 0) throw new MedicError('E_LOG_UNREADABLE', 'terminal', `journald has no line of ${name}`);
  return { ...last, message: 'there is no line in the window: these are the newest lines before it' };
}

async function runtimeLog(context: CollectorContext, window: Window, signal: AbortSignal): Promise<Collected> {
  for (const path of RUNTIME_LOG_FILES) {
    const files = await matchingFiles(context.namespaces.hostRoot, path, signal);
    if (files.some((file) => file.modifiedAt >= window.since)) return await fileWindow(context, path, window, signal);
  }
  return await unitLog(context, 'runtime', window, signal);
}

async function fileWindow(
  { namespaces, clock }: CollectorContext,
  pattern: string,
  window: Window,
  signal: AbortSignal,
): Promise<Collected> {
  const zone = await hostTimeZone(namespaces.hostRoot, signal);
  const files = (await matchingFiles(namespaces.hostRoot, pattern, signal)).filter((f) => f.modifiedAt >= window.since);
  if (files.length === 0) throw new MedicError('E_LOG_UNREADABLE', 'terminal', `no file matches ${pattern}`);
  const inside = createWindowFilter(window, clock.now(), zone);
  async function* lines(): AsyncGenerator<Buffer> {
    for (const file of files) yield* linesOf(file, inside, signal);
  }
  return await newestPart(lines(), window.maxBytes);
}

async function* linesOf(file: LogFile, inside: (line: string) => boolean, signal: AbortSignal): AsyncGenerator<Buffer> {
  const tail = await openTail(file.path, await lineStart(file.path, Math.max(0, file.size - FILE_REACH)));
  try {
    for await (const { text } of tail.read()) {
      signal.throwIfAborted();
      if (text !== undefined && inside(text)) yield Buffer.from(`${text}\n`);
    }
  } finally {
    await tail.close();
  }
}

/** A line without a time goes with the line before. */
function createWindowFilter({ since, until }: Window, now: number, zone: OffsetAt): (line: string) => boolean {
  let isInside = false;
  return (line) => {
    const at = lineTime(line, now, zone);
    if (at !== undefined) isInside = at >= since && at <= until;
    return isInside;
  };
}
