/**
 * KubeletIncident: the audit record of one stuck kubelet. One object an incident, never reused, without an
 * ownerReference to the Node, so that the history outlives it.
 *
 * Two writers share the status by server-side apply: the agent owns `actions` and its own items of `evidence` and
 * `host`; all else is the controller's.
 */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../meta.ts';
import { about, duration, mapList, moment, text, unchangedBut, whole } from '../../schema.ts';
import { conditionList } from '../parts/condition.ts';
import type { IncidentConditionType } from '../words/conditions.ts';
import { BUCKET_RULES, BucketRecord } from '../parts/bucket.ts';
import { Diagnosis } from '../parts/diagnosis.ts';
import { Drill, DRILL_RULES, DrillResult } from '../parts/drill.ts';
import { EvidenceEntry } from '../parts/evidence.ts';
import { FleetPattern } from '../parts/fleet-pattern.ts';
import { HostSummary } from '../parts/host-summary.ts';
import { Action, Budget, Evidence, Mode, Remediation, Strategy } from './policy.ts';
import { Timings } from '../parts/timings.ts';
import { Trimmed } from '../parts/trimmed.ts';

export const TriggerType = z.enum([
  'PLEGUnhealthy',
  'PLEGFlapping',
  'RuntimeHung',
  'RuntimeDown',
  'KubeletDown',
  'KubeletSilent',
  'Manual',
  'Drill',
]);
export type TriggerType = z.infer<typeof TriggerType>;

/**
 * Who says that a node is stuck. An act needs two of them:
 * - `KubeletLog`: the kubelet's log, as the agent reads it.
 * - `NodeReady`: the Ready condition of the Node: the kubelet's own word, or that it does not report while the agent does.
 * - `RuntimeProbe`: the agent's own call to the container runtime.
 * - `KubeletProbe`: the agent's own call to the kubelet's /healthz.
 * - `NodeLease`: the kubelet's Lease, which it has not renewed while the agent of its node answered all the time.
 * - `Kernel`: the kernel, of the kubelet's process.
 * - `ServiceManager`: systemd, of the unit of the kubelet or the runtime.
 * - `StackDump`: goroutines of the kubelet, read after the breach.
 * - `Person`: somebody asked for it, or approved it.
 */
export const Witness = z.enum([
  'KubeletLog',
  'NodeReady',
  'RuntimeProbe',
  'KubeletProbe',
  'NodeLease',
  'Kernel',
  'ServiceManager',
  'StackDump',
  'Person',
]);
export type Witness = z.infer<typeof Witness>;

export const Trigger = z
  .object({
    type: TriggerType.check(about('Which sign opened it, or that a person did.')),
    at: moment('When it was seen: the time of the breach line where there is one.'),
    message: text(1024, 'What was seen.'),
    source: z.optional(Witness.check(about('Who saw it. A second one has to say the same before anything is done.'))),
    elapsed: z.optional(duration('`last seen active` of the breach line.')),
    threshold: z.optional(duration('The threshold that it names.')),
    by: z.optional(text(253, 'Manual, Drill: who asked.')),
  })
  .check(about('What opened the incident.'));
export type Trigger = z.infer<typeof Trigger>;

/**
 * The policy as it stood when the incident opened. A later change reaches an open incident where it is narrower: its mode, a
 * pause and the allowed actions hold at once.
 */
export const Plan = z
  .object({
    policy: text(253, 'The policy.'),
    policyGeneration: whole(0, 9007199254740991, 'Its generation.'),
    mode: Mode.check(about("The policy's mode.")),
    strategy: Strategy.check(about("The policy's strategy.")),
    evidence: Evidence,
    remediation: Remediation,
    budget: Budget,
  })
  .check(about('The policy as it stood.'));
export type Plan = z.infer<typeof Plan>;

export const Approval = z
  .object({
    decision: z
      .enum(['Approve', 'Reject'])
      .check(about('Approve: the recovery goes on. Reject: it ends, and nothing is done.')),
    by: text(253, 'Who decided: the name by which the API server knows him.'),
    reason: z.optional(text(1024, 'Why.')),
    action: z.optional(
      Action.check(
        about('Take this action in place of the one that the diagnosis chose. It is one that plan and policy allow.'),
      ),
    ),
  })
  .check(about("A person's decision on a held incident. It is set once."));
export type Approval = z.infer<typeof Approval>;

