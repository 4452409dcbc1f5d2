/** KubeletHealth: what one node's agent sees. Named as its node and owned by the Node: it is current state, no history. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../meta.ts';
import { about, atomicList, duration, moment, text, whole } from '../../schema.ts';
import { BucketGrant, BucketReport } from '../parts/bucket.ts';
import { conditionList } from '../parts/condition.ts';
import { Detection, Mode } from './policy.ts';

/** What the controller resolved for this node from its policy; the agent follows it. */
export const HealthSpec = z.object({
  policy: z.optional(text(253, 'The policy that rules this node. Absent: none does, and the agent only reports.')),
  mode: z._default(Mode.check(about("The policy's mode.")), 'Observe'),
  detection: z.prefault(Detection, {}),
  logWindow: z._default(duration('How far back logs are saved.'), '15m'),
  redact: z._default(z.boolean().check(about('Black out secrets before anything is stored.')), true),
  inquiry: z.optional(
    text(
      63,
      'A value that the controller chooses anew each time it asks whether the agent is there; answered at once.',
    ),
  ),
  bucket: z.optional(BucketGrant),
});
export type HealthSpec = z.infer<typeof HealthSpec>;

const AgentInfo = z
  .object({
    version: text(64, 'Version of the agent.'),
    startedAt: moment('When the agent process started.'),
    reportedAt: moment(
      'When this status was written: at each change and each inquiry, every 30 s while an incident of the node is open, and every 5 minutes else.',
    ),
    pod: z.optional(text(253, 'Its pod.')),
    namespace: z.optional(text(63, "Its pod's namespace.")),
    inquiry: z.optional(text(63, 'The `spec.inquiry` that this status answers.')),
  })
  .check(about('The agent that reports.'));

/**
 * How a program of the host is, by systemd and the kernel:
 * - `Running`: its main process runs, and answers where it is asked.
 * - `Frozen`: its main process, or its control group, is stopped, and nobody debugs it.
 * - `Debugged`: a debugger or a tracer holds its main process.
 * - `Uninterruptible`: it does not answer, and its main thread waits in the kernel (state D) at two looks in a row.
 * - `Silent`: it runs, and has not answered for 10 s.
 * - `Starting`: systemd starts or stops it.
 * - `Stopped`: its unit is inactive and has not failed, or it ended badly as it was stopped: most often somebody stopped it.
 * - `Masked`: its unit is masked: somebody does not want it to run.
 * - `Broken`: systemd cannot load its unit, so that nothing starts it.
 * - `Failed`: its unit has failed, and systemd does not start it again.
 * - `CrashLooping`: systemd has started it again at least twice in five minutes.
 * - `Unknown`: its unit is not known, or cannot be read.
 */
export const ProgramState = z.enum([
  'Running',
  'Frozen',
  'Debugged',
  'Uninterruptible',
  'Silent',
  'Starting',
  'Stopped',
  'Masked',
  'Broken',
  'Failed',
  'CrashLooping',
  'Unknown',
]);
export type ProgramState = z.infer<typeof ProgramState>;

export const ProgramInfo = z
  .object({
    state: ProgramState.check(about('What its unit and its process are found to be.')),
    since: moment('When the present state began.'),
    message: z.optional(text(512, 'What was seen, for a person.')),
  })
  .check(about('How it is as a program of the host.'));
export type ProgramInfo = z.infer<typeof ProgramInfo>;

export const KubeletInfo = z
  .object({
    version: z.optional(text(64, 'As the kubelet reports it in its Node, for example `v1.36.3`.')),
    unit: z.optional(
      text(253, 'The systemd unit that runs it, as found from its process: `kubelet.service`, `k3s.service`, ...'),
    ),
    pid: z.optional(whole(0, 4194304, 'MainPID of that unit; 0: not running.')),
    invocationID: z.optional(text(64, 'InvocationID of that unit: a new one at each start.')),
    startedAt: z.optional(moment('When its main process started.')),
    restarts: z.optional(whole(0, 1000000000, 'NRestarts of that unit: restarts by systemd itself.')),
    restart: z.optional(text(32, '`Restart=` of that unit.')),
    watchdog: z.optional(duration('`WatchdogSec=` of that unit; absent: none.')),
    endpoint: z.optional(text(512, 'The CRI endpoint that it uses.')),
    program: z.optional(ProgramInfo),
    answers: z.optional(
      z.boolean().check(about('Whether it answered /healthz when the agent last asked; absent: it cannot be asked.')),
    ),
  })
  .check(about('The kubelet and the unit that runs it.'));
