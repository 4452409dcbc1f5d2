/** Facts of the host from /proc. */
import { MedicError } from '../../ports/errors.ts';
import type { BlockedProcess, HostFacts, KubeletProcess } from '../../ports/host.ts';
import { findProcess, type FoundProcess } from './find-process.ts';
import { findEndpoint } from './kubelet-process.ts';
import type { Commands } from '../command.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { parseStat } from './proc-parse.ts';
import { listProcesses, listThreads } from './process-list.ts';
import { readText } from '../disk/bounded-read.ts';

const MAX_BLOCKED = 256;

export function createProcFacts(namespaces: HostNamespaces, commands: Commands): HostFacts {
  /** A process's version does not change, and asking for it starts a program of 100 MiB. */
  let known: { readonly identity: string; readonly version: string | undefined } | undefined;

  async function version(process: FoundProcess, signal: AbortSignal): Promise<string | undefined> {
    const identity = `${String(process.pid)}/${String(process.startTicks)}`;
    if (known?.identity !== identity) known = { identity, version: await askVersion(commands, process, signal) };
    return known.version;
  }

  return {
    bootID: () => required(`${namespaces.procRoot}/sys/kernel/random/boot_id`),
    kernel: () => required(`${namespaces.procRoot}/sys/kernel/osrelease`),
    async kubelet(signal): Promise<KubeletProcess | undefined> {
      const found = await findProcess(namespaces, 'kubelet', undefined, signal);
      if (found === undefined) return undefined;
      return {
        pid: found.pid,
        argv: found.argv,
        endpoint: await findEndpoint(namespaces, found.argv, signal),
        version: await version(found, signal),
      };
    },
    async processState(pid): Promise<string | undefined> {
      const text = await readText(`${namespaces.procRoot}/${String(pid)}/stat`);
      return text === undefined ? undefined : parseStat(text)?.state;
    },
    blocked: (signal) => blocked(namespaces.procRoot, signal),
  };
}

async function required(path: string): Promise<string> {
  const text = await readText(path);
  if (text === undefined) throw new MedicError('E_HOST_READ', 'terminal', `there is no ${path}`);
  return text.trim();
}

/** `Kubernetes v1.36.3`, and of k3s `k3s version v1.30.1+k3s1 (...)`. A program that cannot say it is no failure. */
async function askVersion(
  commands: Commands,
  { pid, comm }: FoundProcess,
  signal: AbortSignal,
): Promise<string | undefined> {
  const words = comm === 'hyperkube' ? ['kubelet', '--version'] : ['--version'];
  try {
    const { stdout } = await commands.run([`/proc/${String(pid)}/exe`, ...words], {
      signal,
      maxBytes: 4096,
    });
    return /\bv\d+\.\d+\.\d+[\w.+-]*/.exec(stdout.toString('utf8'))?.[0];
  } catch (error) {
    if (error instanceof MedicError && error.code === 'E_HOST_COMMAND') return undefined;
    throw error;
  }
}

/** Threads in state D with what they wait in. `0`: the kernel does not say. */
async function blocked(procRoot: string, signal: AbortSignal): Promise<readonly BlockedProcess[]> {
  const found: BlockedProcess[] = [];
  for await (const { pid } of listProcesses(procRoot, signal)) {
    for await (const thread of listThreads(procRoot, pid, signal)) {
      if (thread.state !== 'D') continue;
      const wchan = await readText(`${procRoot}/${String(pid)}/task/${String(thread.pid)}/wchan`, signal);
      found.push({ pid: thread.pid, comm: thread.comm.slice(0, 64), wchan: (wchan ?? '').trim().slice(0, 128) });
      if (found.length === MAX_BLOCKED) return found;
    }
  }
  return found;
}
