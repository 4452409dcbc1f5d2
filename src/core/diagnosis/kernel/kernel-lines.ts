/**
 * What the kernel writes into its log, of 3.10 to 6.x.
 * Sources of the words: linux/kernel/hung_task.c, watchdog.c, rcu/tree_stall.h; mm/oom_kill.c, mm/memcontrol.c; block/blk-core.c,
 * fs/buffer.c, fs/ext4/super.c, fs/xfs/xfs_message.c, fs/btrfs, drivers/{ata,md,nvme,scsi}; net/core/dev.c, net/netfilter.
 */
import type { HostEvent, HostEventKind, Rule } from './event.ts';
import { ownerOf, ownerOfGroup } from './owners.ts';
import { type Place, placeOf } from './places.ts';

/** Floppy, optical, loop and memory devices: an error of theirs is no fault of the node. */
const NO_DISK = /\b(?:fd\d|sr\d|loop\d|zram\d|ram\d|pmem\d|scd\d|cdrom|mtdblock\d)/;
/** The device mapper has made it: it may be a snapshot of a thin pool, of an image or a backup. */
const MAPPED = /\bdm-\d/;

/** @param line undefined is read where it is of a device that holds nothing of the node. */
function ofDisk(kind: HostEventKind, place?: Place): Rule['read'] {
  return (_, line) => {
    if (NO_DISK.test(line)) return undefined;
    return { kind, place, isMapped: MAPPED.test(line) };
  };
}

const CORRECTED =
  /(?<![Uu]n)[Cc]orrected (?:error|machine check)|severity: (?:corrected|recoverable|info)|\bCE\b|CMCI|Machine check events logged/;

function simple(kind: HostEventKind, pattern: RegExp): Rule {
  return { pattern, read: () => ({ kind }) };
}

/** `BUG: soft lockup - CPU#3 stuck for 22s! [runc:1234]`. */
function lockup(pattern: RegExp, kind: HostEventKind): Rule {
  return { pattern, read: ([, seconds]) => ({ kind, seconds: seconds === undefined ? undefined : Number(seconds) }) };
}

/** Of `oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=X,task_memcg=Y,task=comm,pid=1`; empty: it is not in it. */
function field(text: string, name: string): string {
  const at = text.indexOf(`,${name}=`);
  return at < 0 ? '' : (text.slice(at + name.length + 2).split(/[,\s]/, 1)[0] ?? '');
}

/** The word that ends at that place. */
function wordBefore(line: string, at: number): string {
  return /[^\s\])?]{1,80}$/.exec(line.slice(Math.max(0, at - 96), at).trimEnd())?.[0] ?? '';
}

