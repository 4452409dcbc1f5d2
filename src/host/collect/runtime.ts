/** What the container runtime says of itself, and its goroutines. */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MedicError } from '../../ports/errors.ts';
import type { Collected, Collector } from '../../ports/host.ts';
import { bothEnds, type CollectorContext, collectedText, orSay } from './collector-context.ts';
import { createCriClient, criTarget } from '../cri/cri-client.ts';
import type { FoundProcess } from '../process/find-process.ts';
import { readJournalWindow } from '../log/journal.ts';
import { catchesSignal, parseStat } from '../process/proc-parse.ts';
import { listNames, readBounded, readText } from '../disk/bounded-read.ts';
import { hasCode } from '../system-error.ts';

const CALL_MS = 3_000;
const INFO_TIMEOUT_MS = 15_000;
const STACKS_TIMEOUT_MS = 12_000;
const STACKS_WAIT_MS = 6_000;
const POLL_MS = 250;
const STACKS_BYTES = 8_388_608;
const SIGUSR1 = 10;

/**
 * Where runtimes write their goroutines at SIGUSR1. containerd: cmd/containerd/command/main.go; CRI-O: cmd/crio/main.go;
 * dockerd: daemon/debugtrap_unix.go.
 */
const STACK_FILES: readonly { readonly folder: string; readonly name: RegExp }[] = [
  { folder: 'tmp', name: /^containerd\.\d+\.stacks\.log$/ },
  { folder: 'tmp', name: /^crio-goroutine-stacks-.*\.log$/ },
  { folder: 'run/docker', name: /^goroutine-stacks-.*\.log$/ },
];

export function runtimeCollectors(context: CollectorContext): readonly Collector[] {
  return [
    {
      name: 'runtime-info.txt',
      kind: 'RuntimeInfo',
      source: 'CRI Version, Status, ListPodSandbox, ListContainers',
      timeoutMs: INFO_TIMEOUT_MS,
      collect: (_window, signal) => runtimeInfo(context, signal),
    },
    {
      name: 'runtime-stacks.txt',
      kind: 'RuntimeStacks',
      source: 'SIGUSR1 to the container runtime',
      timeoutMs: STACKS_TIMEOUT_MS,
      collect: (_window, signal) => runtimeStacks(context, signal),
    },
  ];
}

/** Each call has a connection and a deadline of its own: which of them hang is what matters. */
async function runtimeInfo({ namespaces, endpoint }: CollectorContext, signal: AbortSignal): Promise<Collected> {
  const where = await endpoint(signal);
  if (where === undefined) throw new MedicError('E_CRI_ENDPOINT', 'terminal', 'no CRI endpoint is known');
  const target = await criTarget(namespaces, where, signal);
  async function ask(
    what: string,
    call: (client: ReturnType<typeof createCriClient>) => Promise<unknown>,
  ): Promise<string> {
    const client = createCriClient(target, CALL_MS, signal);
    try {
      return await orSay(
        what,
        call(client).then((answer) => `${what}: ${JSON.stringify(answer)}\n`),
        signal,
      );
    } finally {
      client.close();
    }
  }
  const answers = await Promise.all([
    ask('Version', (client) => client.version()),
    ask('Status', (client) => client.status()),
    ask('ListPodSandbox, how many', (client) => client.listPodSandbox()),
    ask('ListContainers in state exited, how many', (client) => client.listExitedContainers()),
  ]);
  return collectedText(`endpoint: ${where}\n${answers.join('')}`);
}

async function runtimeStacks(context: CollectorContext, signal: AbortSignal): Promise<Collected> {
  const { clock, commands } = context;
  const runtime = await context.process('runtime', signal);
  if (runtime === undefined) throw refusal('no process of the runtime runs');
  // File times have the granularity of the kernel's tick.
  const since = clock.now() - 50;
  await sendSignal(context, runtime, signal);
  const file = await waitForFile(context, runtime, since, signal);
  if (file !== undefined) return bothEnds(file, STACKS_BYTES);
  const log = await readJournalWindow(
    commands,
    runtime.unit,
    { since, until: clock.now(), maxBytes: STACKS_BYTES },
    signal,
  );
  if (!log.bytes.includes('goroutine '))
    throw refusal('the runtime wrote no goroutines, neither to a file nor to its log');
  return log;
}

/** Only to a process that handles the signal: another would end by it. Go's runtime always does. */
async function sendSignal(
  { namespaces }: CollectorContext,
  { pid, startTicks }: FoundProcess,
  signal: AbortSignal,
): Promise<void> {
  const status = (await readText(`${namespaces.procRoot}/${String(pid)}/status`, signal)) ?? '';
  if (!catchesSignal(status, SIGUSR1)) throw refusal(`process ${String(pid)} does not handle SIGUSR1`);
  // The number must mean the same process here, where the signal is sent, as it does there.
  const own = parseStat((await readText(`/proc/${String(pid)}/stat`, signal)) ?? '');
  if (own?.startTicks !== startTicks) throw refusal(`process ${String(pid)} is in another PID namespace, or has ended`);
  if (own.state === 'T') throw refusal(`process ${String(pid)} is stopped and writes nothing`);
  process.kill(pid, 'SIGUSR1');
}

async function waitForFile(
  { namespaces, clock }: CollectorContext,
  { pid }: FoundProcess,
  since: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  // As the process sees it: its unit may have a /tmp of its own.
  const root = `${namespaces.procRoot}/${String(pid)}/root`;
  let size = 0;
  for (const until = clock.monotonic() + STACKS_WAIT_MS; clock.monotonic() < until;) {
    await clock.sleep(POLL_MS, signal);
    const found = await newestStackFile(root, since, signal);
    // It is complete when it has stopped growing.
    if (found !== undefined && found.size > 0 && found.size === size) {
      return (await readBounded(found.path, STACKS_BYTES * 4, signal))?.bytes;
    }
    size = found?.size ?? 0;
  }
  return undefined;
}

async function newestStackFile(
  root: string,
  since: number,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  for (const { folder, name } of STACK_FILES) {
    const names = (await listNames(`${root}/${folder}`, signal)).filter((n) => name.test(n));
    for (const candidate of names) {
      const path = `${root}/${folder}/${candidate}`;
      const facts = await statOf(path);
      if (facts !== undefined && facts.mtimeMs >= since) return { path, size: facts.size };
    }
  }
  return undefined;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function refusal(message: string): MedicError {
  return new MedicError('E_HOST_READ', 'terminal', message);
}
