/** What looks like a fault of the host and is none: long ago, mended by itself, of a device that holds nothing, of a moment. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLogClock } from '../../../src/core/diagnosis/clues/log-clock.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { ownerOfGroup } from '../../../src/core/diagnosis/kernel/owners.ts';
import { anyOf, anyScene, asleep, hungTask } from './kernel-texts.ts';
import { cases } from '../../support/sizes.ts';

function verdictOf(text: string): ReturnType<typeof diagnose> {
  return diagnose({
    dumps: [],
    logs: [{ name: 'node.log', text }],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

const DAY = 86_400;
const stamp = (seconds: number): string => `[${String(seconds).padStart(5)}.123456] `;

describe('a stamp of the time since the boot', () => {
  /** How a text may show that it goes on for longer. @param up of its end, in seconds. */
  const LATER: readonly ((up: number) => string)[] = [
    (up) => `${stamp(up)}systemd[1]: Started Daily apt upgrade.`,
    (up) =>
      `\n$ uptime\n 10:00:00 up ${String(Math.floor(up / DAY))} days,  1:05,  1 user,  load average: 0.1, 0.1, 0.1`,
    (up) => ` 10:00:00 up ${String(Math.floor(up / DAY))} days,  3 min,  2 users,  load average: 0.1, 0.1, 0.1`,
    (up) =>
      `2026-11-24T10:00:00.000000+0000 n1 kernel: ${stamp(up)}eth0: link up\n2026-11-24T10:00:01.000000+0000 n1 systemd[1]: a`,
  ];

  test('makes a hung task of weeks ago no fault of now, where the text shows that it goes on', () => {
    fc.assert(
      fc.property(anyScene, anyOf(LATER), fc.integer({ min: 1, max: 60 }), ({ kernel, daemon, wait }, later, days) => {
        const lines = hungTask(kernel, daemon, 812, wait.stack).map((line) => stamp(3_600) + line);
        expect(verdictOf([...lines, later(3_600 + days * DAY)].join('\n')).confidence).toBe('Low');
        // The same at the end of the text.
        const now = hungTask(kernel, daemon, 812, wait.stack).map((line) => stamp(3_600 + days * DAY) + line);
        expect(verdictOf([...now, later(3_600 + days * DAY)].join('\n')).confidence).toBe('Medium');
      }),
      { numRuns: cases(100), seed: 61 },
    );
  });

  test('of a boot before is at least as old as this boot', () => {
    const text = `${stamp(1_800_000)}task runc:1 blocked\n${stamp(0)}booting\n${stamp(7_200)}up\n`;
    expect(createLogClock(text).beforeEndMs(0)).toBe(7_200_123.456);
  });

  test('as dmesg -T writes it is a time', () => {
    const text = '[Tue Nov 24 10:00:10 2026] a\n[Tue Nov 24 12:00:11 2026] b\n';
    expect(createLogClock(text).beforeEndMs(0)).toBe(7_201_000);
  });
});

describe('an error that the hardware has mended', () => {
  test.each([
    'mce: [Hardware Error]: Machine check events logged',
    'mce: [Hardware Error]: Corrected error, no action required.',
    '[Hardware Error]: Corrected error, no action required.',
    '{1}[Hardware Error]: event severity: corrected',
    '{1}[Hardware Error]: event severity: recoverable',
    'EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#1_DIMM#0',
    'mce: CMCI storm detected: switching to poll mode',
  ])('is none: %s', (line) => {
    expect(verdictOf(`[ 4711.123456] ${line}`).class).toBe('Unknown');
  });

  test.each([
    'mce: [Hardware Error]: CPU 3: Machine Check Exception: 5 Bank 4: be00000000800400',
    '{1}[Hardware Error]: event severity: fatal',
    '[Hardware Error]: Uncorrected, software containable error.',
    'EDAC MC0: 1 UE memory read error on any memory',
  ])('while one that it has not is: %s', (line) => {
    expect(verdictOf(`[ 4711.123456] ${line}`).cause).toBe('kernel-oops');
  });
});

/** `?` is the device. */
const ERRORS = [
  'blk_update_request: I/O error, dev ?, sector 0',
  'Buffer I/O error on dev ?, logical block 77, lost async page write',
  'critical medium error, dev ?, sector 99',
  'EXT4-fs error (device ?): ext4_find_entry:1463: inode #2: comm ls: reading directory lblock 0',
  'EXT4-fs (?): error count since last fsck: 1',
  'EXT4-fs (?): Remounting filesystem read-only',
  'XFS (?): metadata I/O error in "xfs_trans_read_buf_map" at daddr 0x1 len 8 error 5',
  'XFS (?): Corruption of in-memory data detected.  Shutting down filesystem',
  'Aborting journal on device ?-8.',
  'JBD2: Detected IO errors while flushing file data on ?-8',
  'BTRFS error (device ?): bdev /dev/? errs: wr 1, rd 0, flush 0, corrupt 0, gen 0',
  'BTRFS info (device ?): forced readonly',
];