export const KERNEL_LINES: readonly Rule[] = [
  {
    pattern: /blocked (?:on an? [^\n]{1,120} )?for more than (\d+) seconds/g,
    read: (found: RegExpExecArray, line: string): HostEvent | undefined => {
      const comm = /task:? ?(\S{1,40}):\d+ /.exec(line.slice(0, found.index))?.[1];
      return comm === undefined ? undefined : { kind: 'hung', owner: ownerOf(comm), seconds: Number(found[1]) };
    },
  },
  // What a hung task and SysRq-w print: `task:runc state:D stack:0 pid:1`; of older kernels `runc D ffff88 0 1 1 0x0`.
  {
    pattern: /\btask:(\S{1,32}) +state:D\b/g,
    read: ([, comm = '']) => ({ kind: 'asleep', owner: ownerOf(comm) }),
  },
  {
    pattern: / D (?:[0-9a-f]{8,16}|\d) +\d+ +\d+ +\d+ 0x[0-9a-f]{8,16}/g,
    read: ({ index }, line) => ({ kind: 'asleep', owner: ownerOf(wordBefore(line, index)) }),
  },
  {
    pattern: /\+0x[0-9a-f]{1,8}\/0x[0-9a-f]/g,
    read: ({ index }: RegExpExecArray, line: string): HostEvent | undefined => {
      const place = placeOf(wordBefore(line, index));
      return place === undefined ? undefined : { kind: 'stack', place };
    },
  },
  {
    pattern: /oom-kill:constraint=(\w{1,40})[^\n]{0,2048}/g,
    read: ([text, constraint]: RegExpExecArray): HostEvent => {
      const limit = field(text, 'oom_memcg');
      const group = field(text, 'task_memcg');
      if (constraint === 'CONSTRAINT_MEMCG')
        return { kind: 'oom-group', owner: ownerOfGroup(limit.length > 1 ? limit : group) };
      // A process of a pod is a victim, whatever it is called.
      return { kind: 'oom-node', owner: ownerOfGroup(group) === 'pod' ? 'pod' : ownerOf(field(text, 'task')) };
    },
  },
  // A cgroup of version 1.
  {
    pattern: /Task in (\S{1,512}) killed as a result of limit of (\S{1,512})/g,
    read: ([, group = '', limit = '']) => ({ kind: 'oom-group', owner: ownerOfGroup(limit === '/' ? group : limit) }),
  },
  // Since 4.19 the line before it says whose group it was, and a program of a container may be called kubelet.
  {
    pattern: /(Memory cgroup out|\bOut) of memory[^\n]{0,40}: Kill(?:ed)? process \d+,? \(([^\n)]{1,64})\)/g,
    read: ([, where, comm = '']) =>
      where === 'Out' ? { kind: 'oom-node', owner: ownerOf(comm) } : { kind: 'oom-group', owner: 'other' },
  },
  simple('oom-node', /System OOM encountered/g),
  simple('trace', /invoked oom-killer|\bdump_stack(?:_lvl)?\+0x|WARNING: CPU: \d/g),
  lockup(/soft lockup - CPU#?\d+ stuck for (\d+)s/g, 'soft-lockup'),
  simple('soft-lockup', /BUG: workqueue lockup|Kernel panic - not syncing: softlockup/g),
  simple('hard-lockup', /[Hh]ard LOCKUP/g),
  simple(
    'rcu-stall',
    /rcu_\w{1,16} (?:self-)?detected (?:expedited )?stalls?|rcu_\w{1,16} kthread (?:starved|timer wakeup)|detected expedited stalls on CPUs/g,
  ),
  {
    pattern:
      /kernel BUG at |BUG: (?:unable to handle|kernel NULL pointer|Bad page)|Oops: [0-9a-f]{4}|general protection fault: |Kernel panic - not syncing|Machine Check Exception|\[Hardware Error\]: (?:event severity: fatal|Uncorrected)|EDAC [^\n]{0,20}: \d{1,6} UE\b/g,
    // What the memory or the processor has mended itself is counted, and no fault; `events logged` says nothing of which.
    read: (_, line) => (CORRECTED.test(line) ? undefined : { kind: 'oops' }),
  },
  {
    pattern:
      /I\/O error,? (?:on )?dev(?:ice)? [^\n]{0,80}|critical (?:medium|target|space allocation) error[^\n]{0,80}|lost (?:async )?page write[^\n]{0,80}/g,
    read: ofDisk('block-error', 'block'),
  },
  {
    pattern:
      /(?:FAILED Result: hostbyte|Sense Key : (?:Medium|Hardware|Aborted|Not Ready)|rejecting I\/O to (?:offline|dead) device|timing out command, waited|nvme\d*:? ?[^\n]{0,40}(?:I\/O (?:tag )?\d+[^\n]{0,60}timeout|controller is down|Device not ready|Removing after probe failure)|\bata\d+(?:\.\d+)?: (?:exception Emask|failed command|hard resetting|SError)|(?:multipath|dm-\d+)[^\n]{0,40}(?:Failing path|remaining active paths: 0)|remaining active paths: 0|Disk failure on \w|task abort(?:ed)?: |rbd\d* [^\n]{0,40}(?:error|failed)|block nbd\d+: (?:Connection timed out|Receive control failed)|session recovery timed out|connection\d+:\d+: (?:detected conn error|ping timeout))[^\n]{0,80}/g,
    read: ofDisk('block-error', 'block'),
  },
  {
    pattern:
      /EXT[234]-fs (?:error|\([^\n)]{1,40}\): (?:error|failed to|I\/O error))|JBD2?: (?:Detected IO errors|I\/O error|Error -?\d+)|Aborting journal on device|XFS \([^\n)]{1,40}\): (?:metadata I\/O error|xfs_log_force: error|Corruption|[^\n]{0,60}(?:I\/O Error Detected|error \d+ numblks|has been shut down|Unmount and run xfs_repair))|BTRFS(?:: | )(?:error|critical)|F2FS-fs [^\n]{0,40}(?:error|inconsistent)|WARNING: Pool '[^\n']{1,64}' has encountered an uncorrectable I\/O failure/g,
    read: ofDisk('fs-error'),
  },
  {
    pattern: /Remounting filesystem read-only|forced readonly|remount(?:ed|ing)? (?:[^\n]{0,40} )?read-only due to/g,
    read: ofDisk('read-only'),
  },
  {
    pattern:
      /nfs4?: server \S{1,256} not responding|CIFS(?: VFS)?: [^\n]{0,80}has not responded in \d+ seconds|(?:libceph|ceph): (?:mon|mds|osd)\d+ [^\n]{0,100}(?:hung|session lost|socket closed \(con state OPEN\))/g,
    read: () => ({ kind: 'server-silent', place: 'remote' }),
  },
  simple(
    'snapshot-lost',
    /device-mapper: (?:snapshots: [^\n]{0,60}Invalidating|thin: [^\n]{0,60}(?:out of (?:data|metadata) space|out-of-data-space mode|no free (?:data|metadata) space))/g,
  ),
  simple(
    'no-space',
    /device-mapper: thin: [^\n]{0,60}(?:out of (?:data|metadata) space|out-of-data-space mode|no free (?:data|metadata) space)/g,
  ),
  simple('netdev-held', /unregister_netdevice: waiting for \S{1,32} to become free/g),
  simple('conntrack-full', /conntrack(?:\[?\w{0,20}\]?)?: table full, dropping|neighbou?r table overflow/gi),
  {
    pattern: /cgroup: fork rejected by pids controller in (\S{1,512})/g,
    read: ([, path = '']) => ({ kind: 'fork-failed', owner: ownerOfGroup(path) }),
  },
];
