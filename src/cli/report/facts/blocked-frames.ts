/** The stack of the verdict, with the frame at which it is blocked. Pure. */
import type { Diagnosis } from '../../../api/v1alpha1/parts/diagnosis.ts';
import { framesOf, isTelling } from '../../diagnose/content/stack-lines.ts';

export interface MarkedFrame {
  readonly func: string;
  readonly place: string;
  readonly isBlocked: boolean;
}

/** Leaf first. The link of the verdict names the frame; without one it is the first of the kubelet's own. */
export function blockedFrames({ blockedStack, sourceLink }: Diagnosis): readonly MarkedFrame[] {
  if (blockedStack === undefined) return [];
  const frames = framesOf(blockedStack);
  const line = /\/blob\/[^/]+\/(.+)#L(\d+)$/.exec(sourceLink ?? '');
  const linked =
    line === null ? -1 : frames.findIndex(({ place }) => place.endsWith(`${line[1] ?? ''}:${line[2] ?? ''}`));
  const own = frames.findIndex(({ whole }) => isTelling(whole));
  const blocked = [linked, own, 0].find((index) => index >= 0);
  return frames.map(({ func, place }, index) => ({ func, place, isBlocked: index === blocked }));
}