export type KubeletInfo = z.infer<typeof KubeletInfo>;

/**
 * - `Answered`: the CRI answered within the deadline.
 * - `Timeout`: connected, no answer within the deadline: a hung runtime.
 * - `Unavailable`: nobody accepts connections: the runtime is down.
 * - `Error`: it answered with an error.
 * - `Unknown`: not probed yet, or no endpoint is known.
 */
export const ProbeState = z.enum(['Answered', 'Timeout', 'Unavailable', 'Error', 'Unknown']);
export type ProbeState = z.infer<typeof ProbeState>;

export const RuntimeInfo = z
  .object({
    name: z.optional(text(64, 'As CRI Version says: `containerd`, `cri-o`, ...')),
    version: z.optional(text(128, 'Version of the runtime.')),
    unit: z.optional(text(253, 'The systemd unit that runs it.')),
    pid: z.optional(whole(0, 4194304, 'MainPID of that unit; 0: not running.')),
    processState: z.optional(text(1, 'State of that process as in /proc/PID/stat: R, S, D, T, Z.')),
    invocationID: z.optional(text(64, 'InvocationID of that unit.')),
    startedAt: z.optional(moment('When its main process started.')),
    killMode: z.optional(text(32, '`KillMode=` of that unit; `process` lets containers survive a restart.')),
    program: z.optional(ProgramInfo),
    probe: z
      .object({
        state: ProbeState.check(about('How the newest call went; Unknown: none was made.')),
        at: z.optional(moment('When the last probe ended.')),
        latencyMs: z.optional(whole(0, 3600000, 'How long the last answer took, in milliseconds.')),
        lastSuccessAt: z.optional(moment('When the last good answer came.')),
        failingSince: z.optional(moment('Start of the first probe of the present run of failures.')),
        message: z.optional(text(1024, 'What the last failure said.')),
      })
      .check(
        about(
          "The agent's own CRI calls, those of a relist: the lists, and the status of one sandbox and one container, on a new connection each time.",
        ),
      ),
  })
  .check(about('The container runtime.'));
export type RuntimeInfo = z.infer<typeof RuntimeInfo>;

/**
 * - `Healthy`: no breach since the kubelet started or since the last episode closed.
 * - `Suspected`: the CRI probe fails, or the log says that the runtime is down; PLEG itself has not breached yet.
 * - `Unhealthy`: the log says that PLEG is not healthy.
 * - `Unknown`: the log cannot be read, or nothing has been seen yet.
 */
export const PlegState = z.enum(['Healthy', 'Suspected', 'Unhealthy', 'Unknown']);
export type PlegState = z.infer<typeof PlegState>;

/** One run of an unhealthy PLEG, however many lines the kubelet wrote of it. */
export const Episode = z.object({
  startedAt: moment('Time of its first breach line.'),
  endedAt: z.optional(moment('When it closed. Absent: it is open.')),
  lastLineAt: moment('Time of its newest line.'),
  lines: whole(1, 1000000000, 'Breach lines counted into it.'),
  maxElapsed: z.optional(duration('The largest `last seen active` of its lines; absent if PLEG never succeeded.')),
  threshold: z.optional(duration('The threshold that its lines name.')),
});
export type Episode = z.infer<typeof Episode>;

export const PlegInfo = z
  .object({
    state: PlegState.check(about("What kubelet's log says; Suspected: a sign of trouble before the threshold.")),
    reason: text(128, 'Why, as one CamelCase word.'),
    message: text(1024, 'Why, for a person; the newest breach line where there is one.'),
    since: moment('When the present state began.'),
    elapsed: z.optional(duration('`last seen active` of the newest breach line.')),
    threshold: z.optional(duration('The threshold that it names.')),
    episodes: z._default(
      atomicList(Episode, 50, 'Episodes of the last 24 hours, oldest first; the last one may be open.'),
      [],
    ),
  })
  .check(about('The Pod Lifecycle Event Generator, as the kubelet log shows it.'));
