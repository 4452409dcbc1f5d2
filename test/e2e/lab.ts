/** The lab as the suite uses it: nodes, their units and journals, the cluster behind kubectl. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { follow, run, until } from './shell.ts';

const LAB = fileURLToPath(new URL('../lab/', import.meta.url));
/** A lab of its own, beside any that a person has up. Two runs at once need two ids. */
const LAB_ID = process.env['LAB_ID'] ?? '9';
/** Where the lab keeps its files. */
export const STATE = `/tmp/kubelet-medic-lab-${LAB_ID}`;

export interface NodeBoot {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface UnitState {
  readonly pid: number;
  readonly invocationID: string;
}

function script(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeoutMs = 300_000,
): Promise<string> {
  return run('bash', [`${LAB}${name}`, ...args], { env: { LAB_ID, ...env }, timeoutMs });
}

/** @param boots the nodes that there will be. */
export async function buildBinaries(boots: readonly NodeBoot[]): Promise<void> {
  await script('packages.sh', [], {}, 600_000);
  await script('build.sh', [], {}, 3_000_000);
  await script('rootfs.sh', [], {}, 900_000);
  const criO = boots.find(({ env }) => env?.['RUNTIME'] === 'cri-o');
  if (criO === undefined) return;
  await script('build-cri-o.sh', [], {}, 3_000_000);
  await script('rootfs.sh', [], criO.env, 900_000);
}

/** @returns the path of the image's archive. */
export async function buildImage(): Promise<string> {
  return (await script('image.sh', [], {}, 1_200_000)).trim();
}

export async function helm(args: readonly string[]): Promise<string> {
  const path = (await script('helm.sh', [])).trim();
  return await run(path, args, { env: { KUBECONFIG: `${STATE}/admin.kubeconfig` }, timeoutMs: 180_000 });
}

export async function controlPlane(verb: 'up' | 'down'): Promise<void> {
  await script('control-plane.sh', [verb]);
}

/** SIGSTOP and SIGCONT: connections stay open, and what was sent meanwhile is answered late. */
export async function apiServer(verb: 'pause' | 'resume'): Promise<void> {
  await script('control-plane.sh', [verb]);
}

export async function node(
  verb: 'up' | 'down' | 'hang' | 'resume' | 'freeze' | 'slow' | 'mute',
  boot: NodeBoot,
): Promise<void> {
  await script('node.sh', [verb, boot.name], boot.env);
}

export async function importImage(name: string, archive: string): Promise<void> {
  await script('node.sh', ['import', name, archive]);
}

export function execOn(name: string, ...command: readonly string[]): Promise<string> {
  return script('node.sh', ['exec', name, ...command], {}, 60_000);
}

export function kubectl(...args: readonly string[]): Promise<string> {
  return kubectlWith('', ...args);
}

export async function kubectlWith(input: string, ...args: readonly string[]): Promise<string> {
  return await run(kubectlPath(), ['--kubeconfig', `${STATE}/admin.kubeconfig`, ...args], { input });
}

/** Each line that kubectl writes, until it is stopped. */
export function followKubectl(args: readonly string[], onLine: (line: string) => void): { stop(): void } {
  return follow(kubectlPath(), ['--kubeconfig', `${STATE}/admin.kubeconfig`, ...args], onLine);
}

function kubectlPath(): string {
  const cache = process.env['KUBELET_MEDIC_CACHE'] ?? `${process.env['HOME'] ?? '/root'}/.cache/kubelet-medic`;
  return `${cache}/bin/${KUBERNETES_VERSION}/kubectl`;
}

const KUBERNETES_VERSION =
  process.env['KUBERNETES_VERSION'] ??
  /KUBERNETES_VERSION:-([0-9.]+)/.exec(readFileSync(`${LAB}settings.sh`, 'utf8'))?.[1] ??
  '';

/** Objects as JSON. */
export async function getJson(...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await kubectl('get', ...args, '-o', 'json'));
}

export async function unitState(name: string, unit: string): Promise<UnitState> {
  const text = await execOn(name, 'systemctl', 'show', unit, '-p', 'MainPID', '-p', 'InvocationID');
  const pid = Number(/MainPID=(\d+)/.exec(text)?.[1] ?? 0);
  return { pid, invocationID: /InvocationID=(\w*)/.exec(text)?.[1] ?? '' };
}

