/**
 * V8 lets a heap grow to several times what is in use, and does not know how little memory this run may take: it is told when
 * much of what was read is of no use any more.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Between two collections, which take some 30 ms each. */
const BYTES = 16 * 1_048_576;

/** @returns to be called with the bytes that were read and are done with. */
export function createCollector(): (bytes: number) => void {
  // The young generation stays as large as it is: it would grow to 96 MiB of what is of no use any more.
  setFlagsFromString('--semi-space-growth-factor=1');
  let collect: (() => void) | undefined;
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < BYTES) return;
    since = 0;
    collect ??= exposed();
    collect();
  };
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
