/** Whose a process, a control group or a unit is. */

/**
 * - `shim`: what holds one container; `runc`: what starts and ends one; `sandbox`: a virtual machine or gVisor around one.
 * - `system`: the kernel's own threads, systemd, tools of storage.
 * - `pod`: within a container. - `other`: it cannot be told: most often a program of a container.
 */
export type Owner = 'kubelet' | 'runtime' | 'shim' | 'runc' | 'sandbox' | 'system' | 'pod' | 'other';

/** A comm has at most 15 characters: `docker-containe`. */
const PROGRAMS: readonly (readonly [Owner, RegExp])[] = [
  ['kubelet', /^(?:kubelet|hyperkube|k3s(?:-agent|-server)?|rke2|k0s|kubelite)$/],
  ['shim', /^(?:(?:docker-)?containerd-shim|conmon|exe$|pause$)/],
  ['runc', /^(?:docker-runc|runc|crun)(?::|$)/],
  ['sandbox', /^(?:runsc|kata|qemu|firecracker|cloud-hyperviso)/],
  [
    'runtime',
    /^(?:containerd|docker-containe|dockerd|docker$|docker-current|docker-latest|crio|cri-o|cri-dockerd|moby)/,
  ],
  [
    'system',
    /^(?:systemd|init$|\(?sd-|dbus-|u?mount|fsck|e2fsck|mkfs|blkid|lsblk|[lpv]vs$|vgchange|dmsetup|dmeventd|multipath|iscsi|udevadm|sync$|fstrim|kworker|jbd2|xfs|kswapd|flush-|dmcrypt|md\d|loop\d|btrfs|nfsv4|nfsiod|rpc|khugepaged|kcompactd|ksoftirqd|migration|rcu|scsi_|khungtaskd|watchdog|swapper|kthreadd|writeback|bdi|zfs|txg_|z_|spl_|cfg80211|netns)/,
  ],
];

/** @param command `/usr/bin/kubelet`, `[kworker/0:1]`, `runc:[2:INIT]`, `dockerd`. */
export function ownerOf(command: string): Owner {
  const inner = command.replace(/^\[|\]$/g, '');
  // Kernel threads have slashes in their names: `jbd2/sda1-8`.
  const name = inner.startsWith('/') ? inner.slice(inner.lastIndexOf('/') + 1) : inner;
  return PROGRAMS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';
}

const POD =
  /kubepods(?:[/.-]|-slice)[^\s,]*pod|kubepods[^\s,]*\/(?:burstable|besteffort)\/pod|\/docker\/[0-9a-f]{12,64}|docker-[0-9a-f]{12,64}\.scope|cri-containerd|crio-[0-9a-f]{12,64}|libpod|machine\.slice|user\.slice|lxc|k8s\.io\//;
/** What of a path is a unit or a slice of its own; a name that only has one of these in it is another's. */
const UNITS: readonly (readonly [Owner, RegExp])[] = [
  [
    'kubelet',
    /^(?:snap\.[\w-]{1,32}\.(?:daemon-)?)?(?:kubelet|kubelite|hyperkube|origin-node|atomic-openshift-node|k3s(?:-agent|-server)?|rke2(?:-agent|-server)?|k0s(?:worker|controller)?)(?:@[\w-]{0,32})?(?:\.(?:service|slice|scope))?$/,
  ],
  [
    'runtime',
    /^(?:(?:docker-)?containerd|docker|dockerd|crio|cri-o|cri-docker(?:d)?|podruntime|runtime)(?:\.(?:service|slice|scope|socket))?$/,
  ],
  ['system', /^(?:system\.slice|init\.scope|(?:kube-?|system-?)reserved(?:\.slice)?)$/],
];

/** @param path of a control group, or the name of a unit. */
export function ownerOfGroup(path: string): Owner {
  if (POD.test(path)) return 'pod';
  const parts = path.split(/[/:\s"'=,()[\]]+/);
  return UNITS.find(([, unit]) => parts.some((part) => unit.test(part)))?.[0] ?? 'other';
}
