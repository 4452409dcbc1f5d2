/**
 * A host with a kubelet and a runtime, simulated behind the Host port. Whoever uses the port cannot tell: units get new
 * PIDs and InvocationIDs, logs have cursors, probes have deadlines, and restarts heal or harm as they do on a real node.
 */
import type { Clock, Random } from '../../../src/ports/clock.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type {
  BlockedProcess,
  Collected,
  Host,
  HostPressure,
  ProbeResult,
  ProcessFacts,
  Shim,
  Shims,
  UnitFacts,
  UnitRole,
} from '../../../src/ports/host.ts';
import { createCollectors } from './collectors.ts';
import { createFaults, type SimulatedFaults } from './faults.ts';
import { createJournal, type Journal } from './journal.ts';
import { createKubeletLife, type KubeletLife, type ReadyCondition } from './kubelet.ts';
import { breachReason, skippingLine } from './kubelet-log.ts';
import { createKubeletApi, type Dumps, type KubeletApi } from './kubelet-api.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-store.ts';
import { type FaultKind, KUBELET_1_36, type KubeletProfile, TIMES } from './scenario.ts';
import { NO_DUMPS, RUNTIME_DUMP, SHIM_DUMP } from './tiny-dumps.ts';
import { createUnit } from './units.ts';

export interface SimulatedHostOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly kubelet?: KubeletProfile;
  /** What goes wrong, and how long after the start, in milliseconds. */
  readonly fault?: { readonly kind: FaultKind; readonly afterMs: number };
  readonly dumps?: Dumps;
  /** `Restart=` of the kubelet's unit. */
  readonly restart?: string;
  readonly spoolBytes?: number;
}

export interface SimulatedHost extends Omit<SimulatedFaults, 'faults'> {
  readonly host: Host;
  readonly journal: Journal;
  readonly disk: MemoryDisk;
  /** What the kubelet says of its reports where they do not arrive. */
  setReportError(error: string): void;
  /** What the kubelet answers on port 10250. */
  readonly kubeletApi: KubeletApi;
  /** The Ready condition as the kubelet last posted it; undefined: it has not yet. */
  ready(): ReadyCondition | undefined;
  kubelet(): UnitFacts;
  runtime(): UnitFacts;
  /** Restarts that were asked of systemd, in order. */
  readonly restarts: readonly { readonly unit: string; readonly at: number }[];
  /** Makes something go wrong now. */
  inject(fault: FaultKind): void;
  /** The kubelet's process is gone, and its unit is so: a person, or systemd, has ended it. */
  endKubelet(how: Partial<UnitFacts>): void;
  /** The kubelet's unit requires the runtime's: it is stopped with it, and stays so. @param how what systemd shows of its end. */
  bindKubelet(how?: Partial<UnitFacts>, runtimeFailsFirst?: boolean): void;
  /** Nothing that the kubelet says reaches the API server. */
  isNotReporting(): boolean;
  /** What went wrong passes by itself: nobody restarts anything. */
  heal(): void;
  /** A line in the kubelet's log says that PLEG is unhealthy, whatever is the case. */
  forge(): void;
  /** For how long nothing has been wrong, in milliseconds; undefined: something is. */
  wellForMs(): number | undefined;
  /** The unit is no longer found, or found again. */
  hideUnit(role: 'kubelet' | 'runtime', hidden: boolean): void;
  /** systemd does not answer, or answers again. */
  breakServices(message: string | undefined): void;
  /** Dumps are padded to so many bytes, as a node may that lies. */
  inflateStacks(bytes: number): void;
  /** The memory of the kubelet cannot be read, or can be again. */
  breakStacks(message: string | undefined): void;
  setPressure(pressure: HostPressure): void;
  setBlocked(processes: readonly BlockedProcess[]): void;
  /** The runtime's shims, or why they cannot be listed; how long the reading of one takes, in milliseconds. */
  setShims(shims: readonly Shim[] | string, readMs?: number): void;
  /** How many shims were read, or are being read. */
  shimReads(): number;
}

const SAMPLED_MS = 10_000;
const SAMPLES = '100 samples, 0.00 s of CPU time in 10.00 s; no goroutine ran, or waited for a CPU, in any of them.';
const KERNEL = '6.1.0-38-amd64';

