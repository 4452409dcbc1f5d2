/** Words that users meet in conditions, outcomes and annotations, with their meaning, for the reference. */
import {
  HEALTH_CONDITIONS,
  INCIDENT_CONDITIONS,
  NODE_CONDITIONS,
  POLICY_CONDITIONS,
  REMEDIATION_CONDITIONS,
} from '../../src/api/v1alpha1/words/conditions.ts';
import {
  ANNOTATION_CORDONED_BY,
  ANNOTATION_CORDON_REASON,
  ANNOTATION_EXCLUDE,
  LABEL_CAUSE,
  LABEL_NODE,
} from '../../src/api/v1alpha1/words/names.ts';
import { TRIGGERS } from '../../src/core/decision/node/triggers.ts';
import { ANSWERS } from '../../src/core/decision/remediation/answers.ts';
import { OUTCOMES } from '../../src/core/decision/record/outcomes.ts';
import { ACTIONS } from '../../src/core/decision/actions.ts';
import { VERIFYING, WAIT_STATES } from '../../src/core/decision/record/states.ts';
import { table } from './reference.ts';

const OTHER_CONDITIONS: Readonly<Record<string, Meanings>> = {
  KubeletHealth: HEALTH_CONDITIONS,
  KubeletRecoveryPolicy: POLICY_CONDITIONS,
  KubeletRemediation: REMEDIATION_CONDITIONS,
  Node: NODE_CONDITIONS,
};

const ANNOTATIONS: Readonly<Record<string, string>> = {
  [ANNOTATION_EXCLUDE]: 'Set to `true` by a person: hands off this node. Evidence is still saved.',
  [ANNOTATION_CORDONED_BY]: 'The incident that cordoned the node. Only a node that carries it is ever uncordoned.',
  [ANNOTATION_CORDON_REASON]: 'Why it was cordoned.',
};

const LABELS: Readonly<Record<string, string>> = {
  [LABEL_NODE]: 'Incidents and evidence: the node. Of a name that no label holds its start and a hash.',
  [LABEL_CAUSE]: 'Incidents: the cause, once they are over or wait for long.',
};

type Meanings = Readonly<Record<string, string>>;

const STATES: Meanings = {
  ...WAIT_STATES,
  'ActionRequested`, `Acting': Object.values(ACTIONS)
    .map(({ doing }) => doing)
    .join(', '),
  'NotReady`, `PLEGNotHealthy`, `NotKnown`, `Stabilising`, `NotLasting': VERIFYING,
};

function meanings(table: Readonly<Record<string, { readonly meaning: string }>>): Meanings {
  return Object.fromEntries(Object.entries(table).map(([word, { meaning }]) => [word, meaning]));
}

/** docs/reference/conditions.md. */
export function conditionReference(): string {
  return [
    '# Conditions, triggers, outcomes, labels, annotations',
    `## Conditions of a KubeletIncident\n\n${words('Condition', INCIDENT_CONDITIONS)}`,
    `## Triggers\n\nWhat opened an incident: \`spec.trigger.type\`.\n\n${words('Trigger', meanings(TRIGGERS))}`,
    `## Outcomes\n\nThe reason of \`Complete\`, and \`status.outcome\`.\n\n${words('Outcome', meanings(OUTCOMES))}`,
    `## States of an open incident\n\nThe reason of \`Complete\` while it is False, and \`status.state\`.\n\n${words('Reason', STATES)}`,
    `## Answers to a KubeletRemediation\n\nThe reason of \`Processing\` and \`Succeeded\`, beside outcomes and reasons of incidents.\n\n${words('Reason', ANSWERS)}`,
    `## Conditions of other objects\n\n${table(
      ['Object', 'Condition', 'True means'],
      Object.entries(OTHER_CONDITIONS).flatMap(([object, conditions]) =>
        Object.entries(conditions).map(([type, meaning]) => [object, `\`${type}\``, meaning]),
      ),
    )}`,
    `## Labels\n\nTo choose by, as in \`kubectl get ki -l ${LABEL_NODE}=node-1\`. Nothing is decided by them.\n\n${words('Label', LABELS)}`,
    `## Annotations of a Node\n\n${words('Annotation', ANNOTATIONS)}`,
  ].join('\n\n');
}

function words(head: string, meaningOf: Meanings): string {
  return table(
    [head, 'Meaning'],
    Object.entries(meaningOf).map(([word, meaning]) => [`\`${word}\``, meaning]),
  );
}
