/** How long a piece of work takes of a processor: other work on the machine does not show in it, as it does on a clock. */

/** @returns milliseconds of this thread in user mode. */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  return process.threadCpuUsage(before).user / 1_000;
}

/** The longest that this thread works without a turn of its timers, until it is ended. */
export function watchTurns(): { readonly end: () => number } {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let last = used();
  let longest = 0;
  const look = (): void => {
    const now = used();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return {
    /** @returns milliseconds of processor time. */
    end(): number {
      clearInterval(timer);
      look();
      return longest;
    },
  };
}
