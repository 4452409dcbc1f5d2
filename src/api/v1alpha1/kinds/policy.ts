/** KubeletRecoveryPolicy: which nodes are watched, what may be done to them, and how much at once. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../meta.ts';
import { about, atomicList, duration, observedGeneration, text, whole } from '../../schema.ts';
import { conditionList } from '../parts/condition.ts';
import { BUDGET_RULES, DETECTION_RULES, EVIDENCE_RULES, REMEDIATION_RULES, SPEC_RULES } from './policy-rules.ts';

export const Mode = z.enum(['Observe', 'Capture', 'Remediate']);
export type Mode = z.infer<typeof Mode>;
export const Strategy = z.enum(['RestoreFirst', 'DiagnoseFirst']);
export type Strategy = z.infer<typeof Strategy>;
const Gate = z.enum(['Required', 'BestEffort']);
type Gate = z.infer<typeof Gate>;
/** What may be done to a host. */
export const Action = z.enum(['RestartKubelet', 'RestartRuntime', 'RebootNode']);
export type Action = z.infer<typeof Action>;

const SelectorRequirement = z
  .object({
    key: text(316, 'A label key.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .check(about('How the label of the node compares with `values`.')),
    values: z.optional(atomicList(text(63, 'A label value.'), 64, 'The values for In and NotIn.')),
  })
  .check(
    about('One condition on the labels of a node.', {
      'x-kubernetes-validations': [
        {
          rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
          message: 'In and NotIn need values, Exists and DoesNotExist take none',
        },
      ],
    }),
  );

/** Kubernetes: `metav1.LabelSelector`. An empty selector matches every node. */
export const NodeSelector = z.object({
  matchLabels: z.optional(
    z.record(z.string(), text(63, 'A label value.')).check(about('Labels that a node must have, with these values.')),
  ),
  matchExpressions: z.optional(atomicList(SelectorRequirement, 32, 'All of these must hold as well.')),
});
export type NodeSelector = z.infer<typeof NodeSelector>;

const Flapping = z
  .object({
    episodes: z._default(whole(2, 50, 'This many episodes of an unhealthy PLEG make the node count as flapping.'), 3),
    within: z._default(duration('The time in which they must fall.'), '30m'),
  })
  .check(about('When a node whose PLEG recovers by itself, again and again, counts as stuck.'));

export const Detection = z
  .object({
    sustainedFor: z._default(
      duration(
        'How long PLEG must stay unhealthy beyond its own threshold (3m0s in a stock kubelet) before an incident opens.',
      ),
      '0s',
    ),
    flapping: z.prefault(Flapping, {}),
    earlyCapture: z._default(
      z
        .boolean()
        .check(about('Save evidence as soon as PLEG is only suspected. Nothing else is ever done on suspicion.')),
      true,
    ),
    runtimeHungAfter: z.optional(
      duration(
        'Opt in to the RuntimeHung trigger: act when the CRI probe has gone unanswered for this long and a stack dump shows relist waiting for the runtime, long before the breach. A kubelet that could not ask its runtime for 30 s says so once more when it is back, and is NotReady for 10 s: with 10s Ready is never lost (measured).',
      ),
    ),
    kubeletSilentAfter: z._default(
      duration(
        'How long a kubelet may be stopped or frozen, and answer nothing, before it is restarted. Shorter than the time after which the Node turns Unknown, 50 s or so, no such node is lost. It never counts for less than 10 s.',
      ),
      '40s',
    ),
  })
  .check(about('What counts as stuck.'));
export type Detection = z.infer<typeof Detection>;

const Retention = z
  .object({
    incidents: z._default(whole(1, 10000, 'Completed incidents to keep per node.'), 20),
    maxAge: z._default(duration('Completed incidents older than this are deleted with their evidence.'), '2160h'),
  })
  .check(about('How long the history is kept.'));

export const Evidence = z
  .object({
    gate: z._default(
      Gate.check(
        about(
          'Required: without a goroutine dump and a kubelet log window nothing is done. BestEffort: act, and say what is missing.',
        ),
      ),
      'Required',
    ),
    deadline: z._default(duration('How long evidence may take before the gate decides.'), '60s'),
    logWindow: z._default(duration('How far back logs are saved.'), '15m'),
    dumps: z._default(whole(1, 10, 'Goroutine dumps (debug=2) to take of one kubelet.'), 2),
    dumpInterval: z._default(duration('Time between two of them.'), '2s'),
    redact: z._default(
      z.boolean().check(about('Black out tokens, keys and passwords before anything is stored.')),
      true,
    ),
    retention: z.prefault(Retention, {}),
  })
  .check(about('What is saved before anything is touched.'));
export type Evidence = z.infer<typeof Evidence>;

const Verify = z
  .object({
    timeout: z._default(duration('How long the node may take to be Ready after an action.'), '5m'),
    stableFor: z._default(duration('How long it must then stay Ready, with no new PLEG line.'), '60s'),
  })
  .check(about('What counts as recovered.'));

export const Remediation = z
  .object({
    cordon: z._default(z.boolean().check(about('Cordon the node before the action.')), true),
    uncordon: z._default(z.boolean().check(about('Uncordon it after recovery, if this operator cordoned it.')), true),
    allowedActions: z._default(
      z
        .array(Action)
        .check(
          z.maxLength(Action.options.length),
          about('What may be done to a host.', { 'x-kubernetes-list-type': 'set' }),
        ),
      ['RestartKubelet', 'RestartRuntime'],
    ),
    verify: z.prefault(Verify, {}),
    stopTimeout: z._default(
      duration(
        'How long a program that is restarted may take to end. Then its main process is killed, and nothing else of its unit. A longer TimeoutStopSec of the unit does not count.',
      ),
      '20s',
    ),
    holdTimeout: z._default(
      duration('DiagnoseFirst: how long the node is held as it is for a person to look, before it is restored.'),
      '30m',
    ),
  })
  .check(about('What may be done, and how it is checked.'));
export type Remediation = z.infer<typeof Remediation>;

const PerNode = z
  .object({
    attempts: z._default(whole(1, 20, 'Actions on one node, over all its incidents.'), 3),
    within: z._default(duration('The time in which they count.'), '1h'),
  })
  .check(about('How often one node may be acted on.'));

export const Budget = z
  .object({
    maxConcurrent: z._default(whole(1, 1000, 'Nodes of this policy under recovery at once.'), 1),
    maxUnhealthy: z._default(
      z.union([z.int().check(z.minimum(0)), z.string()]).check(
        about(
          'While more nodes of this policy than this are not Ready, nothing is restarted: the fault is elsewhere. A number of nodes, or a percentage, rounded up.',
          {
            'x-kubernetes-int-or-string': true,
            'x-kubernetes-validations': [
              {
                rule: "type(self) == int ? self >= 0 : self.matches('^(100|[1-9]?[0-9])%$')",
                message: 'must be a number of nodes or a percentage from 0% to 100%',
              },
            ],
          },
        ),
      ),
      '50%',
    ),
    perNode: z.prefault(PerNode, {}),
    cooldown: z._default(
      duration('Rest between the end of one recovery under this policy and the start of the next.'),
      '30s',
    ),
    controlPlane: z._default(
      z
        .enum(['Skip', 'OneAtATime'])
        .check(about('Skip: control plane nodes get evidence but no action. OneAtATime: one of them at a time.')),
      'Skip',
    ),
  })
  .check(about('How much may be done at once.'));
export type Budget = z.infer<typeof Budget>;

export const PolicySpec = z.object({
  nodeSelector: z._default(NodeSelector.check(about('Nodes that this policy is for. Empty: all.')), {}),
  priority: z._default(
    whole(0, 1000, 'Where two policies match one node, the higher one rules; on a tie the older one.'),
    0,
  ),
  mode: z._default(
    Mode.check(about('Observe: report only. Capture: save evidence too. Remediate: recover the node.')),
    'Observe',
  ),
  strategy: z._default(
    Strategy.check(
      about(
        'RestoreFirst (production): save the evidence, then restore at once. DiagnoseFirst (test): capture deeply, cordon, and hold the node until a person approves or holdTimeout passes.',
      ),
    ),
    'RestoreFirst',
  ),
  paused: z._default(z.boolean().check(about('Stop acting. Capture, verification and uncordon go on.')), false),
  detection: z.prefault(
    Detection.check(about('What counts as stuck.', { 'x-kubernetes-validations': DETECTION_RULES })),
    {},
  ),
  evidence: z.prefault(
    Evidence.check(about('What is saved before anything is touched.', { 'x-kubernetes-validations': EVIDENCE_RULES })),
    {},
  ),
  remediation: z.prefault(
    Remediation.check(
      about('What may be done, and how it is checked.', { 'x-kubernetes-validations': REMEDIATION_RULES }),
    ),
    {},
  ),
  budget: z.prefault(
    Budget.check(about('How much may be done at once.', { 'x-kubernetes-validations': BUDGET_RULES })),
    {},
  ),
});
export type PolicySpec = z.infer<typeof PolicySpec>;

export const PolicyStatus = z.object({
  observedGeneration: observedGeneration('The generation of the spec that this status is for.'),
  conditions: z.optional(
    conditionList('`Ready`: whether the policy is in force; `BudgetAvailable`: whether it may act now.'),
  ),
  matchedNodes: z.optional(whole(0, 1000000, 'Nodes that this policy rules.')),
  overriddenNodes: z.optional(whole(0, 1000000, 'Nodes that it matches but another policy rules.')),
  unhealthyNodes: z.optional(whole(0, 1000000, 'Ruled nodes that are not Ready or whose PLEG is unhealthy.')),
  openIncidents: z.optional(whole(0, 1000000, 'Incidents not complete yet.')),
  budgetLeft: z.optional(whole(0, 1000, 'Recoveries that may start now.')),
  wouldDo: z.optional(text(1024, 'What it would do now, in one sentence.')),
});
export type PolicyStatus = z.infer<typeof PolicyStatus>;

export const KubeletRecoveryPolicy = z.object({
  metadata: ObjectMeta,
  spec: z.prefault(
    PolicySpec.check(
      about('Which nodes, what may be done to them, and how much at once.', { 'x-kubernetes-validations': SPEC_RULES }),
    ),
    {},
  ),
  status: z._default(PolicyStatus.check(about('What the controller says of it.')), {}),
});
export type KubeletRecoveryPolicy = z.infer<typeof KubeletRecoveryPolicy>;
