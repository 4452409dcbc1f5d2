/** What the kernel itself says is wrong with disks, processors and memory. */
import type { Owner } from '../../kernel/owners.ts';
import type { Cause } from '../cause.ts';

const KERNEL = { class: 'KernelOrHost', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;
const NODE: readonly Owner[] = ['kubelet', 'runtime', 'shim', 'runc', 'sandbox', 'system'];
const DAEMONS: readonly Owner[] = ['kubelet', 'runtime'];

export const KERNEL_CAUSES: readonly Cause[] = [
  {
    ...KERNEL,
    id: 'disk-errors',
    class: 'Storage',
    summary: 'A disk of the node, or the way to it, fails: the kernel reports I/O errors.',
    relistMayIdle: true,
    explains: ['disk-io-stall', 'kernel-blocked-processes'],
    signs: [
      { kind: 'host', events: ['block-error'], weight: 0.45 },
      { kind: 'host', events: ['block-error'], atLeast: 3, weight: 0.4 },
    ],
    recommendation: 'Look at the disk and its paths (smartctl, multipath -ll, kernel log); drain and replace.',
    references: ['https://docs.kernel.org/admin-guide/device-mapper/index.html'],
  },
  {
    ...KERNEL,
    id: 'file-system-errors',
    class: 'Storage',
    summary: 'A file system of the node is damaged or has become read-only.',
    relistMayIdle: true,
    explains: ['disk-errors', 'disk-io-stall', 'kernel-blocked-processes'],
    signs: [
      { kind: 'host', events: ['fs-error'], weight: 0.55 },
      { kind: 'host', events: ['read-only'], weight: 0.5 },
    ],
    recommendation:
      'Look at the kernel log; drain the node, check the file system (fsck, xfs_repair), replace the disk.',
    references: ['https://docs.kernel.org/admin-guide/ext4.html'],
  },
  {
    ...KERNEL,
    id: 'daemon-oom-killed',
    summary: 'The kernel has killed the kubelet or the runtime, since its memory is used up.',
    relistMayIdle: true,
    explains: ['memory-or-cpu-starved'],
    signs: [
      { kind: 'host', events: ['oom-node'], owners: DAEMONS, weight: 0.6 },
      { kind: 'host', events: ['oom-group'], owners: [...DAEMONS, 'system'], weight: 0.6 },
    ],
    recommendation: 'Raise the limit of its unit or slice (MemoryMax, system-reserved), or find what takes the memory.',
    references: ['https://kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources/'],
  },
  {
    ...KERNEL,
    id: 'cpu-soft-lockup',
    summary: 'A processor was kept in the kernel for tens of seconds (soft lockup); everything on it waited.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['soft-lockup'], weight: 0.45 },
      { kind: 'host', events: ['soft-lockup'], atLeast: 2, weight: 0.3 },
    ],
    recommendation:
      'Look at the stack in the kernel log and at the hypervisor (steal time); change the kernel, reboot.',
    references: ['https://docs.kernel.org/admin-guide/lockup-watchdogs.html'],
  },
  {
    ...KERNEL,
    id: 'cpu-hard-lockup',
    summary: 'A processor has taken no interrupts for seconds (hard lockup).',
    relistMayIdle: true,
    explains: ['cpu-soft-lockup', 'rcu-stall', 'kernel-oops'],
    signs: [{ kind: 'host', events: ['hard-lockup'], weight: 0.7 }],
    recommendation: 'Look at the stack in the kernel log, the firmware and the hypervisor; reboot.',
    references: ['https://docs.kernel.org/admin-guide/lockup-watchdogs.html'],
  },
  {
    ...KERNEL,
    id: 'rcu-stall',
    summary: 'RCU of the kernel does not get on: a processor does not pass through it, so that others wait.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['rcu-stall'], weight: 0.45 },
      { kind: 'host', events: ['rcu-stall'], atLeast: 2, weight: 0.3 },
    ],
    recommendation: 'Look at the stacks in the kernel log and at the hypervisor; change the kernel, reboot.',
    references: ['https://docs.kernel.org/RCU/stallwarn.html'],
  },
  {
    ...KERNEL,
    id: 'kernel-oops',
    summary: 'The kernel has met a bug or an error of the hardware (BUG, oops, machine check).',
    relistMayIdle: true,
    signs: [{ kind: 'host', events: ['oops'], weight: 0.55 }],
    recommendation: 'Reboot the node; change the kernel, or the hardware.',
    references: ['https://docs.kernel.org/admin-guide/bug-hunting.html'],
  },
  {
    ...KERNEL,
    id: 'network-namespace-held',
    summary: 'The kernel cannot take down a network namespace, and whoever makes or removes one waits.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['netdev-held'], weight: 0.45 },
      { kind: 'host', events: ['hung', 'asleep'], owners: NODE, places: ['network'], weight: 0.4 },
    ],
    recommendation: 'Change the kernel, reboot.',
    references: ['moby/moby#5618', 'kubernetes/kubernetes#64743'],
  },
];
