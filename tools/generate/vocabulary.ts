/** Words that users meet in conditions, outcomes and annotations, with their meaning, for the reference. */
import {
  CONDITION_ACTION,
  CONDITION_COMPLETE,
  CONDITION_CORDONED,
  CONDITION_DIAGNOSED,
  CONDITION_EVIDENCE,
  CONDITION_READY,
  CONDITION_RECOVERED,
  CONDITION_UNCORDONED,
} from '../../src/api/v1alpha1/incident.ts';
import {
  ANNOTATION_CORDONED_BY,
  ANNOTATION_CORDON_REASON,
  ANNOTATION_EXCLUDE,
  NODE_CONDITION_STUCK,
} from '../../src/api/v1alpha1/names.ts';
import { TRIGGERS } from '../../src/core/decision/node/triggers.ts';
import { OUTCOMES } from '../../src/core/decision/outcomes.ts';
import { table } from './reference.ts';

const INCIDENT_CONDITIONS: Readonly<Record<string, string>> = {
  [CONDITION_EVIDENCE]: 'Evidence was saved. False: it could not be saved; the reason says why.',
  [CONDITION_DIAGNOSED]: 'The evidence was read, and `status.diagnosis` says what it shows.',
  [CONDITION_CORDONED]: 'This incident cordoned the node.',
  [CONDITION_ACTION]: 'Something was restarted. It is never True before EvidenceCaptured is True or False.',
  [CONDITION_RECOVERED]: 'The node is Ready and has stayed so, with no new PLEG line.',
  [CONDITION_UNCORDONED]: 'The node was uncordoned, or the reason says why it was left cordoned.',
  [CONDITION_COMPLETE]: 'It is over; the reason is the outcome. From then on the status is frozen.',
  [CONDITION_READY]: 'For `kubectl wait` and kstatus: it is over and the node is well.',
};

const OTHER_CONDITIONS: readonly (readonly [string, string, string])[] = [
  ['KubeletHealth', 'LogReadable', 'The agent can read the kubelet log.'],
  ['KubeletHealth', 'RuntimeReachable', 'The CRI answers the agent.'],
  ['KubeletHealth', 'SpoolWritable', "Evidence can be stored on the node's disk."],
  [
    'KubeletHealth',
    'StacksReadable',
    "The kubelet's goroutines can be read from its memory; else see `controller.nodeProxy`.",
  ],
  ['KubeletHealth', 'Recoverable', 'What a recovery needs is there; the message says what is not.'],
  ['KubeletRecoveryPolicy', 'Ready', 'The policy is in force.'],
  ['KubeletRecoveryPolicy', 'BudgetAvailable', 'It may act now.'],
  [
    'Node',
    NODE_CONDITION_STUCK,
    'The PLEG of the node is unhealthy, or an incident on it is open that no person asked for.',
  ],
];

const ANNOTATIONS: Readonly<Record<string, string>> = {
  [ANNOTATION_EXCLUDE]: 'Set to `true` by a person: hands off this node. Evidence is still saved.',
  [ANNOTATION_CORDONED_BY]: 'The incident that cordoned the node. Only a node that carries it is ever uncordoned.',
  [ANNOTATION_CORDON_REASON]: 'Why it was cordoned.',
};

type Meanings = Readonly<Record<string, string>>;

function meanings(table: Readonly<Record<string, { readonly meaning: string }>>): Meanings {
  return Object.fromEntries(Object.entries(table).map(([word, { meaning }]) => [word, meaning]));
}

/** docs/reference/conditions.md. */
export function conditionReference(): string {
  return [
    '# Conditions, triggers, outcomes, annotations',
    `## Conditions of a KubeletIncident\n\n${words('Condition', INCIDENT_CONDITIONS)}`,
    `## Triggers\n\nWhat opened an incident: \`spec.trigger.type\`.\n\n${words('Trigger', meanings(TRIGGERS))}`,
    `## Outcomes\n\nThe reason of \`${CONDITION_COMPLETE}\`, and \`status.outcome\`.\n\n${words('Outcome', meanings(OUTCOMES))}`,
    `## Conditions of other objects\n\n${table(
      ['Object', 'Condition', 'True means'],
      OTHER_CONDITIONS.map(([object, type, meaning]) => [object, `\`${type}\``, meaning]),
    )}`,
    `## Annotations of a Node\n\n${words('Annotation', ANNOTATIONS)}`,
  ].join('\n\n');
}

function words(head: string, meaningOf: Meanings): string {
  return table(
    [head, 'Meaning'],
    Object.entries(meaningOf).map(([word, meaning]) => [`\`${word}\``, meaning]),
  );
}
