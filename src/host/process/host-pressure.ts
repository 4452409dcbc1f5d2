/** How short a host is of what its processes share: proc(5), and Documentation/accounting/psi.rst of the kernel. */
import { readText } from '../disk/bounded-read.ts';
import type { HostPressure } from '../../ports/host.ts';

/** undefined: the kernel does not even say its load. Without CONFIG_PSI there is only that. */
export async function hostPressure(procRoot: string, signal: AbortSignal): Promise<HostPressure | undefined> {
  const [loadavg, stat, cpu, memory, io] = await Promise.all(
    ['loadavg', 'stat', 'pressure/cpu', 'pressure/memory', 'pressure/io'].map((name) =>
      readText(`${procRoot}/${name}`, signal).catch(() => undefined),
    ),
  );
  signal.throwIfAborted();
  const load = Number(loadavg?.split(' ', 1)[0] ?? Number.NaN);
  const cpus = stat?.match(/^cpu\d+ /gm)?.length ?? 0;
  if (!Number.isFinite(load) || cpus === 0) return undefined;
  return {
    load: Math.round(load),
    cpus,
    cpuSome: shareOf(cpu, 'some'),
    memoryFull: shareOf(memory, 'full'),
    ioFull: shareOf(io, 'full'),
  };
}

/** `full avg10=12.34 avg60=...`, to the whole percent. */
function shareOf(text: string | undefined, line: 'some' | 'full'): number | undefined {
  const share = new RegExp(String.raw`^${line} avg10=(\d{1,3}(?:\.\d+)?) `, 'm').exec(text ?? '')?.[1];
  return share === undefined ? undefined : Math.min(100, Math.round(Number(share)));
}
