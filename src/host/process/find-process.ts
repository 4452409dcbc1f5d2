/** The kubelet's and the runtime's processes, known by their names and the service they run in. */
import type { UnitRole } from '../../ports/host.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { parseCmdline, type ProcStat, unitOfCgroup } from './proc-parse.ts';
import { listProcesses } from './process-list.ts';
import { readText } from '../disk/bounded-read.ts';

export interface FoundProcess {
  readonly pid: number;
  readonly comm: string;
  readonly argv: readonly string[];
  readonly unit: string;
  readonly startTicks: number;
}

interface Kind {
  /** As in /proc/PID/stat: 15 characters at most. */
  readonly comm: RegExp;
  /** Of programs with many uses: the arguments of the one that is meant. */
  readonly argv?: (argv: readonly string[]) => boolean;
}

const hasWord =
  (...words: readonly string[]) =>
  (argv: readonly string[]): boolean =>
    argv.slice(1, 4).some((word) => words.includes(word.replace(/^.*\//, '')));

/** Best first. k3s, microk8s and old distributions run the kubelet inside a program of another name. */
const KUBELETS: readonly Kind[] = [
  { comm: /^kubelet$/ },
  { comm: /^kubenswrapper$/ },
  { comm: /^hyperkube$/, argv: hasWord('kubelet') },
  { comm: /^kubelite$/ },
  { comm: /^k3s-(?:server|agent)$/ },
  { comm: /^k3s$/, argv: hasWord('server', 'agent') },
];

const RUNTIMES: Readonly<Record<'containerd' | 'crio' | 'docker', Kind>> = {
  containerd: { comm: /^containerd$/ },
  crio: { comm: /^crio$/ },
  docker: { comm: /^dockerd(?:-ce|-current)?$/ },
};

/** The runtime that an endpoint speaks of comes first; cri-dockerd only passes on what dockerd does. */
function runtimeKinds(endpoint: string | undefined): readonly Kind[] {
  const { containerd, crio, docker } = RUNTIMES;
  if (endpoint?.includes('crio') === true) return [crio];
  if (endpoint !== undefined && /docker/.test(endpoint)) return [docker];
  if (endpoint?.includes('containerd') === true) return [containerd];
  return [containerd, crio, docker];
}

/**
 * The best match that runs in a system service; undefined: none does. A kubelet in a container of this host (kind,
 * vcluster) runs in no service, so it is never taken for the host's.
 */
export async function findProcess(
  namespaces: HostNamespaces,
  role: UnitRole,
  endpoint: string | undefined,
  signal: AbortSignal,
): Promise<FoundProcess | undefined> {
  const kinds = role === 'kubelet' ? KUBELETS : runtimeKinds(endpoint);
  const init = (await readText(`${namespaces.procRoot}/1/cgroup`, signal)) ?? '';
  const found: { readonly rank: number; readonly process: FoundProcess }[] = [];
  for await (const stat of listProcesses(namespaces.procRoot, signal)) {
    const rank = kinds.findIndex((kind) => kind.comm.test(stat.comm));
    const kind = kinds[rank];
    if (kind === undefined || stat.state === 'Z') continue;
    const process = await describe(namespaces, stat, { kind, init }, signal);
    if (process !== undefined) found.push({ rank, process });
  }
  // The list is by pid; of equals the oldest is the service's main process.
  found.sort((a, b) => a.rank - b.rank || a.process.startTicks - b.process.startTicks);
  return found[0]?.process;
}

async function describe(
  namespaces: HostNamespaces,
  stat: ProcStat,
  { kind, init }: { readonly kind: Kind; readonly init: string },
  signal: AbortSignal,
): Promise<FoundProcess | undefined> {
  const folder = `${namespaces.procRoot}/${String(stat.pid)}`;
  const cgroup = await readText(`${folder}/cgroup`, signal);
  const unit = cgroup === undefined ? undefined : unitOfCgroup(cgroup, init);
  if (unit === undefined) return undefined;
  const argv = parseCmdline((await readText(`${folder}/cmdline`, signal)) ?? '');
  if (kind.argv?.(argv) === false) return undefined;
  return { pid: stat.pid, comm: stat.comm, argv, unit, startTicks: stat.startTicks };
}
