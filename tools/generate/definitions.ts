/** The kinds as CustomResourceDefinitions: names, columns, selectable fields, and the schema of each. */
import * as z from 'zod/mini';
import { EVIDENCES, HEALTHS, INCIDENTS, POLICIES, REMEDIATIONS } from '../../src/api/resources.ts';
import { KubeletEvidence } from '../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import { KubeletHealth } from '../../src/api/v1alpha1/kinds/health.ts';
import { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { GROUP, VERSION } from '../../src/api/v1alpha1/words/names.ts';
import { KubeletRecoveryPolicy } from '../../src/api/v1alpha1/kinds/policy.ts';
import { KubeletRemediation, KubeletRemediationTemplate } from '../../src/api/v1alpha1/kinds/remediation.ts';
import type { StructuralSchema } from './structural.ts';
import { toStructural } from './structural.ts';

/** A column that `kubectl get` prints; priority 1: with `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** What a kind needs to become a CRD. */
export interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  /** What it is, for `kubectl explain` and the reference. */
  readonly description: string;
  readonly schema: z.core.$ZodType;
  readonly columns: readonly Column[];
  readonly selectableFields: readonly string[];
  readonly hasStatus: boolean;
  /** Absent: it is cluster-scoped. */
  readonly namespaced?: true;
  /** Of the CRD, beside our own. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its status before anybody has written one; absent: none. */
  readonly firstStatus?: Readonly<Record<string, unknown>>;
}

/** As in objects of Flux. */
const UNOBSERVED = { observedGeneration: -1 } as const;

const AGE: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When it was created.',
};

function column(name: string, jsonPath: string, description: string): Column {
  return { name, type: 'string', jsonPath, description };
}

function wide(name: string, jsonPath: string, description: string): Column {
  return { ...column(name, jsonPath, description), priority: 1 };
}

const POLICY: Definition = {
  kind: POLICIES.kind,
  plural: POLICIES.plural,
  shortName: 'krp',
  description:
    'A KubeletRecoveryPolicy says which nodes are watched, what may be done to one whose kubelet is stuck, and how much at once.',
  schema: KubeletRecoveryPolicy,
  columns: [
    column('Mode', '.spec.mode', 'What it may do.'),
    column('Strategy', '.spec.strategy', 'Restore at once, or hold the node for diagnosis.'),
    { ...column('Nodes', '.status.matchedNodes', 'Nodes that it rules.'), type: 'integer' },
    { ...column('Unhealthy', '.status.unhealthyNodes', 'Ruled nodes that are not well.'), type: 'integer' },
    { ...column('Open', '.status.openIncidents', 'Incidents not complete yet.'), type: 'integer' },
    { ...column('Budget', '.status.budgetLeft', 'Recoveries that may start now.'), type: 'integer' },
    column('Ready', '.status.conditions[?(@.type=="Ready")].status', 'Whether it is in force.'),
    {
      ...wide('Priority', '.spec.priority', 'Where two policies match one node, the higher one rules.'),
      type: 'integer',
    },
    wide('Would Do', '.status.wouldDo', 'What it would do now.'),
    AGE,
  ],
  selectableFields: [],
  hasStatus: true,
  firstStatus: UNOBSERVED,
};

const INCIDENT: Definition = {
  kind: INCIDENTS.kind,
  plural: INCIDENTS.plural,
  shortName: 'ki',
  description:
    'A KubeletIncident is the audit record of one stuck kubelet: what was seen, saved and done. It outlives its Node, and is frozen once complete.',
  schema: KubeletIncident,
  columns: [
    column('Node', '.spec.nodeName', 'The node.'),
    column('Cause', '.status.diagnosis.cause', 'Why the kubelet is stuck.'),
    column('Action', '.status.action', 'The last action taken.'),
    column('State', '.status.state', 'What it does or waits for; once it is over, how it ended.'),
    { ...column('Evidence', '.status.evidenceCount', 'Artifacts saved.'), type: 'integer' },
    column('Not Ready', '.status.timings.notReadyFor', 'How long the node was NotReady.'),
    wide('Outcome', '.status.outcome', 'How it ended; empty: it is open.'),
    wide('Trigger', '.spec.trigger.type', 'What opened it.'),
    wide('Policy', '.spec.plan.policy', 'The policy that ruled.'),
    wide('Fingerprint', '.status.diagnosis.fingerprint', 'The same for the same fault.'),
    AGE,
  ],
  selectableFields: ['.spec.nodeName', '.status.outcome'],
  hasStatus: true,
};

const HEALTH: Definition = {
  kind: HEALTHS.kind,
  plural: HEALTHS.plural,
  shortName: 'kh',
  description:
    "A KubeletHealth is what one node's agent sees now. It is named as its node and deleted with it; it is current state, no history.",
  schema: KubeletHealth,
  columns: [
    column('PLEG', '.status.pleg.state', 'State of the Pod Lifecycle Event Generator.'),
    { ...column('Since', '.status.pleg.since', 'How long it has been in that state.'), type: 'date' },
    column('Kubelet', '.status.kubelet.version', 'Version of the kubelet.'),
    column('Runtime', '.status.summary.runtime', 'Container runtime and its version.'),
    column('Probe', '.status.summary.probe', "How the agent's own CRI call went."),
    {
      ...column(
        'Agent',
        '.status.agent.reportedAt',
        'How long ago the agent wrote: up to six minutes on a node that is well. One that does not answer is AgentSilent in the condition KubeletStuck.',
      ),
      type: 'date',
    },
    column('Would Recover', '.status.summary.wouldRecover', 'Whether the node would be recovered; if not, why.'),
    wide('Policy', '.spec.policy', 'The policy that rules the node.'),
    wide('Mode', '.spec.mode', "That policy's mode."),
    wide('Message', '.status.pleg.message', 'Why PLEG is in that state.'),
  ],
  selectableFields: [],
  hasStatus: true,
};

