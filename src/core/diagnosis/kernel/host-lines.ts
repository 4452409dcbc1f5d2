/**
 * What systemd, the C library, Go and time services say of the host.
 * Sources of the words: systemd core/service.c, core/unit.c; glibc's strerror of EAGAIN, ENOMEM, ENOSPC, EROFS; go/src/runtime/os_linux.go;
 * chrony reference.c, ntpd, systemd-timesyncd.
 */
import type { HostEvent, Rule } from './event.ts';
import { type Owner, ownerOfGroup } from './owners.ts';

/** A lease is renewed within this time; a clock that is wrong by less makes nothing look old. */
const LARGE_STEP_S = 10;

/** Where the host keeps what kubelet and runtime write. */
const OF_HOST = String.raw`(?:/var/lib/(?:kubelet|containerd|docker|containers|cni|etcd|rancher)|/run/(?:containerd|docker|runc|crio)|/var/(?:log|run)/|/etc/(?:kubernetes|cni)|/var/tmp/)`;

/** The unit whose message it is: `kubelet.service: MESSAGE`. */
function unitBefore(line: string, at: number): Owner {
  const unit =
    /([\w@.:\\-]{1,128}\.(?:service|scope|slice)):? $/.exec(line.slice(Math.max(0, at - 160), at))?.[1] ?? '';
  const owner = ownerOfGroup(unit);
  return owner === 'other' ? 'system' : owner;
}

/** The path that ends there, in a word or two: `/sys/fs/cgroup/freezer/system.slice/kubelet.service/`. */
function pathBefore(line: string, at: number): string {
  return /[^ \t]{0,512}[ \t]{0,4}$/.exec(line.slice(Math.max(0, at - 512), at))?.[0] ?? '';
}

export const HOST_LINES: readonly Rule[] = [
  {
    pattern:
      /Processes still around after (?:final )?SIGKILL|Failed to kill control group|State 'final-sigkill' timed out/g,
    read: ({ index }, line) => ({ kind: 'unkillable', owner: unitBefore(line, index) }),
  },
  {
    pattern:
      /State '(?:stop-[\w-]{1,24}|final-sigterm)' timed out|stop-\w{1,24} timed out|[Ss]topping timed out|[Ss]top operation timed out|Failed with result 'timeout'/g,
    read: ({ index }, line) => ({ kind: 'stops-late', owner: unitBefore(line, index) }),
  },
  {
    pattern: /(?:freezer\.state|cgroup\.(?:freeze|events))["']?[:=]? ?(?:FROZEN|FREEZING|frozen 1|1)\b/g,
    read: ({ index }, line) => ({
      kind: 'frozen',
      owner: ownerOfGroup(pathBefore(line, index)),
      place: 'freezer',
    }),
  },
  {
    // All that the file has.
    pattern: /(?:FROZEN|FREEZING)[ \t\r]{0,8}$|Freezer(?:State)?[:=] ?frozen/gm,
    read: ([text]: RegExpExecArray, line: string): HostEvent | undefined =>
      text.startsWith('Freezer') || /^[>| \t]{0,16}(?:FROZEN|FREEZING)\s*$/.test(line)
        ? { kind: 'frozen', place: 'freezer' }
        : undefined,
  },
  {
    pattern:
      /failed to create new OS thread|pthread_create failed: Resource|Failed to fork: |\bfork: (?:retry: )?(?:Resource temporarily|Cannot allocate)|can't fork|(?:fork\/exec|clone|unable to start unit)[^\n]{0,300}: (?:resource temporarily unavailable|cannot allocate memory)/gi,
    read: (_, line) => ({ kind: 'fork-failed', owner: IN_CONTAINER.test(line) ? 'pod' : 'system' }),
  },
  {
    pattern: new RegExp(String.raw`${OF_HOST}[^\n]{0,300}[Rr]ead-only file system`, 'g'),
    read: () => ({ kind: 'read-only' }),
  },
  {
    pattern: new RegExp(
      String.raw`${OF_HOST}[^\n]{0,300}[Nn]o space left on device|/sys/fs/cgroup[^\n]{0,300}[Nn]o space left on device|status is now: NodeHasDiskPressure|[Aa]ttempting to reclaim"? ?(?:resourceName="|)(?:ephemeral-storage|nodefs|imagefs)|[Ff]ailed to garbage collect required amount of images`,
      'g',
    ),
    read: () => ({ kind: 'no-space' }),
  },
  {
    pattern: /attempting to reclaim"? ?(?:resourceName=")?(?:inodes|nodefsInodes)/g,
    read: () => ({ kind: 'no-inodes' }),
  },
  // `df -i`: no free one is left. A snap's image is always full.
  {
    pattern: /[ \t]100%[ \t]{1,32}\//g,
    read: (_: RegExpExecArray, line: string): HostEvent | undefined =>
      /^[>| \t]{0,16}\/dev\/(?!loop)\S{1,64}\s{1,32}\d{1,15}\s{1,32}\d{1,15}\s{1,32}0\s{1,32}100%\s{1,32}\/(?!snap|boot)/.test(
        line,
      )
        ? { kind: 'no-inodes' }
        : undefined,
  },
  {
    pattern:
      /System clock (?:wrong by|was stepped by|time jumped|unset or jumped)(?: (-?[\d.]{1,20}))?|(?:Forward|Backward) time jump detected|time (?:reset|stepped) [+-]?([\d.]{1,20})|step time server \S{1,64} offset (-?[\d.]{1,20})|Clock changed|clock_step|Time has been changed|time jump(?:ed)? detected/g,
    read: ([, ...figures]: RegExpExecArray): HostEvent | undefined => {
      const figure = figures.find(Boolean);
      const seconds = figure === undefined ? undefined : Math.abs(Number(figure));
      // Every time service mends a clock that is a little wrong when it starts.
      return seconds !== undefined && seconds < LARGE_STEP_S ? undefined : { kind: 'clock', seconds };
    },
  },
];

/** What runs within a container has limits of its own. */
const IN_CONTAINER = /\bexec (?:failed|in container)|OCI runtime exec|ExecSync|probe|kubepods/i;
