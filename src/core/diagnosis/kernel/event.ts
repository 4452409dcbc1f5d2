/** What one line says of the kernel or the host. */
import type { Owner } from './owners.ts';
import type { Place } from './places.ts';

/**
 * - `hung`: a process sleeps in the kernel for minutes. - `asleep`: it does at the moment. - `stack`: where one does.
 * - `trace`: a stack follows of something that runs. - `named`: a process, by its name alone.
 * - `oom-node`: the node is out of memory; `oom-group`: a control group is. - `frozen`: a control group is stopped.
 * - `unkillable`: SIGKILL does not end a unit; `stops-late`: SIGTERM does not.
 * - `snapshot-lost`: a snapshot or a thin pool has no space left. - `fork-failed`: no process or thread can be started. - `server-silent`: one of a
 *   remote file system.
 */
export type HostEventKind =
  | 'hung'
  | 'asleep'
  | 'stack'
  | 'trace'
  | 'named'
  | 'oom-node'
  | 'oom-group'
  | 'frozen'
  | 'unkillable'
  | 'stops-late'
  | 'fork-failed'
  | 'server-silent'
  | 'block-error'
  | 'fs-error'
  | 'read-only'
  | 'soft-lockup'
  | 'hard-lockup'
  | 'rcu-stall'
  | 'oops'
  | 'snapshot-lost'
  | 'netdev-held'
  | 'no-space'
  | 'no-inodes'
  | 'conntrack-full'
  | 'clock';

export interface HostEvent {
  readonly kind: HostEventKind;
  /** Undefined: the line names nobody. */
  readonly owner?: Owner | undefined;
  readonly place?: Place | undefined;
  /** How long it lasts, or by how much a clock is wrong. */
  readonly seconds?: number | undefined;
  /** Of a device that the device mapper has made. */
  readonly isMapped?: boolean;
}

/** Lines of one kind: a pattern that picks them out of a log, and what one of them says. */
export interface Rule {
  /** Global, linear in time; it does not span lines. */
  readonly pattern: RegExp;
  /** undefined: nothing. @param line in its writer's own words. */
  readonly read: (found: RegExpExecArray, line: string) => HostEvent | undefined;
}
