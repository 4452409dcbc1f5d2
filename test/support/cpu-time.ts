/** How long a piece of work takes of a processor: other work on the machine does not show in it, as it does on a clock. */

/** @returns milliseconds of this thread in user mode. */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  return process.threadCpuUsage(before).user / 1_000;
}
