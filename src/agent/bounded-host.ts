/**
 * A host each of whose calls ends within a limit, also where an adapter does not keep to its signal: a disk that hangs
 * answers nothing. It is put around the host once, where the agent is wired; nobody else bounds a call to the host.
 */
import { commandLimitMs } from '../core/decision/actions.ts';
import type { Clock } from '../ports/clock.ts';
import { isMedicError } from '../ports/errors.ts';
import type {
  Collector,
  FaultMaker,
  Host,
  HostFacts,
  KubeletProbe,
  ProbeResult,
  RuntimeProbe,
  ServiceManager,
  ShimReader,
  Spool,
  StackReader,
} from '../ports/host.ts';
import { type Limit, withDeadline } from '../runtime/deadline.ts';
import { reasonOf } from './world.ts';

/** Longest time of each call, in milliseconds. A collector has its own, `timeoutMs`; `log.follow` has no end. */
export const HOST_LIMITS_MS = {
  services: {
    find: 5_000,
    show: 5_000,
    restart: commandLimitMs('RestartUnit'),
    reboot: commandLimitMs('RebootHost'),
  },
  faults: { stop: 15_000, resume: 15_000 },
  // Beyond the deadline that a call is given, which its adapter keeps in most cases.
  probe: { probe: 1_000, exitedContainers: 1_000 },
  kubeletProbe: { answers: 1_000 },
  // The state of the kubelet's process is read at each turn of the log watch, which takes one a second.
  facts: { bootID: 5_000, kernel: 5_000, kubelet: 5_000, process: 1_000, blocked: 5_000, pressure: 2_000 },
  spool: { write: 10_000, read: 10_000, readPart: 10_000, rename: 10_000, remove: 10_000, list: 5_000, usage: 5_000 },
  // A kubelet with 100,000 goroutines takes 3 s on a quiet machine; the reader gives up after 10 s, and reads threads for 3 s.
  // Samples are taken for 10 s.
  stacks: { read: 20_000, sample: 30_000, check: 20_000 },
  // A node has 250 pods at most by default. A shim has some dozens of goroutines; its reader gives up after 5 s, and reads
  // threads for 3 s.
  shims: { list: 10_000, read: 10_000 },
  state: { read: 5_000, write: 5_000 },
} as const;

