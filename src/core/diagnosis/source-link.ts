/** The line of Kubernetes' source at which a goroutine is blocked. */
import type { Frame } from '../dump/goroutine.ts';
import { tagOf } from './version.ts';

const MODULE = /(?:^|\/)k8s\.io\/kubernetes(?:@(v[\w.+-]{1,60}))?\/((?:pkg|cmd)\/[\w./-]{1,300}\.go)$/;

/** @param from index of the frame to begin at. @returns undefined: no frame is of Kubernetes, or no release is known. */
export function sourceLinkOf(frames: readonly Frame[], from: number, version: string | undefined): string | undefined {
  for (const { func, file, line } of frames.slice(from)) {
    if (!func.startsWith('k8s.io/kubernetes/') || line === 0) continue;
    const path = file.slice(Math.max(0, file.lastIndexOf('/k8s.io/kubernetes')));
    const found = MODULE.exec(path);
    const tag = tagOf(found?.[1]) ?? tagOf(version);
    if (found === null || tag === undefined) continue;
    return `https://github.com/kubernetes/kubernetes/blob/${tag}/${found[2] ?? ''}#L${line}`;
  }
  return undefined;
}
