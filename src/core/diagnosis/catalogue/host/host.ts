/** Storage, kernel and resources of the host. */
import type { Owner } from '../../kernel/owners.ts';
import type { Place } from '../../kernel/places.ts';
import type { Cause } from '../cause.ts';

const HOST = { class: 'KernelOrHost', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;
const NODE: readonly Owner[] = ['kubelet', 'runtime', 'shim', 'runc', 'sandbox'];
const DISK: readonly Place[] = ['disk', 'block'];
/** Not those in which a process waits for work. */
const BUSY: readonly Place[] = ['disk', 'mount', 'cgroup', 'network', 'device', 'memory', 'rcu', 'lock'];
const MOUNTS = [
  'islikelynotmountpoint',
  'isnotmountpoint',
  'getmountedvolumepathlistfromdisk',
  'cleanuporphanedpoddirs',
];
const MOUNT_WEIGHT = 0.88;

export const HOST_CAUSES: readonly Cause[] = [
  {
    ...HOST,
    id: 'kernel-blocked-processes',
    summary: 'Container processes are stuck in the kernel, in uninterruptible sleep.',
    signs: [
      { kind: 'host', events: ['asleep'], owners: NODE, weight: 0.55 },
      { kind: 'host', events: ['hung'], owners: NODE, weight: 0.75 },
      { kind: 'host', events: ['hung'], owners: ['system'], weight: 0.55 },
      // It may be what a program does in its container; of several it is more.
      { kind: 'host', events: ['hung'], owners: ['other'], atLeast: 3, weight: 0.32 },
      { kind: 'host', events: ['asleep'], owners: ['other'], atLeast: 10, weight: 0.32 },
      { kind: 'host', events: ['stack'], places: BUSY, weight: 0.4 },
    ],
    recommendation: 'Look at the kernel log and the stacks (/proc/PID/stack); change the kernel, reboot.',
    references: ['awslabs/amazon-eks-ami#1071', 'kubernetes/kubernetes#45419'],
  },
  {
    ...HOST,
    id: 'hung-mount-in-sync-loop',
    class: 'Storage',
    summary: 'The kubelet waits in the kernel for a remote mount that does not answer (NFS).',
    relistMayIdle: true,
    explains: ['kernel-blocked-processes', 'runc-hung'],
    signs: [
      ...MOUNTS.map((name) => ({
        kind: 'stack' as const,
        frames: ['syscall*', `${name}*`],
        of: ['kubelet' as const],
        weight: MOUNT_WEIGHT,
      })),
      { kind: 'host', events: ['server-silent'], weight: 0.6 },
      { kind: 'host', events: ['stack'], places: ['remote'], weight: 0.6 },
      { kind: 'host', events: ['asleep'], owners: [...NODE, 'system'], places: ['remote'], weight: 0.6 },
      { kind: 'host', events: ['hung'], owners: [...NODE, 'system'], places: ['remote'], weight: 0.75 },
    ],
    recommendation:
      'Bring the server back, or `umount -l` the mount; a restart of the kubelet hangs at the same place.',
    references: ['kubernetes/kubernetes#31272', 'kubernetes/kubernetes#100178', 'kubernetes/kubernetes#101622'],
  },
  {
    ...HOST,
    id: 'hung-mount-at-start',
    class: 'StartUpBlocked',
    restartKubelet: 'Harms',
    summary: 'The kubelet hangs while it starts: the statistics of a mounted file system do not answer.',
    explains: ['hung-mount-in-sync-loop', 'runtime-status-never-completes'],
    signs: [
      { kind: 'stack', frames: ['syscall*', 'cadvisor/fs.getvfsstats'], of: ['kubelet'], weight: 0.88 },
      { kind: 'stack', frames: ['syscall*', 'cadvisor/fs*'], of: ['kubelet'], weight: 0.8 },
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.3, support: true },
    ],
    recommendation: 'Unmount or bring back the file system, else reboot. Do not restart the kubelet again.',
    references: ['kubernetes/kubernetes#122318', 'kubernetes/kubernetes#122491', 'google/cadvisor#3541'],
  },
  {
    ...HOST,
    id: 'nfs-container-start-lock',
    class: 'Storage',
    summary: "The start of a container on a mount that does not answer holds the runtime's lock of it.",
    signs: [
      { kind: 'stack', frames: ['syscall*', 'daemon.(*daemon).containerstart'], of: ['dockerd'], weight: 0.85 },
      { kind: 'stack', frames: ['mount*', 'daemon.(*daemon).containerstart'], of: ['dockerd'], weight: 0.6 },
      {
        kind: 'log',
        pattern: /error while mounting volume[^\n]{0,300}(?:nfs|:\/)[^\n]{0,200}(?:timed out|timeout)/g,
        weight: 0.5,
      },
    ],
    recommendation: 'Bring the NFS server back, or unmount it.',
    references: ['kubernetes/kubernetes#94829'],
  },
  {
    ...HOST,
    id: 'volume-call-hung',
    class: 'Storage',
    summary: 'A mount, a volume or its driver does not answer: calls for it do not end.',
    relistMayIdle: true,
    signs: [
      {
        kind: 'block',
        at: ['file-system', 'mount-child'],
        of: ['kubelet', 'containerd', 'crio', 'dockerd', 'shim'],
        weight: 0.7,
      },
      { kind: 'call', callee: ['storage'], codes: ['late', 'hangs'], weight: 0.5 },
      { kind: 'call', callee: ['storage'], codes: ['late', 'hangs'], atLeast: 3, minutes: 2, weight: 0.6 },
    ],
    recommendation: 'See which mount or driver it is, and what it waits for: a server, a disk, its controller.',
    references: ['kubernetes/kubernetes#101622', 'kubernetes/kubernetes#109343'],
  },
  {
    ...HOST,
    id: 'disk-io-stall',
    class: 'Storage',
    summary: 'The disk does not keep up: unmounting and removing containers block.',
    explains: ['kernel-blocked-processes', 'runc-hung'],
    signs: [
      {
        kind: 'stack',
        frames: ['syscall*', 'mount.unmount*'],
        of: ['containerd', 'dockerd', 'shim', 'crio'],
        weight: 0.85,
      },
      {
        kind: 'stack',
        frames: ['syscall.fsync', 'container.(*container)*'],
        of: ['dockerd'],
        lasting: true,
        weight: 0.55,
      },
      { kind: 'log', pattern: /du and find on following dirs took (?:\d+h)?\d+m/g, weight: 0.35 },
      { kind: 'stack', frames: ['unix.unmount*'], of: ['containerd', 'dockerd', 'shim', 'crio'], weight: 0.85 },
      { kind: 'host', events: ['asleep'], owners: [...NODE, 'system'], places: DISK, weight: 0.6 },
      { kind: 'host', events: ['hung'], owners: [...NODE, 'system'], places: DISK, weight: 0.75 },
      // Whoever it is, a disk that does not answer for minutes is one of the node.
      { kind: 'host', events: ['hung'], owners: ['other'], places: DISK, weight: 0.32 },
      { kind: 'host', events: ['stack'], places: ['block'], weight: 0.5 },
      { kind: 'log', pattern: /slow fdatasync/g, atLeast: 3, weight: 0.35 },
    ],
    recommendation: 'Look at the disk (iostat, kernel log); restart the runtime when it answers again.',
    references: ['containerd/containerd#9770', 'containerd/containerd#7496'],
  },
  {
    ...HOST,
    id: 'memory-or-cpu-starved',
    restartKubelet: 'Unknown',
    summary: 'The node is out of memory or processor time; the kubelet does not get to its work.',
    relistMayIdle: true,
    signs: [
      { kind: 'log', pattern: /Housekeeping took longer than (?:expected|\d+)/g, atLeast: 3, weight: 0.4 },
      { kind: 'host', events: ['oom-node'], weight: 0.35 },
      {
        kind: 'log',
        pattern: /must evict pod\(s\) to reclaim|attempting to reclaim" resourceName="memory"/g,
        weight: 0.3,
      },
    ],
    recommendation: 'Free memory and processor time: fewer pods, system-reserved.',
    references: ['kubernetes/kubernetes#72533'],
  },
  {
    ...HOST,
    id: 'inotify-or-fd-exhausted',
    class: 'Configuration',
    summary: 'The kubelet has no inotify watches or file descriptors left.',
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern: /inotify_add_watch[^\n]{0,300}no space left on device|inotify_init[^\n]{0,100}too many open files/g,
        weight: 0.7,
      },
      { kind: 'log', pattern: /too many open files/g, atLeast: 2, weight: 0.55 },
      {
        kind: 'log',
        pattern: /(?:failed to (?:start|create|initialize)|fsnotify)[^\n]{0,160}too many open files/g,
        weight: 0.35,
      },
    ],
    recommendation: 'Raise fs.inotify.max_user_watches, fs.inotify.max_user_instances or LimitNOFILE.',
    references: ['google/cadvisor#1581', 'kubernetes/kubernetes#10421'],
  },
  {
    ...HOST,
    id: 'clock-jump',
    summary: 'The clock of the node has jumped; leases and statuses look old.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['clock'], weight: 0.32 },
      { kind: 'host', events: ['clock'], atLeastSeconds: 1, weight: 0.35 },
    ],
    recommendation: 'Wait for the time service, and look after it. PLEG itself uses a clock that does not jump.',
    references: ['kubernetes/kubernetes#54130', 'kubernetes/kubernetes#108844'],
  },
];