const EVIDENCE: Definition = {
  kind: EVIDENCES.kind,
  plural: EVIDENCES.plural,
  shortName: 'ke',
  description:
    'A KubeletEvidence holds one artifact of one incident, or a part of it: goroutine dumps, which the diagnosis reads, and what a person has asked for. It is immutable and goes with its incident.',
  schema: KubeletEvidence,
  columns: [
    column('Node', '.spec.nodeName', 'The node that it was taken on.'),
    column('Incident', '.spec.incident', 'The incident that it is of.'),
    column('File', '.spec.entry.name', 'The artifact.'),
    column('State', '.spec.entry.state', 'Whether it was saved.'),
    { ...column('Bytes', '.spec.entry.bytes', 'Size of the whole artifact as stored.'), type: 'integer' },
    { ...wide('Part', '.spec.part', 'Which part of the artifact.'), type: 'integer' },
    { ...wide('Expires', '.spec.expiresAt', 'When it is deleted; empty: with its incident.'), type: 'date' },
    AGE,
  ],
  selectableFields: ['.spec.incidentUID', '.spec.nodeName'],
  hasStatus: false,
};

/** Cluster API (contract of providers): which version of ours is for which of its contracts. */
const CLUSTER_API_LABELS = { 'cluster.x-k8s.io/v1beta1': VERSION, 'cluster.x-k8s.io/v1beta2': VERSION };

const REMEDIATION: Definition = {
  kind: REMEDIATIONS.kind,
  plural: REMEDIATIONS.plural,
  shortName: 'kr',
  description:
    "A KubeletRemediation is another operator's request to look at a node now. medik8s' NodeHealthCheck and Cluster API's MachineHealthCheck make and delete it.",
  schema: KubeletRemediation,
  columns: [
    column('Node', '.status.nodeName', 'The node.'),
    column('Processing', '.status.conditions[?(@.type=="Processing")].status', 'Whether it is being worked on.'),
    column('Succeeded', '.status.conditions[?(@.type=="Succeeded")].status', 'Whether the node was recovered.'),
    column('Reason', '.status.conditions[?(@.type=="Succeeded")].reason', 'Why.'),
    column('Incident', '.status.incident', 'The incident that tells more.'),
    wide('Machine', '.status.machine', 'Whether its Machine is replaced.'),
    AGE,
  ],
  selectableFields: [],
  hasStatus: true,
  namespaced: true,
  labels: CLUSTER_API_LABELS,
};

const REMEDIATION_TEMPLATE: Definition = {
  kind: `${REMEDIATIONS.kind}Template`,
  plural: 'kubeletremediationtemplates',
  shortName: 'krt',
  description: 'A KubeletRemediationTemplate is what health checks of other operators make KubeletRemediations from.',
  schema: KubeletRemediationTemplate,
  columns: [
    column('Timeout', '.spec.template.spec.timeout', 'How long one may take.'),
    column('When Not Healed', '.spec.template.spec.whenNotHealed', 'What follows where the node is not healed.'),
    AGE,
  ],
  selectableFields: [],
  hasStatus: false,
  namespaced: true,
  labels: CLUSTER_API_LABELS,
};

/** The kinds in the order in which they are documented. */
export const DEFINITIONS: readonly Definition[] = [
  POLICY,
  INCIDENT,
  HEALTH,
  EVIDENCE,
  REMEDIATION,
  REMEDIATION_TEMPLATE,
];

/** The schema of the whole object. But for `firstStatus`, `status` is there when somebody has written it. */
export function openApiSchema(definition: Definition): StructuralSchema {
  const json = z.toJSONSchema(definition.schema, { target: 'openapi-3.0', io: 'input' });
  const schema = toStructural({ ...json, properties: withoutMetadata(json.properties) });
  const { properties = {}, required = [] } = schema;
  return {
    ...schema,
    description: definition.description,
    properties: {
      apiVersion: { description: 'Kubernetes: the API version of this object.', type: 'string' },
      kind: { description: 'Kubernetes: the kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      ...properties,
      ...(definition.hasStatus ? { status: statusOf(definition, properties['status'] ?? {}) } : {}),
    },
    required: required.filter((name) => name !== 'metadata'),
  };
}

function statusOf({ firstStatus }: Definition, schema: StructuralSchema): StructuralSchema {
  const { default: _, ...kept } = schema;
  return firstStatus === undefined ? kept : { ...kept, default: firstStatus };
}

function withoutMetadata(properties: z.core.JSONSchema.BaseSchema['properties'] = {}): typeof properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => name !== 'metadata'));
}

/** The CustomResourceDefinition, ready to be printed. */
export function customResourceDefinition(definition: Definition): Readonly<Record<string, unknown>> {
  const { kind, plural, shortName, columns, selectableFields } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GROUP}`,
      labels: { 'app.kubernetes.io/part-of': 'kubelet-medic', ...definition.labels },
    },
    spec: {
      group: GROUP,
      scope: definition.namespaced === true ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['medic'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          ...(selectableFields.length === 0
            ? {}
            : { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
          ...(definition.hasStatus ? { subresources: { status: {} } } : {}),
          schema: { openAPIV3Schema: openApiSchema(definition) },
        },
      ],
    },
  };
}
