/** Facts of the host from /proc. */
import { MedicError } from '../../ports/errors.ts';
import type { BlockedProcess, HostFacts, KubeletProcess } from '../../ports/host.ts';
import type { FoundProcess } from './find-process.ts';
import { hostPressure } from './host-pressure.ts';
import { findEndpoint, healthzOf, readConfig } from './kubelet-process.ts';
import { processFacts } from './process-facts.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { listProcesses, listThreads } from './process-list.ts';
import { readText } from '../disk/bounded-read.ts';

const MAX_BLOCKED = 256;

/** @param kubelet the kubelet's process; undefined: none runs. */
export function createProcFacts(
  namespaces: HostNamespaces,
  kubelet: (signal: AbortSignal) => Promise<FoundProcess | undefined>,
): HostFacts {
  return {
    bootID: () => required(`${namespaces.procRoot}/sys/kernel/random/boot_id`),
    kernel: () => required(`${namespaces.procRoot}/sys/kernel/osrelease`),
    async kubelet(signal): Promise<KubeletProcess | undefined> {
      const found = await kubelet(signal);
      if (found === undefined) return undefined;
      const { pid, argv } = found;
      const config = await readConfig(namespaces, argv, signal);
      return {
        pid,
        argv,
        endpoint: await findEndpoint(namespaces, { argv, config }, signal),
        healthz: healthzOf(argv, config),
      };
    },
    process: (pid) => processFacts(namespaces, pid),
    blocked: (signal) => blocked(namespaces.procRoot, signal),
    pressure: (signal) => hostPressure(namespaces.procRoot, signal),
  };
}

async function required(path: string): Promise<string> {
  const text = await readText(path);
  if (text === undefined) throw new MedicError('E_HOST_READ', 'terminal', `there is no ${path}`);
  return text.trim();
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
