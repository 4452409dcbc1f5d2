/**
 * The host as the agent sees it. Every method throws `MedicError`, and ends with its signal if its adapter can. The agent
 * gives each call its one limit in time, also against an adapter that cannot (`agent/bounded-host.ts`).
 * An adapter runs allow-listed argv arrays only; nothing here takes a command line.
 */
import type { EvidenceKind } from '../api/v1alpha1/parts/evidence.ts';
import type { ProbeState } from '../api/v1alpha1/kinds/health.ts';

/** What `systemctl show` says of a unit. */
export interface UnitFacts {
  readonly unit: string;
  /** `loaded`, `masked`, ... */
  readonly loadState: string;
  /** `active`, `activating`, `failed`, ... */
  readonly activeState: string;
  readonly subState: string;
  /** `Result=`: how its last run ended: `success`, `exit-code`, `watchdog`, `start-limit-hit`, ... */
  readonly result: string;
  /** 0: no main process. */
  readonly mainPID: number;
  /** Empty: the unit has not been started in this boot. */
  readonly invocationID: string;
  /** When the main process started, milliseconds since 1970. */
  readonly startedAt: number | undefined;
  /** When the unit last changed its state, milliseconds since 1970; undefined: not known. */
  readonly changedAt: number | undefined;
  /** When it last ceased to be active, milliseconds since 1970; undefined: not known, or never. */
  readonly leftActiveAt: number | undefined;
  /** systemd has a job of the unit to do, as between the two halves of a restart. */
  readonly hasJob: boolean;
  /** Units with which it is stopped: `Requires=`, `BindsTo=`, `PartOf=`. */
  readonly requires: readonly string[];
  readonly restarts: number;
  /** `Restart=`: `always`, `on-failure`, `no`, ... */
  readonly restart: string;
  /** `WatchdogSec=` in milliseconds; undefined: none. */
  readonly watchdogMs: number | undefined;
  readonly killMode: string;
}

export type UnitRole = 'kubelet' | 'runtime';

/** The units that run the kubelet and the runtime, by systemd's word. */
export interface ServiceManager {
  /**
   * undefined: no such unit was found. The answer may change at any time: ask again before each act.
   * @throws `E_HOST_FOREIGN` if what runs in the unit is not root's, or not on the host.
   */
  find(role: UnitRole, signal: AbortSignal): Promise<UnitFacts | undefined>;
  /** undefined: systemd knows no such unit. */
  show(unit: string, signal: AbortSignal): Promise<UnitFacts | undefined>;
  /**
   * `systemctl restart UNIT`, to its end. systemd follows SIGTERM with SIGCONT, so a stopped process ends too, and with
   * SIGKILL after the unit's TimeoutStopSec (systemd.kill(5)), 90 s by default; to its main process alone after
   * `stopTimeoutMs`, where that is given and shorter.
   * @returns the command as it was run. @throws `E_HOST_COMMAND` with systemd's words if it failed, `E_HOST_COMMAND_REFUSED`
   * for a unit that runs neither kubelet nor runtime.
   */
  restart(unit: string, signal: AbortSignal, stopTimeoutMs?: number): Promise<string>;
  /** `systemctl reboot`. */
  reboot(signal: AbortSignal): Promise<string>;
}

export type LogRecord =
  /**
   * `at`: when the line was written, milliseconds since 1970. `cursor`: go on after this line with it. `pid`: who sent it, by
   * the word of the log's keeper; undefined: nobody says so.
   */
  | {
      readonly kind: 'line';
      readonly at: number;
      readonly text: string;
      readonly cursor: string;
      readonly pid?: number;
    }
  /** Lines are known to be lost here: a rotated file that went too soon, a journal gap. */
  | { readonly kind: 'lost'; readonly lines: number; readonly message: string }
  /** A line that is no text, or too long. */
  | { readonly kind: 'unreadable'; readonly at: number; readonly message: string }
  /** All that was there when reading began has been read. */
  | { readonly kind: 'caught-up' };

export interface LogSource {
  /** `journald:kubelet.service`, `file:/var/log/kubelet*.log`. */
  readonly description: string;
  /**
   * Follows the kubelet log from a cursor, or from a time where there is none or it is no longer known, until the signal.
   * It ends by throwing if the source fails; the caller starts it again with backoff.
   */
  follow(from: { readonly cursor?: string; readonly since: number }, signal: AbortSignal): AsyncIterable<LogRecord>;
}

