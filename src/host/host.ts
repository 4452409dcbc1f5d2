/** The host: all adapters together. */
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import { createCollectors } from './collectors.ts';
import { createCriProbe } from './cri-probe.ts';
import { createEndpointFinder } from './endpoint.ts';
import { createFileLogSource } from './file-log.ts';
import { findProcess } from './find-process.ts';
import { createJournalSource } from './journal.ts';
import { createCommands } from './nsenter.ts';
import type { Place } from './place.ts';
import { createProcFacts } from './proc.ts';
import { createSpool } from './spool.ts';
import { createStateStore } from './state-store.ts';
import { createSystemd } from './systemd.ts';

/** Where the kubelet's log is. */
export type LogLocation =
  /** `unit`: undefined, the unit in which the kubelet is found. */
  | { readonly kind: 'journald'; readonly unit?: string }
  /** A path of the host, with `*` and `?` in its last part. */
  | { readonly kind: 'file'; readonly pattern: string };

export interface HostOptions {
  /** `IN_POD`, `ON_HOST`, or `placeOf(pid)`. */
  readonly place: Place;
  readonly log: LogLocation;
  /** The CRI endpoint; undefined: that of the kubelet. */
  readonly endpoint?: string;
  readonly spool: { readonly folder: string; readonly limitBytes: number };
  readonly stateFolder: string;
  readonly clock: Clock;
}

export function createHost(options: HostOptions): Host {
  const { place, clock, log } = options;
  const commands = createCommands(place.targetPid);
  const endpoint = createEndpointFinder({ place, clock, fixed: options.endpoint });
  const services = createSystemd(place, commands, { endpoint });
  return {
    services,
    log:
      log.kind === 'file'
        ? createFileLogSource({ place, clock, pattern: log.pattern })
        : createJournalSource(commands, {
            unit: async (signal) => log.unit ?? (await services.find('kubelet', signal))?.unit,
          }),
    probe: createCriProbe({ place, clock, endpoint }),
    facts: createProcFacts(place, commands),
    collectors: createCollectors({
      place,
      commands,
      clock,
      endpoint,
      unit: (role, signal) => services.find(role, signal),
      process: async (role, signal) =>
        findProcess(place, role, role === 'runtime' ? await endpoint(signal) : undefined, signal),
      logUnit: log.kind === 'journald' ? log.unit : undefined,
      logPattern: log.kind === 'file' ? log.pattern : undefined,
    }),
    spool: createSpool(options.spool),
    state: createStateStore(options.stateFolder),
  };
}
