/** How long a piece of work takes of a processor: other work on the machine does not show in it, as it does on a clock. */

/** @returns milliseconds of this thread in user mode. */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  return process.threadCpuUsage(before).user / 1_000;
}

/** How long this thread works without a turn of its timers, until it is ended. */
export function watchTurns(): { readonly end: () => number } {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let last = used();
  let longest: readonly number[] = [];
  const look = (): void => {
    const now = used();
    longest = [...longest, now - last].sort((a, b) => b - a).slice(0, 3);
    last = now;
  };
  const timer = setInterval(look, 1);
  return {
    /** @returns the third longest, in milliseconds of processor time: a compiler or a collection of garbage makes one or two longer. */
    end(): number {
      clearInterval(timer);
      look();
      return longest[2] ?? 0;
    },
  };
}
