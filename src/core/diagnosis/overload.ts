/** Whether a host is so short of CPU, memory or disk that a kubelet on it cannot keep up, though nothing is wrong with it. */
import type { HostSummary } from '../../api/v1alpha1/parts/host-summary.ts';

/** systemd-oomd kills at 60 % of `memory full` (oomd.conf(5)); a kubelet waits long before that. In percent of the last 10 s. */
const MEMORY_FULL = 40;
const IO_FULL = 60;
/** Somebody waits for a CPU on every busy host: it counts where many do. */
const CPU_SOME = 90;
const LOAD_PER_CPU = 8;

/** The figures, for a person; undefined: it is not overloaded, or nobody knows. */
export function overloadIn(host: HostSummary | undefined): string | undefined {
  const { pressure } = host ?? {};
  if (pressure === undefined) return undefined;
  const { cpus, load, cpuSome, memoryFull, ioFull } = pressure;
  const isShortOfCpu = load >= LOAD_PER_CPU * cpus && (cpuSome ?? 100) >= CPU_SOME;
  if (!isShortOfCpu && (memoryFull ?? 0) < MEMORY_FULL && (ioFull ?? 0) < IO_FULL) return undefined;
  const shares = [
    [cpuSome, 'some process waited for a CPU'],
    [memoryFull, 'all waited for memory'],
    [ioFull, 'all waited for the disk'],
  ] as const;
  const words = shares.flatMap(([share, what]) =>
    share === undefined ? [] : [`${what} ${String(share)} % of the time`],
  );
  return [`load ${String(load)} on ${String(cpus)} CPUs`, ...words].join(', ');
}