export interface ProbeResult {
  readonly state: ProbeState;
  readonly latencyMs: number;
  readonly message: string;
  readonly runtimeName?: string;
  readonly runtimeVersion?: string;
}

export interface RuntimeProbe {
  /**
   * What a relist asks, on a new connection: Version, ListPodSandbox, ListContainers, and the status of one sandbox and one
   * container. The message names the call that has no answer. It never throws: a failure is a result.
   * Source: `k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`.
   */
  probe(deadlineMs: number, signal: AbortSignal): Promise<ProbeResult>;
  /**
   * How many exited containers the runtime lists: a kubelet that has just started inspects each of them before its first
   * relist is done. undefined: the runtime does not say in time. It never throws.
   */
  exitedContainers(deadlineMs: number, signal: AbortSignal): Promise<number | undefined>;
}

export interface KubeletProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** The CRI endpoint from its flags or its configuration file. */
  readonly endpoint: string | undefined;
  /** Where its /healthz listens; undefined: it is switched off. */
  readonly healthz: HealthzAddress | undefined;
}

/** What the kernel says of a process. */
export interface ProcessFacts {
  /** State letter of /proc/PID/stat: R, S, D, T, t, Z, ... */
  readonly state: string;
  /** Who traces it, as a debugger does; 0: nobody. */
  readonly tracerPID: number;
  /** Its control group is frozen. */
  readonly frozen: boolean;
  /** What its main thread waits in; empty: not known. */
  readonly wchan: string;
  /** When it started, in clock ticks after boot: with the pid, the identity of a process. */
  readonly startTicks: number;
}

/** A process of the host, and no other one that has its pid later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** Faults for drills. */
export interface FaultMaker {
  /**
   * SIGSTOP to a process, once systemd has been told to send it SIGCONT in `forMs` whatever becomes of this program.
   * @returns the command as it was run. @throws `E_HOST_COMMAND`: it is not known to be stopped. Then `resume` is due.
   */
  stop(target: ProcessIdentity, forMs: number, signal: AbortSignal): Promise<string>;
  /** SIGCONT, if it is still there, and systemd's order is taken back. It can be done twice. @throws `E_HOST_COMMAND`. */
  resume(target: ProcessIdentity, signal: AbortSignal): Promise<void>;
}

export interface HealthzAddress {
  readonly host: string;
  readonly port: number;
}

/** Whether the kubelet does anything at all: its /healthz on the host's own address, which asks for no rights. */
export interface KubeletProbe {
  /**
   * true: it answered, whatever it said. false: it accepted the connection, and did not answer within the deadline.
   * undefined: it cannot be asked: it does not listen, or not in a network that this agent is in. It never throws.
   */
  answers(at: HealthzAddress, deadlineMs: number, signal: AbortSignal): Promise<boolean | undefined>;
}

export interface BlockedProcess {
  readonly pid: number;
  readonly comm: string;
  readonly wchan: string;
}

/** In percent of the last 10 s, by the kernel's pressure stall information; undefined: it gives none. */
export interface HostPressure {
  /** Processes that run, or wait to, in the mean of a minute. */
  readonly load: number;
  readonly cpus: number;
  /** At least one process waited for a CPU. */
  readonly cpuSome: number | undefined;
  /** All processes waited for memory, or for a disk. */
  readonly memoryFull: number | undefined;
  readonly ioFull: number | undefined;
}

export interface HostFacts {
  bootID(): Promise<string>;
  kernel(): Promise<string>;
  /** undefined: no kubelet process runs. */
  kubelet(signal: AbortSignal): Promise<KubeletProcess | undefined>;
  /** undefined: no such process. */
  process(pid: number): Promise<ProcessFacts | undefined>;
  /** Processes and threads in state D. */
  blocked(signal: AbortSignal): Promise<readonly BlockedProcess[]>;
  /** undefined: the kernel does not say. */
  pressure(signal: AbortSignal): Promise<HostPressure | undefined>;
}

export interface Collected {
  readonly bytes: Buffer;
  readonly truncated: boolean;
  /** What a person should know of it; empty: nothing. */
  readonly message: string;
  /** Where it comes from, where that is known only now; else it is the collector's `source`. */
  readonly source?: string;
  /** What it is, where it is something else than the collector's `kind`. */
  readonly kind?: EvidenceKind;
}

