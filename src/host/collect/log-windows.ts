/** Logs of the kubelet, of the runtime and of the kernel. */
import { MedicError } from '../../ports/errors.ts';
import type { Collected, Collector, UnitRole } from '../../ports/host.ts';
import type { CollectorContext } from './collector-context.ts';
import { type FileWindow, readFileWindow } from './file-window.ts';
import { matchingFiles } from '../log/rotated-files.ts';
import { newestPart, readJournalWindow } from '../log/journal.ts';

const KUBELET_LOG_BYTES = 4_194_304;
const RUNTIME_LOG_BYTES = 2_097_152;
const KERNEL_LOG_BYTES = 1_048_576;
const TIMEOUT_MS = 20_000;
const LAST_LINES = 500;
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
          : readFileWindow(placeOf(context), logPattern, { ...window, maxBytes: KUBELET_LOG_BYTES }, signal),
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

function placeOf({ namespaces, clock }: CollectorContext): Parameters<typeof readFileWindow>[0] {
  return { hostRoot: namespaces.hostRoot, clock };
}

async function unitLog(
  { commands, unit, logUnit }: CollectorContext,
  role: UnitRole,
  window: FileWindow,
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

async function runtimeLog(context: CollectorContext, window: FileWindow, signal: AbortSignal): Promise<Collected> {
  for (const path of RUNTIME_LOG_FILES) {
    const files = await matchingFiles(context.namespaces.hostRoot, path, signal);
    if (files.some((file) => file.modifiedAt >= window.since))
      return await readFileWindow(placeOf(context), path, window, signal);
  }
  return await unitLog(context, 'runtime', window, signal);
}