/** Runs one call: with the caller's signal, or with the agent's where the call takes none. */
type Bound = <T>(
  what: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

/**
 * Each call fails with `E_AGENT_DEADLINE` at its limit, with its signal aborted. A call that takes no signal ends with
 * `stop` too, but one that begins after it has its limit alone: the state of the log watch is stored at the end.
 */
export function boundHost(host: Host, clock: Clock, stop: AbortSignal): Host {
  const bound: Bound = (what, ms, work, signal) => {
    const limit: Limit = { ms, code: 'E_AGENT_DEADLINE', what };
    return withDeadline(clock, limit, signal ?? (stop.aborted ? undefined : stop), work);
  };
  const { state } = HOST_LIMITS_MS;
  return {
    services: boundServices(host.services, bound),
    faults: boundFaults(host.faults, bound),
    log: host.log,
    probe: boundProbe(host.probe, bound),
    kubeletProbe: boundKubeletProbe(host.kubeletProbe, bound),
    facts: boundFacts(host.facts, bound),
    collectors: host.collectors.map((collector) => boundCollector(collector, bound)),
    stacks: boundStacks(host.stacks, bound),
    shims: boundShims(host.shims, bound),
    spool: boundSpool(host.spool, bound),
    state: {
      read: (key) => bound('the state folder', state.read, () => host.state.read(key)),
      write: (key, value) => bound('the state folder', state.write, () => host.state.write(key, value)),
    },
  };
}

function boundServices(services: ServiceManager, bound: Bound): ServiceManager {
  const { find, show, restart, reboot } = HOST_LIMITS_MS.services;
  return {
    find: (role, signal) => bound(`the unit of the ${role}`, find, (inner) => services.find(role, inner), signal),
    show: (unit, signal) => bound(unit, show, (inner) => services.show(unit, inner), signal),
    restart: (unit, signal, stopTimeoutMs) =>
      bound(`the restart of ${unit}`, restart, (inner) => services.restart(unit, inner, stopTimeoutMs), signal),
    reboot: (signal) => bound('the reboot', reboot, (inner) => services.reboot(inner), signal),
  };
}

function boundFaults(faults: FaultMaker, bound: Bound): FaultMaker {
  const { stop, resume } = HOST_LIMITS_MS.faults;
  return {
    stop: (target, forMs, signal) => bound('the fault', stop, (inner) => faults.stop(target, forMs, inner), signal),
    resume: (target, signal) => bound('the end of the fault', resume, (inner) => faults.resume(target, inner), signal),
  };
}

/** A probe never throws, so what is over the limit is a result too. */
function boundProbe(probe: RuntimeProbe, bound: Bound): RuntimeProbe {
  const limits = HOST_LIMITS_MS.probe;
  return {
    async probe(deadlineMs, signal): Promise<ProbeResult> {
      // One call after the other: the version, the lists, and the status of what they list.
      const latencyMs = 3 * deadlineMs + limits.probe;
      try {
        return await bound('the CRI probe', latencyMs, (inner) => probe.probe(deadlineMs, inner), signal);
      } catch (error) {
        const message = reasonOf(error);
        if (signal.aborted) return { state: 'Unknown', latencyMs: 0, message };
        const isLate = isMedicError(error) && error.code === 'E_AGENT_DEADLINE';
        return { state: isLate ? 'Timeout' : 'Error', latencyMs, message };
      }
    },
    async exitedContainers(deadlineMs, signal): Promise<number | undefined> {
      const limitMs = deadlineMs + limits.exitedContainers;
      try {
        return await bound('the containers', limitMs, (inner) => probe.exitedContainers(deadlineMs, inner), signal);
      } catch {
        return undefined;
      }
    },
  };
}

/** It never throws; where it does not end it says nothing. */
function boundKubeletProbe(probe: KubeletProbe, bound: Bound): KubeletProbe {
  return {
    async answers(at, deadlineMs, signal): Promise<boolean | undefined> {
      const limitMs = deadlineMs + HOST_LIMITS_MS.kubeletProbe.answers;
      try {
        return await bound("the kubelet's /healthz", limitMs, (inner) => probe.answers(at, deadlineMs, inner), signal);
      } catch {
        return undefined;
      }
    },
  };
}

function boundFacts(facts: HostFacts, bound: Bound): HostFacts {
  const limits = HOST_LIMITS_MS.facts;
  return {
    bootID: () => bound('the boot id', limits.bootID, () => facts.bootID()),
    kernel: () => bound('the kernel release', limits.kernel, () => facts.kernel()),
    kubelet: (signal) => bound('the kubelet process', limits.kubelet, (inner) => facts.kubelet(inner), signal),
    process: (pid) => bound(`the state of process ${String(pid)}`, limits.process, () => facts.process(pid)),
    blocked: (signal) =>
      bound('the list of blocked processes', limits.blocked, (inner) => facts.blocked(inner), signal),
    pressure: (signal) => bound('the pressure on the host', limits.pressure, (inner) => facts.pressure(inner), signal),
  };
}

function boundStacks(stacks: StackReader, bound: Bound): StackReader {
  const limits = HOST_LIMITS_MS.stacks;
  return {
    read: (role, signal) =>
      bound(`the stacks of the ${role}`, limits.read, (inner) => stacks.read(role, inner), signal),
    sample: (role, signal) =>
      bound(`samples of the ${role}`, limits.sample, (inner) => stacks.sample(role, inner), signal),
    check: (role, signal) =>
      bound(`the memory of the ${role}`, limits.check, (inner) => stacks.check(role, inner), signal),
  };
}

function boundShims(shims: ShimReader, bound: Bound): ShimReader {
  const limits = HOST_LIMITS_MS.shims;
  return {
    list: (signal) => bound('the list of shims', limits.list, (inner) => shims.list(inner), signal),
    read: (shim, signal) =>
      bound(`the stacks of shim ${String(shim.pid)}`, limits.read, (inner) => shims.read(shim, inner), signal),
  };
}

function boundSpool(spool: Spool, bound: Bound): Spool {
  const limits = HOST_LIMITS_MS.spool;
  const what = 'the spool';
  return {
    write: (bundle, file, bytes, keep) => bound(what, limits.write, () => spool.write(bundle, file, bytes, keep)),
    read: (bundle, file) => bound(what, limits.read, () => spool.read(bundle, file)),
    readPart: (bundle, file, offset, length) =>
      bound(what, limits.readPart, () => spool.readPart(bundle, file, offset, length)),
    rename: (from, to) => bound(what, limits.rename, () => spool.rename(from, to)),
    remove: (bundle) => bound(what, limits.remove, () => spool.remove(bundle)),
    list: () => bound(what, limits.list, () => spool.list()),
    usage: () => bound(what, limits.usage, () => spool.usage()),
  };
}

function boundCollector(collector: Collector, bound: Bound): Collector {
  const { name, kind, source, timeoutMs } = collector;
  return {
    name,
    kind,
    source,
    timeoutMs,
    collect: (window, signal) => bound(source, timeoutMs, (inner) => collector.collect(window, inner), signal),
  };
}
