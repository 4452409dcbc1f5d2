/** What the kubelet's command line and configuration file say of the CRI endpoint. */
import { lstat } from 'node:fs/promises';
import { parse } from 'yaml';
import { isMedicError } from '../../ports/errors.ts';
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

/** `containerRuntimeEndpoint` of a KubeletConfiguration, YAML or JSON; undefined: not there, or not readable as such. */
export function configEndpoint(text: string): string | undefined {
  try {
    const config: unknown = parse(text, { maxAliasCount: 10 });
    if (typeof config !== 'object' || config === null || !('containerRuntimeEndpoint' in config)) return undefined;
    const endpoint = config.containerRuntimeEndpoint;
    return typeof endpoint === 'string' && endpoint !== '' ? endpoint : undefined;
  } catch {
    // Whatever is wrong with the file, the kubelet complains of it; here it only means: not known from there.
    return undefined;
  }
}

/** From the flag, then the file that `--config` names, then a socket that exists. A path alone becomes `unix://`. */
export async function findEndpoint(
  namespaces: HostNamespaces,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const flag = flagValue(argv, 'container-runtime-endpoint');
  if (flag !== undefined) return withScheme(flag);
  const file = flagValue(argv, 'config');
  if (file !== undefined) {
    const endpoint = await fileEndpoint(await hostPath(namespaces.hostRoot, file, signal), signal);
    if (endpoint !== undefined) return withScheme(endpoint);
  }
  for (const socket of WELL_KNOWN_SOCKETS) {
    if (await isSocket(namespaces, socket, signal)) return `unix://${socket}`;
  }
  return undefined;
}

/** undefined: it is not said there, or the file is not there or not to be read. */
async function fileEndpoint(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const read = openPlain(path).then((file) => readStart(file, MAX_CONFIG));
    const text = await untilAborted(signal, read);
    return configEndpoint(text.bytes.toString('utf8'));
  } catch (error) {
    signal.throwIfAborted();
    if (isMedicError(error)) return undefined;
    throw error;
  }
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
