/** Memory that garbage holds. There with `--expose-gc` only; without it the garbage stays until the heap is full. */
export function giveGarbageBack(): void {
  globalThis.gc?.({ execution: 'sync', flavor: 'last-resort', type: 'major' });
}
