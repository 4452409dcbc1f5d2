/** Where the kubelet's relist is, and where its sync loop is. */
import type { Dump, Frame, StackGroup } from '../../dump/goroutine.ts';
import { fits, isLibrary, plainNames } from './function-names.ts';
import { waitOf } from './waits.ts';

/**
 * - `event-send`: in relist itself: it sends an event to the sync loop.
 * - `cri`: in a call to the container runtime.
 * - `lock`: at a mutex.
 * - `idle`: between two relists.
 * - `other`: somewhere else within relist.
 */
export type RelistPlace = 'event-send' | 'cri' | 'lock' | 'idle' | 'other';

export interface Relist {
  readonly place: RelistPlace;
  readonly group: StackGroup;
  /** Leaf first, to the relist frame and all below it. */
  readonly frames: readonly Frame[];
  readonly names: readonly string[];
  /** Index of the relist frame; of an idle one, of the loop. */
  readonly at: number;
  /** The CRI call that it waits in, for example `ListPodSandbox`; undefined: none. */
  readonly criMethod: string | undefined;
}

/** Of all pods, and in newer kubelets (seen in 1.36) of one that has just changed: one goroutine does both, one after the other. */
const RELISTS = ['pleg.(*genericpleg).relist', 'pleg.(*genericpleg).relistpod'];
const LOOP = ['pleg.(*genericpleg).workerloopiteration', 'pleg.(*genericpleg).start'];
/** Clients of the CRI by release: generated client, kubelet's own wrapper, Docker's client of dockershim and dockertools. */
const CRI_CLIENT =
  /\.(?:\(\*(?:runtimeServiceClient|imageServiceClient|RemoteRuntimeService|remoteRuntimeService|kubeDockerClient|dockerService|instrumentedInterface)\)|instrumentedRuntimeService|instrumentedInterface)\.([A-Za-z]+)$/;

export function criMethodOf(frames: readonly Frame[]): string | undefined {
  for (const { func } of frames) {
    const name = CRI_CLIENT.exec(func)?.[1];
    if (name !== undefined) return name.charAt(0).toUpperCase() + name.slice(1).replace(/V1(?:alpha2)?$/, '');
  }
  return undefined;
}

/** @param hasStates whether other stacks of the dump have one: a stack without is damaged then, and its leaf may be lost. */
function placeOf(group: StackGroup, at: number, criMethod: string | undefined, hasStates: boolean): RelistPlace {
  if (at === 0) return (group.state?.startsWith('chan send') ?? !hasStates) ? 'event-send' : 'other';
  if (waitOf(group) === 'lock' && group.frames.slice(0, at).every(({ func }) => isLibrary(func))) return 'lock';
  if (criMethod !== undefined) return waitOf(group) === 'lock' ? 'lock' : 'cri';
  return waitOf(group) === 'lock' ? 'lock' : 'other';
}

function isIdle(group: StackGroup, names: readonly string[]): boolean {
  const first = group.frames.findIndex(({ func }) => !isLibrary(func));
  const name = names[first] ?? '';
  if (LOOP.some((loop) => fits(name, loop))) return true;
  return group.createdBy.endsWith('pleg.(*GenericPLEG).Start') && name.includes('util/wait.');
}

/** undefined: no goroutine of the PLEG is in the dump. */
export function findRelist(dump: Dump): Relist | undefined {
  let idle: Relist | undefined;
  const hasStates = dump.groups.some(({ state }) => state !== undefined);
  for (const group of dump.groups) {
    const { frames } = group;
    const names = plainNames(frames);
    const at = names.findIndex((name) => RELISTS.some((relist) => fits(name, relist)));
    if (at >= 0) {
      const criMethod = criMethodOf(frames.slice(0, at));
      return { place: placeOf(group, at, criMethod, hasStates), group, frames, names, at, criMethod };
    }
    if (idle === undefined && isIdle(group, names)) {
      idle = { place: 'idle', group, frames, names, at: 0, criMethod: undefined };
    }
  }
  return idle;
}

/** `skipping`: it sleeps, since PLEG or the runtime is not healthy; `busy`: deep in the work of one iteration. */
export type SyncLoopPlace = 'idle' | 'skipping' | 'busy' | 'absent';

export interface SyncLoop {
  readonly place: SyncLoopPlace;
  readonly group: StackGroup | undefined;
}

export function findSyncLoop(dump: Dump): SyncLoop {
  for (const group of dump.groups) {
    const names = plainNames(group.frames);
    const at = names.findIndex((name) => fits(name, 'kubelet.(*kubelet).syncloop*'));
    if (at < 0) continue;
    if (names.slice(0, at).some((name) => name === 'time.sleep')) return { place: 'skipping', group };
    return { place: at === 0 ? 'idle' : 'busy', group };
  }
  return { place: 'absent', group: undefined };
}
