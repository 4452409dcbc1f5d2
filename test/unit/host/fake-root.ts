/** A folder that looks like a host's `/` and `/proc`. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostNamespaces } from '../../../src/host/namespaces.ts';

export interface FakeRoot {
  readonly namespaces: HostNamespaces;
  file(path: string, text: string): Promise<void>;
  process(pid: number, facts: FakeProcess): Promise<void>;
  dispose(): Promise<void>;
}

export interface FakeProcess {
  readonly comm: string;
  readonly cgroup: string;
  readonly argv?: readonly string[];
  readonly state?: string;
  readonly startTicks?: number;
  readonly wchan?: string;
  readonly ppid?: number;
  /** Where its working directory leads to. */
  readonly cwd?: string | undefined;
  /** Of user and group, real to file system; root by default. */
  readonly uids?: string;
  /** Its namespace of process ids. */
  readonly pidNamespace?: string;
  /** Its namespace of mounts. */
  readonly mountNamespace?: string;
  /** What it has for a root folder; that of the host by default. */
  readonly folder?: string;
  /** Threads beside the first one: the state of each. */
  readonly threads?: Readonly<Record<number, string>>;
}

export async function createFakeRoot(): Promise<FakeRoot> {
  const root = await mkdtemp(join(tmpdir(), 'medic-root-'));
  async function file(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await file('proc/1/cgroup', '0::/init.scope\n');
  const processLinks = async (
    pid: number,
    { pidNamespace = 'host', mountNamespace = 'host', folder = root }: Partial<FakeProcess>,
  ): Promise<void> => {
    await mkdir(join(root, `proc/${String(pid)}/ns`), { recursive: true });
    await symlink(`pid:[${pidNamespace}]`, join(root, `proc/${String(pid)}/ns/pid`));
    await symlink(`mnt:[${mountNamespace}]`, join(root, `proc/${String(pid)}/ns/mnt`));
    await symlink(folder, join(root, `proc/${String(pid)}/root`));
  };
  await processLinks(1, {});
  await file('proc/1/stat', '1 (systemd) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0');
  return {
    namespaces: { targetPid: undefined, procRoot: join(root, 'proc'), hostRoot: root },
    file,
    async process(pid, facts): Promise<void> {
      const { comm, cgroup, argv = [comm], state = 'S', startTicks = pid, wchan = '0', ppid = 1, threads = {} } = facts;
      const stat = (id: number, letter: string): string =>
        `${String(id)} (${comm}) ${letter} ${String(ppid)} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${String(startTicks)} 0 0`;
      await file(`proc/${String(pid)}/stat`, stat(pid, state));
      await file(`proc/${String(pid)}/wchan`, wchan);
      for (const [id, letter] of Object.entries({ ...threads, [pid]: state })) {
        await file(`proc/${String(pid)}/task/${id}/stat`, stat(Number(id), letter));
        await file(`proc/${String(pid)}/task/${id}/wchan`, wchan);
      }
      const { uids = '0\t0\t0\t0' } = facts;
      await file(`proc/${String(pid)}/status`, `Name:\t${comm}\nUid:\t${uids}\nGid:\t0\t0\t0\t0\n`);
      await processLinks(pid, facts);
      if (facts.cwd !== undefined) await symlink(facts.cwd, join(root, `proc/${String(pid)}/cwd`));
      await file(`proc/${String(pid)}/cgroup`, `0::${cgroup}\n`);
      await file(`proc/${String(pid)}/cmdline`, argv.map((word) => `${word}\0`).join(''));
    },
    dispose: () => rm(root, { recursive: true, force: true }),
  };
}
