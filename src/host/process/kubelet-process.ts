/** What the kubelet's command line and configuration file say of the CRI endpoint and of its /healthz. */
import { lstat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { parse } from 'yaml';
import { isMedicError } from '../../ports/errors.ts';
import type { HealthzAddress } from '../../ports/host.ts';
import { untilAborted } from '../../runtime/deadline.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { hostPath } from '../disk/host-path.ts';
import { readStart } from '../disk/bounded-read.ts';
import { openPlain } from '../disk/plain-file.ts';

/** Where the runtimes listen, for kubelets whose endpoint is not written down (k3s, or the default of 1.23 and older). */
const WELL_KNOWN_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/k0s/containerd.sock',
  '/run/cri-dockerd.sock',
  '/var/run/dockershim.sock',
] as const;
const MAX_CONFIG = 1_048_576;

/** The value of `--name=value` or `--name value`; the last one counts, as in the kubelet. */
export function flagValue(argv: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  argv.forEach((word, i) => {
    const bare = word.replace(/^--?/, '');
    if (bare === word) return;
    if (bare.startsWith(`${name}=`)) value = bare.slice(name.length + 1);
    if (bare === name) value = argv[i + 1];
  });
  return value === '' ? undefined : value;
}

/** A KubeletConfiguration, YAML or JSON; empty: not there, or not readable as such. */
export type KubeletConfig = Readonly<Record<string, unknown>>;

export function parseConfig(text: string): KubeletConfig {
  try {
    const config: unknown = parse(text, { maxAliasCount: 10 });
    return typeof config === 'object' && config !== null ? (config as KubeletConfig) : {};
  } catch {
    // Whatever is wrong with the file, the kubelet complains of it; here it only means: not known from there.
    return {};
  }
}

/** The file that `--config` names; empty: it is not there, or not to be read. */
export async function readConfig(
  namespaces: HostNamespaces,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<KubeletConfig> {
  const file = flagValue(argv, 'config');
  if (file === undefined) return {};
  try {
    const path = await hostPath(namespaces.hostRoot, file, signal);
    const text = await untilAborted(
      signal,
      openPlain(path).then((opened) => readStart(opened, MAX_CONFIG)),
    );
    return parseConfig(text.bytes.toString('utf8'));
  } catch (error) {
    signal.throwIfAborted();
    if (isMedicError(error)) return {};
    throw error;
  }
}

/** k8s.io/kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go. */
const HEALTHZ: HealthzAddress = { host: '127.0.0.1', port: 10_248 };

/** Where /healthz listens; undefined: port 0 switches it off. */
export function healthzOf(argv: readonly string[], config: KubeletConfig): HealthzAddress | undefined {
  const port = Number(flagValue(argv, 'healthz-port') ?? config['healthzPort'] ?? HEALTHZ.port);
  const bind = flagValue(argv, 'healthz-bind-address') ?? config['healthzBindAddress'];
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return undefined;
  const host = typeof bind === 'string' && isIP(bind) !== 0 && !isAny(bind) ? bind : HEALTHZ.host;
  return { host, port };
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** From the flag, then the file that `--config` names, then a socket that exists. A path alone becomes `unix://`. */
export async function findEndpoint(
  namespaces: HostNamespaces,
  { argv, config }: { readonly argv: readonly string[]; readonly config: KubeletConfig },
  signal: AbortSignal,
): Promise<string | undefined> {
  const flag = flagValue(argv, 'container-runtime-endpoint');
  if (flag !== undefined) return withScheme(flag);
  const { containerRuntimeEndpoint: endpoint } = config;
  if (typeof endpoint === 'string' && endpoint !== '') return withScheme(endpoint);
  for (const socket of WELL_KNOWN_SOCKETS) {
    if (await isSocket(namespaces, socket, signal)) return `unix://${socket}`;
  }
  return undefined;
}

function withScheme(endpoint: string): string {
  return endpoint.startsWith('/') ? `unix://${endpoint}` : endpoint;
}

async function isSocket(namespaces: HostNamespaces, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await lstat(await hostPath(namespaces.hostRoot, path, signal))).isSocket();
  } catch {
    return false;
  }
}
