/** Names of functions, compared whatever Go version, vendoring or release of Kubernetes printed them. */
import type { Frame } from '../../dump/goroutine.ts';

/** Method values of Go 1.10 and older: `(*GenericPLEG).(k8s.io/kubernetes/pkg/kubelet/pleg.relist)-fm`. */
const OLD_METHOD_VALUE = /\.\([^()*]*[./]([^().\s/]+)\)-fm$/;
/** What the compiler adds for closures and wrappers: it changes between Go versions. */
const ADDED = /(?:\.func\d+|·\d+|\.gowrap\d+|\.deferwrap\d+|-fm|-range\d+|\.\d+|\.\.\d+)+$/;
const TYPE_ARGUMENTS = /\[[^\]]*\]+/g;

/** Lower case, since names changed their case between releases (`relist`, `Relist`). */
export function plainName(func: string): string {
  const name = func.endsWith('-fm') ? func.replace(OLD_METHOD_VALUE, '.$1') : func;
  return name.replace(TYPE_ARGUMENTS, '').replace(ADDED, '').toLowerCase();
}

/** @param pattern lower case: the end of a name from a package or a receiver on (`pleg.(*genericpleg).relist`), or, with a `*` at its end, any part of it. */
export function fits(name: string, pattern: string): boolean {
  if (pattern.endsWith('*')) return name.includes(pattern.slice(0, -1));
  if (!name.endsWith(pattern)) return false;
  const before = name[name.length - pattern.length - 1];
  return before === undefined || '/.*('.includes(before) || pattern.startsWith('(') || pattern.startsWith('.');
}

/** Index of the last of the patterns if all are found in this order, leaf first, with others between; -1: they are not. */
export function findInOrder(names: readonly string[], patterns: readonly string[]): number {
  let at = -1;
  for (const pattern of patterns) {
    at = names.findIndex((name, index) => index > at && fits(name, pattern));
    if (at < 0) return -1;
  }
  return at;
}

/** Of Go's own library: its packages have no dot before the first slash. */
export function isLibrary(func: string): boolean {
  const slash = func.indexOf('/');
  const host = slash < 0 ? func.slice(0, func.indexOf('.')) : func.slice(0, slash);
  return !host.includes('.') && host !== 'main';
}

export function plainNames(frames: readonly Frame[]): readonly string[] {
  return frames.map(({ func }) => plainName(func));
}
