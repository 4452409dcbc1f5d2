/** Makes what kernels of 3.10 to 6.x, `ps`, /proc and systemd print, with any program and in any surroundings. */
import fc from 'fast-check';

const KERNELS = ['3.10', '4.19', '5.15', '6.8'] as const;
type Kernel = (typeof KERNELS)[number];

interface Waiting {
  /** Functions of the kernel, leaf first. */
  readonly stack: readonly string[];
  readonly place: 'remote' | 'disk' | 'other';
}

export const WAITS: readonly Waiting[] = [
  {
    stack: ['rpc_wait_bit_killable', 'nfs_wait_client_init_complete', 'nfs4_discover_server_trunking'],
    place: 'remote',
  },
  { stack: ['request_wait_answer', 'fuse_simple_request', 'fuse_do_getattr'], place: 'remote' },
  { stack: ['cifs_wait_mtu_credits', 'smb2_reconnect'], place: 'remote' },
  { stack: ['ceph_mdsc_do_request', 'ceph_do_getattr'], place: 'remote' },
  { stack: ['xfs_log_force', 'xfs_fs_sync_fs', 'sync_filesystem'], place: 'disk' },
  { stack: ['jbd2_log_wait_commit', 'ext4_sync_file', 'vfs_fsync_range'], place: 'disk' },
  { stack: ['io_schedule', 'wait_on_page_bit', 'btrfs_wait_ordered_range'], place: 'disk' },
  { stack: ['io_schedule', 'blkdev_issue_flush'], place: 'disk' },
  { stack: ['rwsem_down_write_slowpath', 'namespace_lock', 'do_umount'], place: 'other' },
  { stack: ['rtnl_lock', 'copy_net_ns', 'create_new_namespaces'], place: 'other' },
  { stack: ['percpu_ref_kill_and_confirm', 'cgroup_rmdir'], place: 'other' },
];
/** Where a process waits for work. */
export const IDLE = [
  ['do_wait', 'kernel_wait4', 'sys_wait4'],
  ['ep_poll', 'do_epoll_wait', 'sys_epoll_wait'],
  ['futex_wait_queue_me', 'futex_wait', 'do_futex'],
  ['pipe_wait', 'pipe_read', 'vfs_read'],
];

export const DAEMONS = ['kubelet', 'containerd', 'dockerd', 'crio', 'containerd-shim', 'conmon'];
/** Of containers, or of people who look. */
export const APPS = ['java', 'mysqld', 'python3', 'nginx', 'du', 'ls', 'postgres', 'node', 'prometheus', 'my_app'];

function frame(kernel: Kernel, name: string, at: number): string {
  const text = `${name}+0x${(16 + at).toString(16)}/0x${(256 + at).toString(16)}`;
  return kernel === '3.10' || kernel === '4.19' ? ` [<ffffffff8${(1_000_000 + at).toString(16)}>] ${text}` : ` ${text}`;
}

export function trace(kernel: Kernel, names: readonly string[]): string[] {
  return ['Call Trace:', ...['__schedule', 'schedule', ...names].map((name, at) => frame(kernel, name, at))];
}

/** linux/kernel/hung_task.c. */
export function hungTask(kernel: Kernel, comm: string, pid: number, names: readonly string[]): string[] {
  const state =
    kernel === '3.10'
      ? `${comm.padEnd(15)} D ffff88085fc93180     0 ${pid}      1 0x00000080`
      : `task:${comm.padEnd(15)} state:D stack:    0 pid:${pid} ppid:     1 flags:0x00004000`;
  return [
    `INFO: task ${comm}:${pid} blocked for more than 120 seconds.`,
    `      Not tainted ${kernel}.0-generic #1`,
    '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
    state,
    ...trace(kernel, names),
  ];
}

/** linux/mm/oom_kill.c. @param group whose limit it is; undefined: the memory of the node. */
export function oom(kernel: Kernel, comm: string, pid: number, group: string | undefined): string[] {
  const head = [`${comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999`];
  const stack = trace(kernel, [
    'dump_stack',
    'dump_header',
    'oom_kill_process',
    'xfs_filemap_fault',
    'handle_mm_fault',
  ]);
  const who = group === undefined ? 'Out of memory' : 'Memory cgroup out of memory';
  const kill = kernel === '3.10' || kernel === '4.19' ? 'Kill process' : 'Killed process';
  const end = `${who}: ${kill} ${pid} (${comm}) total-vm:123kB, anon-rss:1kB`;
  if (kernel === '3.10' || kernel === '4.19') {
    const limit = group === undefined ? [] : [`Task in ${group} killed as a result of limit of ${group}`];
    return [...head, ...stack, ...limit, end];
  }
  const constraint =
    group === undefined
      ? `CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/${comm}.service`
      : `CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${group},task_memcg=${group}`;
  return [...head, ...stack, `oom-kill:constraint=${constraint},task=${comm},pid=${pid},uid=0`, end];
}

/** What stands before each line. */
type Surrounding = (line: string, at: number) => string;
const SURROUNDINGS: readonly Surrounding[] = [
  (line) => line,
  (line, at) => `[ 4711.${String(100_000 + at)}] ${line}`,
  (line, at) => `Nov 24 10:00:${String(10 + (at % 50))} node-1 kernel: ${line}`,
  (line, at) =>
    `2026-11-24T10:00:${String(10 + (at % 50))}.123456+0000 node-1 kernel: [  12.${String(100_000 + at)}] ${line}`,
  (line, at) => `[Tue Nov 24 10:00:${String(10 + (at % 50))} 2026] ${line}`,
  (line) => `    ${line}`,
  (line) => `> ${line}`,
];

/** A text of lines as somebody has it. */
export function surrounded(lines: readonly string[], how: number): string {
  const put = SURROUNDINGS[how % SURROUNDINGS.length] ?? ((line: string): string => line);
  return lines.map(put).join('\n');
}

/** A process in state D, as `ps` of any columns, `top` and /proc print it. */
export function asleep(how: number, pid: number, comm: string, wchan: string): string {
  const forms = [
    `root      ${pid}  0.0  0.1 123456 4567 ?        D    10:22   0:00 /usr/bin/${comm} --flag`,
    `root ${pid} 12.5 3.1 1234567 45670 pts/0 Dl+ Nov24 10:22 ${comm}`,
    `${pid} D    ${wchan} ${comm}`,
    `  ${pid} Ds   ${wchan.slice(0, 6)} /usr/sbin/${comm} -x y`,
    `D ${pid} 1 ${comm} ${wchan}`,
    `${pid} ${comm} D ${wchan}`,
    `4 D     0 ${pid}     1  0  80   0 - 12345 ${wchan.slice(0, 6)} ?        00:00:01 ${comm}`,
    `${pid} root      20   0 1234.5m  12.3g   1024 D   0.0  0.1   0:01.23 ${comm}`,
    `${pid} (${comm}) D 1 ${pid} ${pid} 0 -1 4194560 1 2 3`,
    `Name:\t${comm}\nUmask:\t0022\nState:\tD (disk sleep)\nTgid:\t${pid}`,
  ];
  return forms[how % forms.length] ?? '';
}

export const anyOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

export const anyScene = fc.record({
  kernel: anyOf(KERNELS),
  daemon: anyOf(DAEMONS),
  app: anyOf(APPS),
  wait: anyOf(WAITS),
  pid: fc.integer({ min: 2, max: 999_999 }),
  how: fc.nat({ max: 1_000 }),
});
