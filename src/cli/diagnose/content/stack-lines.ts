/** The stack of the verdict (`FUNCTION  FILE:LINE` a line, leaf first) as a person reads it. */
import { printable } from '../../terminal.ts';

interface Frame {
  readonly func: string;
  readonly place: string;
}

const LINE = /^(\S.*?)(?:\s{2,}|\t)(\S.*)$/;
/** Frames that say where a kubelet is: its own code, and its calls of the runtime. */
const TELLING = /\.\(\*(?:runtime|image)ServiceClient\)\.|\/pkg\/kubelet\//;
/** Enough to see the caller of the call that blocks. */
const SHOWN = 8;

/** Whether a line of a stack is of the kubelet's own code, or a call of the runtime. */
export function isTelling(line: string): boolean {
  return TELLING.test(line);
}

/** Each frame of a stack, and the line that it was read from. */
export function framesOf(stack: string): readonly (Frame & { readonly whole: string })[] {
  return linesOf(stack).map((line) => ({ ...frameOf(line), whole: line }));
}

function linesOf(stack: string): readonly string[] {
  return printable(stack)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** All frames, or the telling ones: the leaf, then the kubelet's own. */
export function stackLines(stack: string, all: boolean): readonly string[] {
  const lines = linesOf(stack);
  const telling = lines.filter((line, index) => index === 0 || isTelling(line));
  const shown = all ? lines : telling.slice(0, SHOWN);
  const left = lines.length - shown.length;
  return [...aligned(shown.map(frameOf)), ...(left > 0 ? [`... ${left} more frames (--verbose)`] : [])];
}

function frameOf(line: string): Frame {
  const parts = LINE.exec(line);
  return { func: shortFunction(parts?.[1] ?? line), place: shortPlace(parts?.[2] ?? '') };
}

function aligned(frames: readonly Frame[]): readonly string[] {
  const width = Math.max(0, ...frames.map(({ func }) => func.length));
  return frames.map(({ func, place }) => `${func.padEnd(width)}  ${place}`.trimEnd());
}

/** `k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist` is `pleg.(*GenericPLEG).Relist`. */
export function shortFunction(func: string): string {
  const slash = func.replace(/[([].*$/, '').lastIndexOf('/');
  return func.slice(slash + 1);
}

/** The path within its repository, however the binary was built. */
export function shortPlace(place: string): string {
  const vendored = place.lastIndexOf('/vendor/');
  if (vendored >= 0) return place.slice(vendored + '/vendor/'.length);
  return place.replace(/^.*k8s\.io\/kubernetes(?:@v[^/]+)?\/(?!_output)/, '');
}
