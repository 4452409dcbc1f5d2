/** Where the host's files are, seen from this process. */

export interface HostNamespaces {
  /**
   * The host's init, or whichever process's namespaces the commands shall run in: 1 in a container with hostPID.
   * undefined: this process is on the host itself.
   */
  readonly targetPid: number | undefined;
  /** `/proc` with the host's process ids. */
  readonly procRoot: string;
  /** The host's `/`: `/proc/1/root`, or `/`. */
  readonly hostRoot: string;
}

/** The agent in a pod with hostPID. */
export const IN_POD: HostNamespaces = { targetPid: 1, procRoot: '/proc', hostRoot: '/proc/1/root' };
/** The agent as a process of the host. */
export const ON_HOST: HostNamespaces = { targetPid: undefined, procRoot: '/proc', hostRoot: '/' };

/** A host whose init is another process than 1, as a machine container is: its own `/proc` has its own ids. */
export function namespacesOf(initPid: number): HostNamespaces {
  const root = `/proc/${String(initPid)}/root`;
  return { targetPid: initPid, procRoot: `${root}/proc`, hostRoot: root };
}