/** One artifact that can be taken from the host. A new artifact is a new entry, and no change elsewhere. */
export interface Collector {
  /** File name in the bundle, without `.gz`. */
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly source: string;
  /** Longest time that it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** undefined: there is nothing of the kind, as is usual for some. */
  collect(
    window: { readonly since: number; readonly until: number },
    signal: AbortSignal,
  ): Promise<Collected | undefined>;
}

/** Goroutines of the node's programs, read from their memory: nothing is asked of them, so that a frozen one gives them too. */
export interface StackReader {
  /**
   * All goroutines of the main process of the role's unit, in the text of pprof's `debug=2`. Its source is, for example,
   * `memory of process 812 (kubelet.service), go1.26.1`. Where the memory hangs, since a thread in state D holds its lock:
   * what the kernel says of the threads, of kind `ThreadStacks`, and the message says why.
   * @throws `E_STACKS_*`, which says why the goroutines cannot be read.
   */
  read(role: UnitRole, signal: AbortSignal): Promise<Collected>;
  /**
   * What the process runs in ten seconds, in samples, as folded stacks: `root;caller;leaf 12`. The message says how many, and
   * what of them is not known. @throws `E_STACKS_*`.
   */
  sample(role: UnitRole, signal: AbortSignal): Promise<Collected>;
  /** Whether `read` would work, found out cheaply. It throws as `read` does. */
  check(role: UnitRole, signal: AbortSignal): Promise<void>;
}

/** What the kernel shows of a shim that may hold it up, the surest first. */
export type ShimSignKind = 'stopped' | 'uninterruptible' | 'runc-lasts' | 'child-uninterruptible';

export interface ShimSign {
  readonly kind: ShimSignKind;
  /** For a person. */
  readonly text: string;
}

/** The process that the runtime asks about the containers of one pod, and waits for. */
export interface Shim {
  readonly pid: number;
  /** Clock ticks after boot: with the pid, the identity of a process. */
  readonly startTicks: number;
  readonly unit: string;
  /** The pod's sandbox: 64 hex digits. */
  readonly sandbox: string;
  /** Containers whose processes are its children; the sandbox is one of them. */
  readonly containers: readonly string[];
  readonly signs: readonly ShimSign[];
}

export interface Shims {
  /** By pid. */
  readonly shims: readonly Shim[];
  /** Why there can be none; empty: nothing stands in the way. */
  readonly note: string;
}

/** The shims of containerd. Nothing is asked of them or of the runtime, so that a frozen one is seen too. */
export interface ShimReader {
  /** Those of pods in the runtime's unit; where no runtime runs, in any unit that is known to run one. No file is read that needs the lock of a shim's memory. */
  list(signal: AbortSignal): Promise<Shims>;
  /** As `StackReader.read`. @throws `E_STACKS_NOT_SHIM` if its program is no shim; `E_STACKS_*`. */
  read(shim: Shim, signal: AbortSignal): Promise<Collected>;
}

/** Evidence on the node's own disk, with a bound. A bundle is a folder. */
export interface Spool {
  /**
   * Stores a file in a bundle, durable when it returns. Old bundles make room, never one in `keep`.
   * @throws `E_SPOOL_FULL` or `E_SPOOL_IO`.
   */
  write(bundle: string, file: string, bytes: Buffer, keep: ReadonlySet<string>): Promise<void>;
  read(bundle: string, file: string): Promise<Buffer | undefined>;
  /** The bytes from `offset` on, `length` at most; none at the end. undefined: there is no such file. */
  readPart(bundle: string, file: string, offset: number, length: number): Promise<Buffer | undefined>;
  /** Renames a bundle; the target must not exist. */
  rename(from: string, to: string): Promise<void>;
  remove(bundle: string): Promise<void>;
  /** Bundles, oldest first. */
  list(): Promise<readonly { readonly bundle: string; readonly bytes: number; readonly files: readonly string[] }[]>;
  usage(): Promise<{ readonly usedBytes: number; readonly limitBytes: number }>;
}

/** Small values that outlive the agent: the log cursor, open episodes. */
export interface StateStore {
  read(key: string): Promise<string | undefined>;
  /** Durable when it returns. */
  write(key: string, value: string): Promise<void>;
}

export interface Host {
  readonly services: ServiceManager;
  readonly faults: FaultMaker;
  readonly log: LogSource;
  readonly probe: RuntimeProbe;
  readonly kubeletProbe: KubeletProbe;
  readonly facts: HostFacts;
  readonly collectors: readonly Collector[];
  readonly stacks: StackReader;
  readonly shims: ShimReader;
  readonly spool: Spool;
  readonly state: StateStore;
}
