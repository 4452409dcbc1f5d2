/** Where the kubelet's relist is. */
import type { Dump, Frame, StackGroup } from './goroutine.ts';

export interface Relist {
  readonly group: StackGroup;
  /** Frames of the goroutine from its leaf, without those of the Go runtime above it. */
  readonly frames: readonly Frame[];
  /** The CRI call that it waits in, for example `ListPodSandbox`; undefined: none. */
  readonly criMethod: string | undefined;
  /** Index of the relist frame in `frames`. */
  readonly at: number;
}

const RELIST = /\.\(\*GenericPLEG\)\.[rR]elist$/;
const CRI_CLIENT = /\.\(\*runtimeServiceClient\)\.(\w+)$/;

export function findRelist(dump: Dump): Relist | undefined {
  for (const group of dump.groups) {
    const first = group.frames.findIndex(({ func }) => !func.startsWith('runtime.'));
    const frames = group.frames.slice(Math.max(0, first));
    const at = frames.findIndex(({ func }) => RELIST.test(func));
    if (at < 0) continue;
    const call = frames.slice(0, at).find(({ func }) => CRI_CLIENT.test(func));
    return { group, frames, at, criMethod: call === undefined ? undefined : CRI_CLIENT.exec(call.func)?.[1] };
  }
  return undefined;
}
