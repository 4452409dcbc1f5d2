/** Limits of the host that are reached, and units that it cannot end. */
import type { Owner } from '../../kernel/owners.ts';
import type { Cause } from '../cause.ts';

const LIMIT = { class: 'KernelOrHost', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;
const DAEMONS: readonly Owner[] = ['kubelet', 'runtime'];

export const LIMIT_CAUSES: readonly Cause[] = [
  {
    ...LIMIT,
    id: 'daemon-cannot-be-killed',
    summary: 'A process of the kubelet or the runtime outlives SIGKILL: it waits in the kernel.',
    relistMayIdle: true,
    explains: ['daemon-stops-late'],
    signs: [{ kind: 'host', events: ['unkillable'], owners: DAEMONS, weight: 0.65 }],
    recommendation: 'Look at what it waits for (/proc/PID/stack: a mount, a disk); else reboot.',
    references: ['https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html'],
  },
  {
    ...LIMIT,
    id: 'daemon-stops-late',
    summary: 'The kubelet or the runtime did not start or end within the time that its unit gives it.',
    relistMayIdle: true,
    signs: [{ kind: 'host', events: ['stops-late'], owners: DAEMONS, weight: 0.35 }],
    restartKubelet: 'Unknown',
    restartRuntime: 'Unknown',
    recommendation: 'Take its stacks before it is restarted (SIGUSR1, SIGQUIT); look at the kernel log.',
    references: ['https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html'],
  },
  {
    ...LIMIT,
    id: 'unit-frozen',
    summary: 'The control group of the kubelet or the runtime is frozen: it does nothing.',
    signs: [{ kind: 'host', events: ['frozen'], owners: [...DAEMONS, 'system'], weight: 0.7 }],
    recommendation: 'Thaw it (systemctl thaw, or 0 into cgroup.freeze), and find out who froze it.',
    references: ['https://docs.kernel.org/admin-guide/cgroup-v2.html'],
  },
  {
    ...LIMIT,
    id: 'process-limit-reached',
    restartKubelet: 'Unknown',
    restartRuntime: 'Unknown',
    summary: 'Kubelet or runtime cannot start processes or threads: a limit of processes or memory is reached.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['fork-failed'], owners: DAEMONS, weight: 0.6 },
      { kind: 'host', events: ['fork-failed'], owners: ['system'], weight: 0.45 },
      { kind: 'host', events: ['fork-failed'], owners: ['system'], atLeast: 3, weight: 0.2 },
    ],
    recommendation: 'Find what has the processes (ps -eLf); raise TasksMax or kernel.pid_max, set podPidsLimit.',
    references: ['https://kubernetes.io/docs/concepts/policy/pid-limiting/'],
  },
  {
    ...LIMIT,
    id: 'file-system-full',
    class: 'Storage',
    summary: 'A file system of the kubelet or the runtime has no space or no inodes left.',
    relistMayIdle: true,
    signs: [
      { kind: 'host', events: ['no-space'], weight: 0.45 },
      { kind: 'host', events: ['no-space'], atLeast: 3, weight: 0.2 },
      { kind: 'host', events: ['no-inodes'], weight: 0.5 },
    ],
    recommendation: 'See df and df -i; remove images and logs, and lower the thresholds of image GC and eviction.',
    references: ['https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/'],
  },
  {
    ...LIMIT,
    id: 'connection-table-full',
    summary: 'A table of the network (conntrack, neighbours) is full: packets are lost.',
    relistMayIdle: true,
    signs: [{ kind: 'host', events: ['conntrack-full'], weight: 0.45 }],
    recommendation:
      'Raise net.netfilter.nf_conntrack_max or net.ipv4.neigh.default.gc_thresh3; find who opens so many.',
    references: ['https://docs.kernel.org/networking/nf_conntrack-sysctl.html'],
  },
];
