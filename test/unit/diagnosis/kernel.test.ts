/** Members of a kind, whoever they are: what kernels, `ps`, /proc and systemd say of any program, in any surroundings. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import {
  anyOf,
  anyScene,
  APPS,
  asleep,
  DAEMONS,
  hungTask,
  IDLE,
  oom,
  surrounded,
  trace,
  WAITS,
} from './kernel-texts.ts';
import { cases } from '../../support/sizes.ts';

const RUNS = { numRuns: cases(60), seed: 13 };
const HOST_CLASSES = ['KernelOrHost', 'Storage'];

function verdictOf(text: string): Diagnosis {
  return diagnose({
    dumps: [],
    logs: [{ name: 'node.log', text }],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

function classOf(text: string): string {
  const verdict = verdictOf(text);
  expect(verdict.confidence).not.toBe('High');
  return verdict.class;
}

describe('a hung task', () => {
  test('of the kubelet or the runtime is of the host, by where it waits', () => {
    fc.assert(
      fc.property(anyScene, ({ kernel, daemon, pid, wait, how }) => {
        const text = surrounded(hungTask(kernel, daemon, pid, wait.stack), how);
        expect(classOf(text)).toBe(wait.place === 'other' ? 'KernelOrHost' : 'Storage');
      }),
      RUNS,
    );
  });

  test('keeps its class where lines of its stack are lost', () => {
    fc.assert(
      fc.property(anyScene, fc.nat({ max: 7 }), ({ kernel, daemon, wait, how }, cut) => {
        const lines = hungTask(kernel, daemon, 7, wait.stack);
        expect(HOST_CLASSES).toContain(classOf(surrounded(lines.slice(0, Math.max(1, lines.length - cut)), how)));
      }),
      RUNS,
    );
  });

  test('of a program in a container does not blame the node for the mount of the container', () => {
    const remote = WAITS.filter(({ place }) => place === 'remote');
    fc.assert(
      fc.property(anyScene, anyOf(remote), ({ kernel, app, pid, how }, { stack }) => {
        expect(classOf(surrounded(hungTask(kernel, app, pid, stack), how))).toBe('Unknown');
      }),
      RUNS,
    );
  });
});

describe('a process in state D', () => {
  test('of the kubelet or the runtime is of the host, in whatever columns', () => {
    fc.assert(
      fc.property(anyScene, ({ how, pid, daemon, wait: { stack } }) => {
        const text = asleep(how, pid, daemon, stack[0] ?? '');
        expect([text, HOST_CLASSES.includes(classOf(text))]).toEqual([text, true]);
      }),
      { ...RUNS, numRuns: cases(300) },
    );
  });

  test('of a program in a container is nothing', () => {
    fc.assert(
      fc.property(anyScene, ({ how, pid, app, wait: { stack } }) => {
        const text = asleep(how, pid, app, stack[0] ?? '');
        expect([text, classOf(text)]).toEqual([text, 'Unknown']);
      }),
      { ...RUNS, numRuns: cases(300) },
    );
  });

  test('is not read into other lines', () => {
    const lines = [
      'root 1234 0.0 0.1 1 2 ? Ss 10:22 0:00 /usr/bin/kubelet -D x',
      'I1124 10:00:00.123456 1234 kubelet.go:12] Plan D of kubelet 12',
      'Vitamin D is 5 kubelet',
      'deploy app 3/3 D kubelet',
      '1234 (kubelet) S 1 1234 1234 0 -1 4194560 1 2 3',
      'Name:\tkubelet\nState:\tS (sleeping)',
    ];
    expect(lines.filter((line) => classOf(line) !== 'Unknown')).toEqual([]);
  });
});

describe('a stack of a process without more', () => {
  test('says where it waits, and nothing where it waits for work', () => {
    fc.assert(
      fc.property(anyScene, anyOf(IDLE), ({ kernel, wait: { stack } }, idle) => {
        expect(HOST_CLASSES).toContain(classOf(trace(kernel, stack).join('\n')));
        expect(classOf(trace(kernel, idle).join('\n'))).toBe('Unknown');
      }),
      RUNS,
    );
  });
});

describe('memory that is used up', () => {
  const pod =
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1234_5678.slice/cri-containerd-0a1b.scope';
  const groups = [pod, '/kubepods/besteffort/pod12/ab', '/docker/0123456789ab', '/kubepods/pod77/cd'];

  test('of a pod is noise, whatever its program is called', () => {
    fc.assert(
      fc.property(anyScene, anyOf([...APPS, ...DAEMONS]), anyOf(groups), ({ kernel, pid, how }, comm, group) => {
        expect(classOf(surrounded(oom(kernel, comm, pid, group), how))).toBe('Unknown');
      }),
      RUNS,
    );
  });

  test('of the unit of the kubelet or the runtime is its fault', () => {
    const units = [
      'kubelet.service',
      'containerd.service',
      'docker.service',
      'crio.service',
      'kubelet.slice',
      'runtime.slice',
    ];
    fc.assert(
      fc.property(anyScene, anyOf(units), ({ kernel, daemon, pid, how }, unit) => {
        const { cause, class: one } = verdictOf(surrounded(oom(kernel, daemon, pid, `/system.slice/${unit}`), how));
        expect([cause, one]).toEqual(['daemon-oom-killed', 'KernelOrHost']);
      }),
      RUNS,
    );
  });

  test('of the node is of the host, more surely where it takes the kubelet or the runtime', () => {
    fc.assert(
      fc.property(anyScene, anyOf(['kubelet', 'containerd', 'dockerd']), ({ kernel, app, how }, daemon) => {
        const byApp = verdictOf(surrounded(oom(kernel, app, 7, undefined), how));
        expect([byApp.cause, byApp.confidence]).toEqual(['memory-or-cpu-starved', 'Low']);
        expect(verdictOf(surrounded(oom(kernel, daemon, 7, undefined), how)).cause).toBe('daemon-oom-killed');
      }),
      RUNS,
    );
  });
});

/** Lines of one kind with the cause that they are told by; `?` is any disk. */
const KINDS: readonly (readonly [cause: string, lines: readonly string[]])[] = [
  [
    'disk-errors',
    [
      'end_request: I/O error, dev ?, sector 1234',
      'print_req_error: I/O error, dev ?, sector 1234 flags 0',
      'critical medium error, dev ?, sector 99 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0',
      'Buffer I/O error on dev ?, logical block 77, lost async page write',
      'sd 2:0:0:0: [?] tag#7 FAILED Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK',
      'sd 2:0:0:0: [?] Sense Key : Medium Error [current]',
      'sd 2:0:0:0: rejecting I/O to offline device',
      'nvme nvme1: I/O 12 QID 3 timeout, aborting',
      'nvme nvme1: controller is down; will reset: CSTS=0x3, PCI_STATUS=0x10',
      'ata3.00: failed command: READ FPDMA QUEUED',
      'ata3: hard resetting link',
      'device-mapper: multipath: 253:3: Failing path 8:32.',
      'md/raid1:md0: Disk failure on ?, disabling device.',
      'mpatha: remaining active paths: 0',
    ],
  ],
  [
    'file-system-errors',
    [
      'EXT4-fs error (device ?): ext4_journal_check_start:61: Detected aborted journal',
      'Aborting journal on device ?-8.',
      'XFS (?): metadata I/O error in "xfs_trans_read_buf_map" at daddr 0x1 len 8 error 5',
      'XFS (?): Corruption of in-memory data detected.  Shutting down filesystem',
      'XFS (?): xfs_log_force: error -5 returned.',
      'BTRFS error (device ?): bdev /dev/? errs: wr 1, rd 0, flush 0, corrupt 0, gen 0',
      'BTRFS info (device ?): forced readonly',
      'JBD2: Detected IO errors while flushing file data on ?-8',
    ],
  ],
  [
    'cpu-soft-lockup',
    ['BUG: soft lockup - CPU#0 stuck for 67s! [runc:77]', 'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [x:1]'],
  ],
  ['cpu-hard-lockup', ['Watchdog detected hard LOCKUP on cpu 1', 'Kernel panic - not syncing: Hard LOCKUP']],
  [
    'rcu-stall',
    [
      'INFO: rcu_sched self-detected stall on CPU { 3}  (t=60000 jiffies g=1 c=2 q=3)',
      'INFO: rcu_preempt detected stalls on CPUs/tasks:',
      'rcu: rcu_sched kthread starved for 15000 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5)',
      'rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 3-... } 21 jiffies s: 1 root: 0x8/.',
    ],
  ],
  [
    'hung-mount-in-sync-loop',
    ['nfs: server 10.0.0.7 not responding, still trying', 'nfs: server files.example.com not responding, timed out'],
  ],
];