/** Artifacts that may be asked for at once. */
export const MAX_UPLOADS = 64;
/** How long an upload lives, and how long a request for one holds, in milliseconds. */
export const UPLOAD_LIFE_MS = 3_600_000;

export const Upload = z
  .object({
    file: text(128, 'The `name` of an entry of `status.evidence`.'),
    at: moment('When it was asked for. The request holds for an hour; a newer time asks again.'),
  })
  .check(about('An artifact that the agent is to upload from its spool into KubeletEvidence objects.'));
export type Upload = z.infer<typeof Upload>;

const IncidentSpec = z
  .object({
    nodeName: text(253, 'The node.'),
    nodeUID: text(64, 'Its UID: a new Node of the same name is another node.'),
    trigger: Trigger,
    plan: Plan,
    drill: z.optional(Drill),
    approval: z.optional(Approval),
    uploads: z.optional(
      mapList(
        Upload,
        'file',
        MAX_UPLOADS,
        'Artifacts that a person wants to read: `kubectl medic evidence` asks for them.',
      ),
    ),
  })
  .check(
    about('What happened and what may be done about it.', {
      'x-kubernetes-validations': [
        {
          rule: 'self.nodeName == oldSelf.nodeName && self.nodeUID == oldSelf.nodeUID',
          message: 'the node of an incident is immutable',
        },
        { rule: 'self.trigger == oldSelf.trigger', message: 'the trigger of an incident is immutable' },
        { rule: 'self.plan == oldSelf.plan', message: 'the plan of an incident is immutable' },
        ...DRILL_RULES,
        {
          rule: '!has(oldSelf.approval) || (has(self.approval) && self.approval == oldSelf.approval)',
          message: 'an approval is set once',
        },
      ],
    }),
  );
type IncidentSpec = z.infer<typeof IncidentSpec>;

/** Steps in the order in which they are taken; an action may be followed by another one. */
const StepType = z.enum([
  'CaptureStacks',
  'CaptureHost',
  'Hold',
  'Cordon',
  'Act',
  'Verify',
  'Uncordon',
  'InjectFault',
  'UndoFault',
]);
type StepType = z.infer<typeof StepType>;

/**
 * - `Requested`: it is to be done now; `CaptureHost`, `Act`, `InjectFault` and `UndoFault` are addressed to the agent.
 * - `Succeeded`, `Failed`, `Skipped`: it is over, and `message` says how.
 */
const StepState = z.enum(['Requested', 'Succeeded', 'Failed', 'Skipped']);
type StepState = z.infer<typeof StepState>;

export const Step = z.object({
  name: text(63, 'Name within the incident, for example `capture-host` or `act-1`.'),
  type: StepType.check(about('What the step does.')),
  state: StepState.check(about('How far it is. Requested: it is under way.')),
  action: z.optional(Action.check(about('For Act: what is to be done.'))),
  reason: z.optional(text(128, 'Why, as one CamelCase word.')),
  message: z.optional(text(1024, 'Why and how, for a person.')),
  startedAt: moment('When it was requested.'),
  deadline: z.optional(moment('When it counts as failed.')),
  finishedAt: z.optional(moment('When it was over.')),
});
export type Step = z.infer<typeof Step>;

const UnitState = z.object({
  pid: whole(0, 4194304, 'MainPID; 0: not running.'),
  invocationID: text(64, 'InvocationID.'),
  bootID: z.optional(text(64, 'Boot ID of the host.')),
  startTicks: z.optional(
    whole(
      0,
      9007199254740991,
      'Drill: when the process started, in clock ticks after boot: with its pid, which process it is.',
    ),
  ),
});

/**
 * - `Reserved`: written before the act. Found so by an agent that has just started, the act is verified by looking.
 * - `Succeeded`: done, and seen to be done (new MainPID and InvocationID).
 * - `Failed`: tried, and it did not take.
 * - `Refused`: not tried, and why.
 * - `Ambiguous`: it cannot be known whether it was done; it is not repeated.
 */
const ActionState = z.enum(['Reserved', 'Succeeded', 'Failed', 'Refused', 'Ambiguous']);
type ActionState = z.infer<typeof ActionState>;

