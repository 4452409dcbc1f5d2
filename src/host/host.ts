/** The host: all adapters together. */
import { hrtime } from 'node:process';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import { type Limit, withDeadline } from '../runtime/deadline.ts';
import { createCollectors } from './collect/collectors.ts';
import { createCriProbe } from './cri/cri-probe.ts';
import { createEndpointFinder } from './cri/cri-endpoint.ts';
import { createFileLogSource } from './log/file-log.ts';
import { createShimStacks } from './stacks/shim-stacks.ts';
import { createUnitStacks } from './stacks/unit-stacks.ts';
import { createJournalSource } from './log/journal.ts';
import { createCommands } from './command.ts';
import type { HostNamespaces } from './namespaces.ts';
import { createKubeletProbe } from './process/kubelet-healthz.ts';
import { createProcFacts } from './process/proc.ts';
import { createSpool } from './disk/spool.ts';
import { createStateStore } from './disk/state-store.ts';
import type { NamedUnits } from './unit/known-units.ts';
import { createPrograms, type FindProgram } from './unit/node-programs.ts';
import { createFaults } from './unit/faults.ts';
import { createSystemd } from './unit/systemd.ts';

/** Where the kubelet's log is. */
export type LogLocation =
  /** `unit`: undefined, the unit in which the kubelet is found. */
  | { readonly kind: 'journald'; readonly unit?: string }
  /** A path of the host, with `*` and `?` in its last part. */
  | { readonly kind: 'file'; readonly pattern: string };

export interface HostOptions {
  /** `IN_POD`, `ON_HOST`, or `namespacesOf(pid)`. */
  readonly namespaces: HostNamespaces;
  readonly log: LogLocation;
  /** The CRI endpoint; undefined: that of the kubelet. */
  readonly endpoint?: string;
  /** The units of kubelet and runtime; what is not named is looked for among those that are known. */
  readonly units?: NamedUnits;
  readonly spool: { readonly folder: string; readonly limitBytes: number };
  readonly stateFolder: string;
  readonly clock: Clock;
}

/** A log is followed without a limit, but which unit's log it is has to be found first. */
const FIND_LIMIT: Limit = { ms: 10_000, code: 'E_LOG_UNREADABLE', what: 'the unit of the kubelet' };

export function createHost(options: HostOptions): Host {
  const { namespaces, clock, log, units: named = {} } = options;
  const commands = createCommands(namespaces.targetPid);
  const endpoint = createEndpointFinder({
    namespaces,
    clock,
    kubelet: (signal) => process('kubelet', signal),
    fixed: options.endpoint,
  });
  const services = createSystemd(namespaces, commands, {
    named,
    endpoint,
    // Linux: hrtime is CLOCK_MONOTONIC.
    now: () => ({ wallMs: clock.now(), monotonicMs: Number(hrtime.bigint()) / 1e6 }),
  });
  const process: FindProgram = createPrograms({ namespaces, services, clock, named, endpoint });
  return {
    services,
    faults: createFaults(commands, services),
    log:
      log.kind === 'file'
        ? createFileLogSource({ namespaces, clock, pattern: log.pattern })
        : createJournalSource(commands, {
            unit: async (signal) =>
              log.unit ??
              (await withDeadline(clock, FIND_LIMIT, signal, (inner) => services.find('kubelet', inner)))?.unit,
          }),
    probe: createCriProbe({ namespaces, clock, endpoint }),
    kubeletProbe: createKubeletProbe(namespaces),
    facts: createProcFacts(namespaces, (signal) => process('kubelet', signal)),
    collectors: createCollectors({
      namespaces,
      commands,
      clock,
      endpoint,
      unit: (role, signal) => services.find(role, signal),
      process,
      logUnit: log.kind === 'journald' ? log.unit : undefined,
      logPattern: log.kind === 'file' ? log.pattern : undefined,
    }),
    stacks: createUnitStacks({ procRoot: namespaces.procRoot, process, clock }),
    shims: createShimStacks({ procRoot: namespaces.procRoot, runtime: (signal) => process('runtime', signal), clock }),
    spool: createSpool(options.spool),
    state: createStateStore(options.stateFolder),
  };
}