export type PlegInfo = z.infer<typeof PlegInfo>;

const LogInfo = z
  .object({
    source: text(512, 'Where the kubelet log is read: `journald:UNIT` or `file:GLOB`.'),
    lagSeconds: z.optional(whole(0, 1000000000, 'Age of the newest line when it was read, in seconds.')),
    lastLineAt: z.optional(moment('Time of the newest line.')),
    lostLines: z.optional(whole(0, 1000000000, 'Lines that are known to be lost since the agent started.')),
    unreadableLines: z.optional(whole(0, 1000000000, 'Lines that could not be decoded since the agent started.')),
    error: z.optional(text(1024, 'Why the log cannot be read now.')),
  })
  .check(about('The kubelet log as a source.'));

/** Evidence that the agent saved before any incident was open. */
const EarlyCapture = z.object({
  id: text(63, 'Its folder in the spool.'),
  at: moment('When it was complete.'),
  reason: text(128, 'What made the agent take it.'),
  artifacts: whole(0, 64, 'Artifacts in it.'),
  bytes: whole(0, 9007199254740991, 'Their size together.'),
  relistCall: z.optional(
    text(64, 'The CRI call in which relist waited, by the dump in it, for example `ListPodSandbox`. Absent: in none.'),
  ),
});

const SpoolInfo = z
  .object({
    usedBytes: whole(0, 9007199254740991, 'Bytes used.'),
    limitBytes: whole(0, 9007199254740991, 'The bound; the oldest evidence of completed incidents goes first.'),
    error: z.optional(text(1024, 'Why nothing can be stored now, for example a full disk.')),
    early: z.optional(EarlyCapture.check(about('The newest early capture.'))),
  })
  .check(about("Evidence kept on the node's own disk."));

/** What `kubectl get kh` prints where one field is not enough. The agent writes it with the rest of the status. */
export const HealthSummary = z
  .object({
    runtime: z.optional(text(128, 'Runtime and version, for example `containerd 1.6.20`.')),
    probe: z.optional(
      text(64, 'The last CRI probe: its latency, for example `4ms`, or its state, for example `timeout`.'),
    ),
    wouldRecover: z.optional(
      text(
        256,
        '`yes`, or `no: ` and why: the mode of the policy, or what the condition `Recoverable` says is missing.',
      ),
    ),
  })
  .check(about('Short texts for the table.'));
export type HealthSummary = z.infer<typeof HealthSummary>;

export const HealthStatus = z.object({
  observedGeneration: z.optional(whole(0, 9007199254740991, 'The generation of the spec that the agent follows.')),
  agent: z.optional(AgentInfo),
  kubelet: z.optional(KubeletInfo),
  runtime: z.optional(RuntimeInfo),
  pleg: z.optional(PlegInfo),
  log: z.optional(LogInfo),
  spool: z.optional(SpoolInfo),
  summary: z.optional(HealthSummary),
  bootID: z.optional(text(64, '/proc/sys/kernel/random/boot_id.')),
  kernel: z.optional(text(128, 'Kernel release.')),
  bucket: z.optional(BucketReport),
  conditions: z.optional(
    conditionList(
      '`LogReadable`, `RuntimeReachable`, `SpoolWritable`, `StacksReadable`: the agent can see, save and read; `Recoverable`: what a recovery needs is there (reason and message say what is not).',
    ),
  ),
});
export type HealthStatus = z.infer<typeof HealthStatus>;

export const KubeletHealth = z.object({
  metadata: ObjectMeta,
  spec: z.prefault(HealthSpec.check(about('What the controller tells the agent: the policy that rules the node.')), {}),
  status: z._default(HealthStatus.check(about('What the agent sees.')), {}),
});
export type KubeletHealth = z.infer<typeof KubeletHealth>;