/** Runs until the signal. */
export function startSimulatedHost(options: SimulatedHostOptions, signal: AbortSignal): SimulatedHost {
  const { clock, random, node } = options;
  const profile = options.kubelet ?? KUBELET_1_36;
  const journal = createJournal(clock);
  const disk = createMemoryDisk(clock, options.spoolBytes ?? 64 * 1024 * 1024);
  let lastPid = 1_000 + Math.floor(random.next() * 500_000);
  const nextPid = (): number => (lastPid += 1 + Math.floor(random.next() * 40));
  const restart = options.restart ?? 'always';
  const runtimeUnit = createUnit({
    clock,
    unit: 'containerd.service',
    killMode: 'process',
    restart: 'always',
    random,
    nextPid,
  });
  const kubeletUnit = createUnit({
    clock,
    unit: 'kubelet.service',
    killMode: 'control-group',
    restart,
    random,
    nextPid,
  });
  const bootID = '4f1c7c1e-0f51-4f0e-9d1b-5d7f0c1f2a3b';
  const restarts: { unit: string; at: number }[] = [];
  const hidden = new Set<string>();
  let servicesBroken: string | undefined;
  let stacksBroken: string | undefined;
  let stacksBytes = 0;
  let blocked: readonly BlockedProcess[] = [];
  let pressure: HostPressure = { load: 1, cpus: 4, cpuSome: 3, memoryFull: 0, ioFull: 1 };
  let shims: readonly Shim[] | string = [];
  let shimReads = 0;
  let shimReadMs = 300;
  let isRuntimeHung = false;
  let [bound, failsFirst]: [Partial<UnitFacts> | undefined, boolean] = [undefined, false];
  let secondStart: Promise<void> | undefined;
  /** What systemd shows of a kubelet that was ended. */
  let ended: Partial<UnitFacts> | undefined;
  /** A fault of the kubelet's process: it ends with the process. */
  let kubeletFault: FaultKind | undefined;
  let ready: ReadyCondition | undefined;
  let reportError = 'context deadline exceeded';
  let life: KubeletLife | undefined;
  let process = new AbortController();
  /** Monotonic: when the newest trouble ended, or the newest kubelet was up. */
  let wellSince = clock.monotonic();

  function blockedBy(): FaultKind | undefined {
    if (isRuntimeHung) return 'runtime-hung';
    return kubeletFault === 'not-reporting' ? undefined : kubeletFault;
  }

  function isIll(): boolean {
    return isRuntimeHung || kubeletFault !== undefined;
  }

  function postReady(posted: Omit<ReadyCondition, 'lastTransitionAt'>): void {
    const lastTransitionAt = ready?.status === posted.status ? ready.lastTransitionAt : clock.now();
    ready = { ...posted, lastTransitionAt };
  }

  function inject(fault: FaultKind): void {
    if (fault === 'runtime-hung') isRuntimeHung = true;
    else kubeletFault = fault;
  }

  /** Starts kubelet processes one after the other, as Restart= has it, until the controller of this run is aborted. */
  async function keepKubelet(own: AbortController): Promise<void> {
    while (!own.signal.aborted) {
      kubeletUnit.start();
      kubeletFault = undefined;
      const born = createKubeletLife({
        clock,
        journal,
        profile,
        blockedBy,
        isRuntimeHung: () => isRuntimeHung,
        reportError: () => (kubeletFault === 'not-reporting' ? reportError : undefined),
        pid: () => kubeletUnit.facts().mainPID,
        postReady,
      });
      life = born;
      wellSince = clock.monotonic();
      await born.run(own.signal);
      kubeletUnit.autoRestart();
      life = undefined;
      await clock.sleep(TIMES.kubeletRestartSec, own.signal);
    }
  }

  function startKubelet(): void {
    const own = new AbortController();
    process = own;
    keepKubelet(own).catch((error: unknown) => {
      if (!own.signal.aborted) throw error;
    });
  }

  function endKubelet(how: Partial<UnitFacts>): void {
    process.abort(new Error('ended'));
    life = undefined;
    kubeletUnit.stop();
    ended = { activeState: 'inactive', subState: 'dead', ...how };
  }

  async function restartUnit(unit: string, caller: AbortSignal): Promise<string> {
    if (servicesBroken !== undefined) throw new MedicError('E_HOST_COMMAND', 'transient', servicesBroken);
    restarts.push({ unit, at: clock.now() });
    // systemd goes on with a job whatever becomes of the one who asked.
    const job = unit === 'kubelet.service' ? restartKubelet() : restartRuntime();
    job.catch(() => undefined);
    caller.throwIfAborted();
    await job;
    return `systemctl restart ${unit}`;
  }

  async function restartKubelet(): Promise<void> {
    process.abort(new Error('stopped'));
    life = undefined;
    ended = undefined;
    kubeletUnit.stop();
    kubeletUnit.resetRestarts();
    await clock.sleep(TIMES.kubeletStop, signal);
    await secondStart;
    startKubelet();
  }

  async function restartRuntime(): Promise<void> {
    if (bound !== undefined) endKubelet({ requires: [runtimeUnit.facts().unit], changedAt: clock.now(), ...bound });
    runtimeUnit.stop();
    await clock.sleep(TIMES.runtimeRestart, signal);
    if (failsFirst) {
      runtimeUnit.start();
      runtimeUnit.autoRestart();
      secondStart = clock.sleep(TIMES.runtimeRestartSec, signal).then(startRuntime, () => undefined);
      throw new MedicError('E_HOST_COMMAND', 'transient', 'Job for containerd.service failed');
    }
    startRuntime();
  }

  function startRuntime(): void {
    isRuntimeHung = false;
    wellSince = clock.monotonic();
    runtimeUnit.start();
  }

  async function probe(deadlineMs: number, caller: AbortSignal): Promise<ProbeResult> {
    if (runtimeUnit.facts().mainPID === 0) {
      return { state: 'Unavailable', latencyMs: 1, message: 'connect ENOENT /run/containerd/containerd.sock' };
    }
    if (isRuntimeHung) {
      await clock.sleep(deadlineMs, caller);
      return {
        state: 'Timeout',
        latencyMs: deadlineMs,
        message: `ListPodSandbox: no answer within ${String(deadlineMs / 1000)}s`,
      };
    }
    const latencyMs = 2 + Math.floor(random.next() * 5);
    return { state: 'Answered', latencyMs, message: '', runtimeName: 'containerd', runtimeVersion: '1.6.20' };
  }

  function show(unit: string): UnitFacts | undefined {
    if (servicesBroken !== undefined) throw new MedicError('E_HOST_COMMAND', 'transient', servicesBroken);
    if (hidden.has(unit)) return undefined;
    return [{ ...kubeletUnit.facts(), ...ended }, runtimeUnit.facts()].find((facts) => facts.unit === unit);
  }

  /** A stopped process is read as any other: nothing is asked of it. */
  async function readStacks(role: UnitRole): Promise<Collected> {
    const source = memoryOf(role);
    const texts = options.dumps ?? NO_DUMPS;
    const kubelet =
      blockedBy() === undefined || kubeletFault === 'kubelet-frozen' ? texts.healthy.debug2 : texts.stuck.debug2;
    const text = role === 'kubelet' ? kubelet : RUNTIME_DUMP;
    const bytes = Buffer.from(text.padEnd(stacksBytes, ' '));
    return await Promise.resolve({ bytes, truncated: false, message: '', source });
  }

  async function listShims(caller: AbortSignal): Promise<Shims> {
    if (typeof shims === 'string') throw new MedicError('E_HOST_READ', 'transient', shims);
    await clock.sleep(200, caller);
    return { shims, note: '' };
  }

  async function readShim({ pid, unit, sandbox }: Shim, caller: AbortSignal): Promise<Collected> {
    if (stacksBroken !== undefined) throw new MedicError('E_STACKS_DENIED', 'denied', stacksBroken);
    shimReads += 1;
    await clock.sleep(shimReadMs, caller);
    const bytes = Buffer.from(`${SHIM_DUMP}${sandbox}\n`);
    return { bytes, truncated: false, message: '', source: `memory of process ${String(pid)} (${unit})` };
  }

  function memoryOf(role: UnitRole): string {
    if (stacksBroken !== undefined) throw new MedicError('E_STACKS_DENIED', 'denied', stacksBroken);
    const { mainPID, unit } = (role === 'kubelet' ? kubeletUnit : runtimeUnit).facts();
    if (mainPID === 0) throw new MedicError('E_STACKS_GONE', 'absent', `${unit} has no main process`);
    return `memory of process ${String(mainPID)} (${unit})`;
  }

  async function sampleStacks(role: UnitRole, caller: AbortSignal): Promise<Collected> {
    const source = memoryOf(role);
    await clock.sleep(SAMPLED_MS, caller);
    return { bytes: Buffer.from(`# ${SAMPLES}\n`), truncated: false, message: SAMPLES, source };
  }

  function processFacts(pid: number): ProcessFacts | undefined {
    const isRuntime = pid === runtimeUnit.facts().mainPID;
    if (pid === 0 || !(isRuntime || pid === kubeletUnit.facts().mainPID)) return undefined;
    const isStopped = isRuntime ? isRuntimeHung : kubeletFault === 'kubelet-frozen';
    return {
      state: isStopped ? 'T' : 'S',
      tracerPID: 0,
      frozen: false,
      wchan: 'futex_wait_queue',
      startTicks: pid + 1,
    };
  }

  const made = createFaults({
    clock,
    signal,
    startTicks: (pid) => processFacts(pid)?.startTicks,
    faultOf: (pid) => (pid === runtimeUnit.facts().mainPID ? 'runtime-hung' : 'kubelet-frozen'),
    ...{ inject, blockedBy, heal },
  });

  function heal(): void {
    if (isIll()) wellSince = clock.monotonic();
    isRuntimeHung = false;
    kubeletFault = undefined;
  }

  const host: Host = {
    services: {
      find: async (role) => show(role === 'kubelet' ? 'kubelet.service' : 'containerd.service'),
      show: async (unit) => show(unit),
      restart: restartUnit,
      reboot: () => Promise.reject(new MedicError('E_HOST_COMMAND', 'terminal', 'a simulated host does not reboot')),
    },
    faults: made.faults,
    log: journal.source,
    probe: { probe, exitedContainers: async () => (isRuntimeHung ? undefined : 12) },
    kubeletProbe: {
      async answers(_at, deadlineMs, caller) {
        if (life === undefined) return undefined;
        if (kubeletFault === 'kubelet-frozen') await clock.sleep(deadlineMs, caller);
        return kubeletFault !== 'kubelet-frozen';
      },
    },
    facts: {
      bootID: async () => bootID,
      kernel: async () => KERNEL,
      async kubelet() {
        const { mainPID } = kubeletUnit.facts();
        if (mainPID === 0) return undefined;
        const endpoint = 'unix:///run/containerd/containerd.sock';
        return { pid: mainPID, argv: ['/usr/bin/kubelet'], endpoint, healthz: { host: '127.0.0.1', port: 10_248 } };
      },
      process: async (pid) => processFacts(pid),
      blocked: async () => blocked,
      pressure: async () => pressure,
    },
    collectors: createCollectors({
      clock,
      journal,
      node,
      kernel: KERNEL,
      kubelet: kubeletUnit.facts,
      runtime: runtimeUnit.facts,
      isRuntimeHung: () => isRuntimeHung,
    }),
    stacks: {
      read: readStacks,
      sample: sampleStacks,
      check: async (role) => {
        await readStacks(role);
      },
    },
    shims: { list: listShims, read: readShim },
    spool: disk.spool,
    state: disk.state,
  };

  runtimeUnit.start();
  startKubelet();
  signal.addEventListener('abort', () => {
    process.abort(signal.reason);
  });
  const { fault } = options;
  if (fault !== undefined) {
    clock.sleep(fault.afterMs, signal).then(
      () => {
        inject(fault.kind);
      },
      () => undefined,
    );
  }

  return {
    host,
    journal,
    disk,
    kubeletApi: createKubeletApi({
      clock,
      dumps: options.dumps ?? NO_DUMPS,
      version: profile.version,
      isRunning: () => life !== undefined,
      relistAgeMs: () => life?.relistAgeMs(),
      isStuck: () => blockedBy() !== undefined,
      waitsForRuntime: () => blockedBy() === 'runtime-hung' || blockedBy() === 'frozen-connection',
    }),
    setReportError(error): void {
      reportError = error;
    },
    ready: () => ready,
    isNotReporting: () => kubeletFault === 'kubelet-frozen' || kubeletFault === 'not-reporting' || ended !== undefined,
    endKubelet,
    bindKubelet(how = {}, runtimeFailsFirst = false): void {
      [bound, failsFirst] = [how, runtimeFailsFirst];
    },
    kubelet: kubeletUnit.facts,
    runtime: runtimeUnit.facts,
    restarts,
    inject,
    heal,
    isArmed: made.isArmed,
    breakFaults: made.breakFaults,
    forge(): void {
      const context = { at: clock.now(), pid: kubeletUnit.facts().mainPID, profile };
      journal.write(skippingLine(context, [breachReason(TIMES.threshold + 7_000, TIMES.threshold)]));
    },
    wellForMs(): number | undefined {
      return isIll() || life === undefined ? undefined : clock.monotonic() - wellSince;
    },
    hideUnit(role, isHidden): void {
      const unit = role === 'kubelet' ? 'kubelet.service' : 'containerd.service';
      if (isHidden) hidden.add(unit);
      else hidden.delete(unit);
    },
    inflateStacks(bytes): void {
      stacksBytes = bytes;
    },
    breakStacks(message): void {
      stacksBroken = message;
    },
    breakServices(message): void {
      servicesBroken = message;
    },
    setPressure(next): void {
      pressure = next;
    },
    setBlocked(processes): void {
      blocked = processes;
    },
    setShims(next, readMs = 300): void {
      shims = next;
      shimReadMs = readMs;
    },
    shimReads: () => shimReads,
  };
}