describe('what the kernel reports', () => {
  const lines = KINDS.flatMap(([cause, texts]) => texts.map((line) => ({ cause, line })));

  test('is told apart in any surroundings, once or many times', () => {
    fc.assert(
      fc.property(
        anyScene,
        anyOf(lines),
        anyOf(['sda', 'vdb1', 'dm-3', 'nvme0n1']),
        ({ how, pid }, { cause, line }, disk) => {
          const text = surrounded(Array<string>(1 + (pid % 9)).fill(line.replaceAll('?', disk)), how);
          const verdict = verdictOf(text);
          expect([text, verdict.cause, verdict.confidence === 'High']).toEqual([text, cause, false]);
        },
      ),
      { ...RUNS, numRuns: cases(200) },
    );
  });

  test('of devices that hold nothing of the node, and of mounts that succeed, is nothing', () => {
    const noise = [
      ...['fd0', 'sr0', 'loop3'].map((disk) => `blk_update_request: I/O error, dev ${disk}, sector 0`),
      'EXT4-fs (sda1): mounted filesystem with ordered data mode. Opts: (null)',
      'XFS (sda1): Ending clean mount',
      'BTRFS info (device sda1): disk space caching is enabled',
      'EXT4-fs (sda1): re-mounted. Opts: errors=remount-ro',
      'ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)',
      'nvme nvme0: 8/0/0 default/read/poll queues',
      'rcu: Hierarchical RCU implementation.',
      'NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.',
      'nfs: server 10.0.0.7 OK',
      'chronyd[1]: System clock wrong by 1.400000 seconds',
      'containerd.service: Found left-over process 12 (containerd-shim) in control group while starting unit. Ignoring.',
      "cups.service: State 'stop-sigterm' timed out. Killing.",
      'cgroup: fork rejected by pids controller in /kubepods/burstable/pod1/ab',
      'Error: failed to create containerd task: mkdir /app/cache: read-only file system',
    ];
    for (const line of noise) expect([line, classOf(surrounded([line], 2))]).toEqual([line, 'Unknown']);
  });
});

describe('the patterns', () => {
  test('take time in proportion to the text', () => {
    const parts = [
      'D ',
      '/var/lib/kubelet/',
      'oom-kill:constraint=A,',
      '+0x1/0x1',
      'a.service: ',
      'I/O error ',
      '[sda] ',
      'task ',
    ];
    const timeOf = (part: string, size: number): number => {
      const text = part.repeat(Math.ceil(size / part.length));
      const start = process.cpuUsage().user;
      classOf(text);
      return process.cpuUsage().user - start;
    };
    for (const part of parts) {
      timeOf(part, 10_000);
      expect([part, timeOf(part, 400_000) < 40 * Math.max(timeOf(part, 100_000), 50_000)]).toEqual([part, true]);
    }
  });
});