describe('a device that holds nothing of the node', () => {
  test('has errors that are none of the disk', () => {
    const devices = ['loop0', 'loop17', 'loop3p1', 'sr0', 'fd0', 'zram0', 'ram3', 'scd0'];
    fc.assert(
      fc.property(anyOf(ERRORS), anyOf(devices), fc.integer({ min: 1, max: 9 }), (error, device, times) => {
        const line = `Nov 24 10:00:00 n1 kernel: ${error.replaceAll('?', device)}\n`;
        expect([line, verdictOf(line.repeat(times)).class]).toEqual([line, 'Unknown']);
      }),
      { numRuns: cases(150), seed: 62 },
    );
  });

  test('may be a snapshot that has no space left, while a disk beside it is one', () => {
    const lost =
      'Nov 24 10:00:00 n1 kernel: device-mapper: snapshots: Invalidating snapshot: Unable to allocate exception.\n';
    fc.assert(
      fc.property(anyOf(ERRORS), fc.nat(9), (error, times) => {
        const on = (device: string): string =>
          `Nov 24 10:00:01 n1 kernel: ${error.replaceAll('?', device)}\n`.repeat(1 + times);
        expect([error, verdictOf(lost + on('dm-12')).class]).toEqual([error, 'Unknown']);
        expect([error, verdictOf(lost + on('sda')).class]).toEqual([error, 'Storage']);
        expect([error, verdictOf(on('dm-12')).class]).toEqual([error, 'Storage']);
      }),
      { numRuns: cases(60), seed: 63 },
    );
  });

  test.each([
    '  Normal   NodeHasDiskPressure   11m (x3 over 40m)   kubelet   Node n1 status is now: NodeHasDiskPressure',
    '  Warning  EvictionThresholdMet  12m (x9 over 41m)   kubelet   Attempting to reclaim ephemeral-storage',
    '  Warning  ImageGCFailed  46m   kubelet   Failed to garbage collect required amount of images. Attempted to free 5 bytes',
  ])('a disk that events call full is: %s', (line) => {
    expect(verdictOf(line).cause).toBe('file-system-full');
  });

  test('a thin pool that is full is a file system that is', () => {
    const line = 'Nov 24 10:00:00 n1 kernel: device-mapper: thin: 253:2: switching pool to out-of-data-space mode\n';
    expect(verdictOf(line).cause).toBe('file-system-full');
  });
});

describe('one look at a process in state D', () => {
  test('is a hint, and several are more', () => {
    fc.assert(
      fc.property(anyScene, ({ how, pid, daemon, wait: { stack } }) => {
        const look = (id: number): string => `${asleep(how, id, daemon, stack[0] ?? '')}\n`;
        expect([look(pid), verdictOf(look(pid)).confidence]).toEqual([look(pid), 'Low']);
        // /proc/PID/status is one process of one file.
        if (how % 10 !== 9) expect(verdictOf([1, 2, 3].map((n) => look(pid + n)).join('')).confidence).toBe('Medium');
      }),
      { numRuns: cases(150), seed: 64 },
    );
  });

  test('of the agent is one as well', () => {
    const host = { at: '2026-11-24T10:00:00Z', logClues: [] };
    const look = (count: number): string =>
      diagnose({
        dumps: [],
        logs: [],
        probe: 'Unknown',
        host: {
          ...host,
          blockedProcesses: Array.from({ length: count }, (_, pid) => ({
            pid,
            comm: 'containerd',
            wchan: 'io_schedule',
          })),
        },
        kubeletVersion: undefined,
        runtimeVersion: undefined,
      }).confidence;
    expect([look(1), look(2), look(3)]).toEqual(['Low', 'Low', 'Medium']);
  });
});

describe('a unit', () => {
  test.each([
    ['kubelet.service', 'kubelet'],
    ['/system.slice/kubelet.service', 'kubelet'],
    ['snap.microk8s.daemon-kubelite.service', 'kubelet'],
    ['/kubelet.slice', 'kubelet'],
    ['/system.slice/k3s-agent.service', 'kubelet'],
    ['/system.slice/containerd.service', 'runtime'],
    ['/podruntime.slice/crio.service', 'runtime'],
    ['/system.slice/docker.socket', 'runtime'],
    ['/system.slice/kubelet-exporter.service', 'system'],
    ['my-kubelet.service', 'other'],
    ['docker-registry.service', 'other'],
    ['containerd-snapshot-cleanup.timer', 'other'],
    ['/opt/k3s-backup/x', 'other'],
    ['/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-0a.scope', 'pod'],
  ])('%s is of %s by its whole name', (path, owner) => {
    expect(ownerOfGroup(path)).toBe(owner);
  });

  test('is frozen by its own path, not by whatever the line speaks of', () => {
    const frozen = (path: string): string => verdictOf(`${path}/freezer.state:FROZEN`).cause;
    expect(frozen('/sys/fs/cgroup/freezer/system.slice/kubelet.service')).toBe('unit-frozen');
    expect(frozen('kubelet.service and docker: /sys/fs/cgroup/freezer/backup/app')).toBe('unknown');
  });

  test.each(['docker-registry', 'kubelet-exporter', 'my-containerd-gc', 'k3s-backup'])(
    'of another name stops late without a word of the node: %s',
    (unit) => {
      for (const words of [
        "State 'stop-sigterm' timed out. Killing.",
        'Processes still around after SIGKILL. Ignoring.',
      ]) {
        expect(verdictOf(`Nov 24 10:00:00 n1 systemd[1]: ${unit}.service: ${words}`).class).toBe('Unknown');
      }
    },
  );
});
