/** Load, memory, pressure, mounts and disks of the host. */
import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Collector } from '../../ports/host.ts';
import { type CollectorContext, firstPart, orSay } from './collector-context.ts';
import { type Limit, withDeadline } from '../../runtime/deadline.ts';
import { hostPath } from '../disk/host-path.ts';
import { readBounded } from '../disk/bounded-read.ts';
import { hasCode } from '../system-error.ts';

const MAX_BYTES = 1_048_576;
const FILE_BYTES = 262_144;
const TIMEOUT_MS = 10_000;
/** A file system that hangs must not take the rest with it. */
const DISK_MS = 2_000;
const FILES = ['loadavg', 'uptime', 'meminfo', 'pressure/cpu', 'pressure/io', 'pressure/memory', 'vmstat', '1/mounts'];
const DISKS = ['/', '/var/lib/kubelet', '/var/lib/containerd', '/var/lib/containers', '/var/lib/docker', '/var/log'];

export function hostCollectors({ namespaces, clock }: CollectorContext): readonly Collector[] {
  async function file(name: string, signal: AbortSignal): Promise<string> {
    const path = `${namespaces.procRoot}/${name}`;
    const found = await readBounded(path, FILE_BYTES, signal);
    return `# /proc/${name}\n${found === undefined ? 'not there' : found.bytes.toString('utf8').trimEnd()}\n`;
  }

  async function disk(path: string, signal: AbortSignal): Promise<string> {
    const limit: Limit = { ms: DISK_MS, code: 'E_HOST_READ', what: 'statfs' };
    const facts = await withDeadline(clock, limit, signal, async (inner) =>
      statfsOf(await hostPath(namespaces.hostRoot, path, inner)),
    );
    if (facts === undefined) return '';
    const used = facts.blocks === 0 ? 0 : Math.round((1 - facts.bavail / facts.blocks) * 100);
    const inodes = facts.files === 0 ? 0 : Math.round((1 - facts.ffree / facts.files) * 100);
    const mib = Math.round((facts.bavail * facts.bsize) / 1_048_576);
    return `${path}: ${String(used)} % used, ${String(mib)} MiB free, ${String(inodes)} % of inodes used\n`;
  }

  return [
    {
      name: 'host.txt',
      kind: 'HostFacts',
      source: '/proc, statfs',
      timeoutMs: TIMEOUT_MS,
      async collect(_window, signal) {
        const files = await Promise.all(FILES.map((name) => orSay(name, file(name, signal), signal)));
        const disks = await Promise.all(DISKS.map((path) => orSay(path, disk(path, signal), signal)));
        return firstPart(Buffer.from([...files, '# Disks\n', ...disks].join('')), MAX_BYTES);
      },
    },
  ];
}

/** undefined: there is no such folder. */
async function statfsOf(path: string): Promise<StatsFs | undefined> {
  try {
    return await statfs(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
