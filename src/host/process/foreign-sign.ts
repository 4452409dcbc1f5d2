/**
 * Whether a process is what the host's systemd runs in a unit. Names, command lines and programs are anybody's; the user, the
 * namespaces and the control group are the kernel's word.
 */
import { stat } from 'node:fs/promises';
import { untilAborted } from '../../runtime/deadline.ts';
import { linkTarget, readText } from '../disk/bounded-read.ts';
import { ownUnit } from './proc-parse.ts';

export interface Claim {
  readonly pid: number;
  readonly unit: string;
  /** A person vouches for the unit: its process may have a control group and a root folder of its own. */
  readonly isNamed: boolean;
}

/**
 * What shows that it is not, for a person; undefined: nothing does, or it has ended.
 * @param procRoot `/proc` with the host's process ids. @throws `E_HOST_READ`.
 */
export async function foreignSign(procRoot: string, claim: Claim, signal: AbortSignal): Promise<string | undefined> {
  const folder = `${procRoot}/${String(claim.pid)}`;
  const status = await readText(`${folder}/status`, signal);
  if (status === undefined) return undefined;
  // Real, effective, saved, and of the file system (proc(5)).
  const users = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$/m.exec(status)?.slice(1) ?? ['?'];
  if (users.some((user) => user !== '0')) return `it runs as user ${users.join(', ')} and not as root`;
  if (!(await hasSameNamespace(procRoot, claim.pid, 'pid', signal))) return 'it is in another PID namespace';
  if (claim.isNamed) return undefined;
  const groups = (await readText(`${folder}/cgroup`, signal)) ?? '';
  const init = (await readText(`${procRoot}/1/cgroup`, signal)) ?? '';
  if (ownUnit(groups, init) !== claim.unit) return 'it is not in the control group of its unit';
  const isInHost =
    (await hasSameNamespace(procRoot, claim.pid, 'mnt', signal)) || (await hasSameRoot(procRoot, claim.pid, signal));
  return isInHost ? undefined : 'its root folder is not the one of the host';
}

async function hasSameNamespace(procRoot: string, pid: number, name: string, signal: AbortSignal): Promise<boolean> {
  const [own, init] = await Promise.all(
    [pid, 1].map((of) => linkTarget(`${procRoot}/${String(of)}/ns/${name}`, signal)),
  );
  return own !== undefined && own === init;
}

/** OpenShift's kubelet and units with `PrivateTmp=` have mounts of their own below the host's root; a container has a root of its own. */
async function hasSameRoot(procRoot: string, pid: number, signal: AbortSignal): Promise<boolean> {
  try {
    const [own, init] = await Promise.all(
      [pid, 1].map((of) => untilAborted(signal, stat(`${procRoot}/${String(of)}/root/.`))),
    );
    return own !== undefined && own.dev === init?.dev && own.ino === init.ino;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