export const ActionRecord = z.object({
  name: text(63, 'The step that asked for it.'),
  action: z
    .enum(['CaptureHost', 'InjectFault', 'UndoFault', ...Action.options])
    .check(about('What the agent was asked to do.')),
  state: ActionState.check(
    about(
      'How it ended. Reserved: the agent is at it. Ambiguous: nobody can know whether it was done, and it is not repeated.',
    ),
  ),
  unit: z.optional(text(253, 'The systemd unit.')),
  command: z.optional(text(512, 'The command that was run on the host.')),
  reservedAt: moment('When it was reserved.'),
  issuedAt: z.optional(moment('When the command was issued.')),
  finishedAt: z.optional(moment('When it was over.')),
  before: z.optional(UnitState.check(about('The unit before.'))),
  after: z.optional(UnitState.check(about('The unit after.'))),
  reason: z.optional(text(128, 'Refused: why, as one CamelCase word.')),
  message: z.optional(text(1024, 'How it went.')),
});
export type ActionRecord = z.infer<typeof ActionRecord>;

const ACTION: IncidentConditionType = 'ActionTaken';
const EVIDENCE: IncidentConditionType = 'EvidenceCaptured';
const COMPLETE_TYPE: IncidentConditionType = 'Complete';
const COMPLETE = `c.type == '${COMPLETE_TYPE}' && c.status == 'True'`;

const STATUS_FIELDS = {
  observedGeneration: z.optional(whole(0, 9007199254740991, 'The generation of the spec that was acted on.')),
  conditions: z.optional(
    conditionList(
      '`EvidenceCaptured`, `Diagnosed`, `Confirmed` (its reason is the second witness), `NodeCordoned`, `ActionTaken`, `Recovered`, `NodeUncordoned`, `FaultInjected`, `Complete` (its reason is the outcome), `Ready`.',
    ),
  ),
  steps: z.optional(mapList(Step, 'name', 32, 'What the controller asked for, in order.')),
  actions: z.optional(mapList(ActionRecord, 'name', 32, 'What the agent did, in order.')),
  evidence: z.optional(mapList(EvidenceEntry, 'name', 64, 'The manifest of what was saved.')),
  host: z.optional(HostSummary),
  diagnosis: z.optional(Diagnosis),
  pattern: z.optional(FleetPattern),
  drill: z.optional(DrillResult),
  timings: z.optional(Timings),
  action: z.optional(text(128, 'The last action taken, for the table.')),
  outcome: z.optional(text(64, 'How it ended, for the table.')),
  state: z.optional(
    text(
      64,
      'What it does or waits for while it is open, for example `Waiting: budget`; then its outcome. For the table.',
    ),
  ),
  evidenceCount: z.optional(whole(0, 64, 'Artifacts saved, for the table.')),
  trimmed: z.optional(Trimmed),
  bucket: z.optional(BucketRecord),
} as const;

export const IncidentStatus = z.object(STATUS_FIELDS).check(
  about('What was seen and done.', {
    'x-kubernetes-validations': [
      {
        rule: `!has(self.conditions) || !self.conditions.exists(c, c.type == '${ACTION}' && c.status == 'True') || self.conditions.exists(c, c.type == '${EVIDENCE}' && c.status != 'Unknown')`,
        message: 'evidence comes before action: ActionTaken=True needs EvidenceCaptured to be True or False',
      },
      {
        rule: '!has(oldSelf.actions) || (has(self.actions) && oldSelf.actions.all(o, self.actions.exists(n, n.name == o.name)))',
        message: 'actions only grow',
      },
      {
        rule: `!has(oldSelf.conditions) || !oldSelf.conditions.exists(c, ${COMPLETE}) || (${unchangedBut(STATUS_FIELDS, 'trimmed', 'bucket', 'observedGeneration')})`,
        message: 'a completed incident is frozen',
      },
      {
        rule: '!has(oldSelf.trimmed) || (has(self.trimmed) && self.trimmed == oldSelf.trimmed)',
        message: 'that evidence was trimmed is said once',
      },
      ...BUCKET_RULES,
    ],
  }),
);
export type IncidentStatus = z.infer<typeof IncidentStatus>;

export const KubeletIncident = z
  .object({
    metadata: ObjectMeta,
    spec: IncidentSpec,
    status: z._default(IncidentStatus, {}),
  })
  .check(
    about('The audit record of one stuck kubelet.', {
      'x-kubernetes-validations': [
        // The rules on the status are not asked when it is removed as a whole.
        { rule: '!has(oldSelf.status) || has(self.status)', message: 'the status of an incident is never removed' },
      ],
    }),
  );
export type KubeletIncident = z.infer<typeof KubeletIncident>;