export interface Units {
  readonly kubelet: UnitState;
  readonly runtime: UnitState;
}

export async function unitsOf(name: string, runtimeUnit = 'containerd'): Promise<Units> {
  return { kubelet: await unitState(name, 'kubelet'), runtime: await unitState(name, runtimeUnit) };
}

/** How often systemd has started a unit since a moment, by its own words in the journal. */
export async function startsSince(name: string, unit: string, since: number): Promise<number> {
  const text = await execOn(name, 'journalctl', '-u', unit, '-o', 'json', '--since', `@${Math.floor(since / 1000)}`);
  const messages = text.split('\n').filter((line) => line.includes('39f53479d3a045ac8e11786248231fbf'));
  return messages.length;
}

export interface NodeNow {
  readonly isReady: boolean;
  /** Since when it is, or is not, by the Node; milliseconds since 1970. */
  readonly readySince: number;
  readonly isCordoned: boolean;
  /** The incident that our annotation names. */
  readonly cordonedBy: string | undefined;
}

export async function nodeNow(name: string): Promise<NodeNow> {
  const { metadata, spec, status } = (await getJson('node', name)) as {
    metadata: { annotations?: Record<string, string> };
    spec: { unschedulable?: boolean };
    status: { conditions?: { type: string; status: string; lastTransitionTime: string }[] };
  };
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return {
    isReady: ready?.status === 'True',
    readySince: Date.parse(ready?.lastTransitionTime ?? ''),
    isCordoned: spec.unschedulable === true,
    cordonedBy: metadata.annotations?.['kubelet-medic.io/cordoned-by'],
  };
}

export async function isReady(name: string): Promise<boolean> {
  return (await nodeNow(name)).isReady;
}

/** What the Node says that it runs: `v1.36.3`, `containerd://1.6.20`. */
export interface Versions {
  readonly kubelet: string;
  readonly runtime: string;
}

export async function versionsOf(name: string): Promise<Versions> {
  const { status } = (await getJson('node', name)) as {
    status: { nodeInfo: { kubeletVersion: string; containerRuntimeVersion: string } };
  };
  return { kubelet: status.nodeInfo.kubeletVersion, runtime: status.nodeInfo.containerRuntimeVersion };
}

/** A condition of the node's KubeletHealth. */
export async function healthCondition(name: string, type: string): Promise<{ status: string; message: string }> {
  const health = (await getJson('kubelethealth', name)) as {
    status?: { conditions?: { type: string; status: string; message: string }[] };
  };
  const condition = health.status?.conditions?.find((item) => item.type === type);
  return condition ?? { status: 'Unknown', message: `${name} has no condition ${type}` };
}

/** Asks the node's agent whether it is there, as the controller does: at rest it reports every five minutes. */
export async function askAgent(name: string): Promise<void> {
  const inquiry = `e2e-${String(Date.now())}`;
  await kubectl('patch', 'kubelethealth', name, '--type=merge', '-p', JSON.stringify({ spec: { inquiry } }));
  await until(`the agent of ${name} answers`, 20_000, async () => {
    const { status } = (await getJson('kubelethealth', name)) as { status?: { agent?: { inquiry?: string } } };
    return status?.agent?.inquiry === inquiry ? true : undefined;
  });
}

/** When the kubelet first wrote, since a moment, that PLEG has not been seen for too long; milliseconds since 1970. */
export async function breachTime(name: string, since: number): Promise<number | undefined> {
  const text = await execOn(
    name,
    'journalctl',
    '-u',
    'kubelet',
    '-o',
    'json',
    '--output-fields=MESSAGE',
    '--since',
    `@${Math.floor(since / 1000)}`,
  );
  const line = text.split('\n').find((entry) => entry.includes('pleg was last seen active'));
  const micros = /"__REALTIME_TIMESTAMP":"(\d+)"/.exec(line ?? '')?.[1];
  return micros === undefined ? undefined : Number(micros) / 1000;
}

/** Resident memory of the program in MiB, from /proc of its process on the node. */
export async function residentMiB(name: string, program: 'agent' | 'controller'): Promise<number> {
  const find = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q "^node .*/app/${program}.cjs" && grep VmRSS $p/status; done; true`;
  const text = await execOn(name, 'sh', '-c', find);
  const sizes = [...text.matchAll(/VmRSS:\s+(\d+) kB/g)].map((match) => Number(match[1]) / 1024);
  return Math.max(...sizes);
}
