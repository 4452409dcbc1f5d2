/** Which program a dump is of, and which version, by its functions and the paths of its modules. */
import type { ProcessKind, StackGroup } from '../dump/goroutine.ts';

/** The kubelet has parts of the runtimes' clients in it, so it goes first. */
const KINDS: readonly (readonly [ProcessKind, RegExp])[] = [
  // The API server has the kubelet's client.
  ['kubelet', /^k8s\.io\/kubernetes\/(?:pkg\/kubelet(?!\/client\b)|cmd\/kubelet)\b/],
  ['crio', /^github\.com\/(?:cri-o|kubernetes-sigs|kubernetes-incubator)\/cri-o\//],
  [
    'dockerd',
    /^github\.com\/(?:docker\/docker|moby\/moby(?:\/v2)?)\/(?:daemon|api\/server|libcontainerd|cmd\/dockerd|container|layer|volume|plugin|distribution|image|libnetwork|restartmanager)\b/,
  ],
  [
    'shim',
    /^github\.com\/containerd\/containerd(?:\/v2)?\/(?:cmd\/containerd-shim|linux\/shim\.|runtime\/v[12]\/shim[./]|pkg\/shim[./]|runtime\/v[12]\/runc[./]|cmd\/containerd-shim-runc)/,
  ],
  [
    'containerd',
    /^github\.com\/containerd\/(?:containerd(?:\/v2)?\/(?:cmd\/containerd|services|plugins|sandbox|leases|diff|remotes|internal\/cri|pkg\/cri|metadata|metrics|mount|snapshots|core|content|gc|runtime|cio|events|client)\b|cri\/)/,
  ],
];
const DEPTH = 64;

export function processOf(groups: readonly StackGroup[]): ProcessKind {
  const counts = KINDS.map(() => 0);
  for (const { frames, createdBy } of groups) {
    const names = [createdBy, ...frames.slice(0, DEPTH).map(({ func }) => func)];
    KINDS.forEach(([, pattern], at) => {
      if (names.some((name) => pattern.test(name))) counts[at] = (counts[at] ?? 0) + 1;
    });
  }
  const at = counts.findIndex((count) => count > 0);
  return KINDS[at]?.[0] ?? 'other';
}

const MODULES =
  /(?:^|\/)(?:k8s\.io\/kubernetes|github\.com\/containerd\/containerd(?:\/v2)?|github\.com\/cri-o\/cri-o|github\.com\/(?:docker\/docker|moby\/moby\/v2))@(v\d[\w.+-]{1,60})\//;

export function versionOf(groups: readonly StackGroup[]): string | undefined {
  for (const { frames } of groups) {
    for (const { func, file } of frames) {
      const found = func.startsWith('k8s.io/kubernetes/') || func.startsWith('github.com/') ? MODULES.exec(file) : null;
      const version = found?.[1];
      // A module of version v0.0.0 is a working copy.
      if (version !== undefined && !version.startsWith('v0.0.0')) return version;
    }
  }
  return undefined;
}
