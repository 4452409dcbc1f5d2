/**
 * What mirrors hold of each object: what decisions look at, and nothing else that the server sends. A fleet of thousands of
 * nodes and years of incidents then fit in a small program. Whoever writes to an object reads it whole first.
 */
import type { Node, NodeCondition } from '../../api/kubernetes/node.ts';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../api/meta.ts';
import { EVIDENCES, HEALTHS, INCIDENTS, NODES } from '../../api/resources.ts';
import { NODE_CONDITION_STUCK } from '../../api/v1alpha1/words/conditions.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { ActionRecord, IncidentStatus, KubeletIncident, Step } from '../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import { AGENT_MANAGER, GROUP } from '../../api/v1alpha1/words/names.ts';
import { isActStep } from '../../core/decision/actions.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { ownsCordon } from '../../core/decision/node-state.ts';
import { isOthersMark } from '../../core/decision/other-actors.ts';
import { isTrue } from '../../core/decision/record/conditions-and-steps.ts';
import { RESERVATION_STEP } from '../../core/decision/record/step-names.ts';
import type { KubeObject, Resource } from '../../ports/cluster.ts';

const CONDITIONS: readonly string[] = ['Ready', NODE_CONDITION_STUCK];

/** Who owns the cordon; the rest of what is managed is most of a Node. */
function cordonOwners({ managedFields }: ObjectMeta): ObjectMeta['managedFields'] {
  const cordon = { 'f:spec': { 'f:unschedulable': {} } };
  return managedFields.filter(ownsCordon).map((entry) => ({ ...entry, fieldsV1: cordon }));
}

/** A heartbeat alone is no change. */
function withoutHeartbeat(condition: NodeCondition): NodeCondition {
  return { ...condition, lastHeartbeatTime: '' };
}

function nodeRow(node: Node): Node {
  const { metadata, spec, status } = node;
  const annotations = Object.entries(metadata.annotations).filter(
    ([key]) => key.startsWith(`${GROUP}/`) || isOthersMark(key),
  );
  return {
    metadata: { ...metadata, annotations: Object.fromEntries(annotations), managedFields: cordonOwners(metadata) },
    spec,
    status: { conditions: status.conditions.filter(({ type }) => CONDITIONS.includes(type)).map(withoutHeartbeat) },
  };
}

function healthRow(health: KubeletHealth): KubeletHealth {
  const managedFields = health.metadata.managedFields
    .filter(({ manager }) => manager === AGENT_MANAGER)
    .map(({ fieldsV1, ...entry }) => entry);
  return { ...health, metadata: { ...health.metadata, managedFields } };
}

type Verdict = NonNullable<IncidentStatus['diagnosis']>;

/** By which the same fault is known again. */
function verdictRow(verdict: Verdict): Verdict {
  const { blockedStack, blockedGoroutine, sourceLink, behind, others, ...rest } = verdict;
  const leaf = blockedStack?.split('\n', 1)[0];
  const known = leaf === undefined ? {} : { blockedStack: leaf };
  return { ...rest, ...known, summary: '', recommendation: '', references: [], evidence: [] };
}

function stepRow({ message, ...step }: Step): Step {
  return step;
}

function actionRow({ message, command, before, after, ...action }: ActionRecord): ActionRecord {
  return action;
}

/** One object of all that are equal: most of a history is the same, again and again. */
function createPool(size: number): <T>(value: T) => T {
  const known = new Map<string, unknown>();
  return <T>(value: T): T => {
    const text = JSON.stringify(value);
    // What is known under its text is equal to it.
    const one = (known.get(text) as T | undefined) ?? value;
    if (known.size >= size) known.clear();
    known.set(text, one);
    return one;
  };
}

type Share = ReturnType<typeof createPool>;

/** What an incident that is over still counts for: budgets, the ladder's memory, patterns, retention. */
function statusRow(status: IncidentStatus, share: Share): IncidentStatus {
  const { outcome, timings, diagnosis, bucket, observedGeneration } = status;
  const bare = (status.conditions ?? []).map(({ type, status, reason }) => ({ type, status, reason }));
  return {
    ...(outcome === undefined ? {} : { outcome }),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    ...(timings === undefined ? {} : { timings }),
    ...(bucket === undefined ? {} : { bucket: share({ state: bucket.state, at: '', uri: '', objects: [] }) }),
    ...(diagnosis === undefined ? {} : { diagnosis: share(verdictRow(diagnosis)) }),
    conditions: share(bare.map((condition) => share({ ...condition, message: '', lastTransitionTime: '' }))),
    steps: (status.steps ?? []).filter((step) => isActStep(step) || step.name === RESERVATION_STEP).map(stepRow),
    actions: (status.actions ?? []).map(actionRow),
  };
}

/** Incidents of one policy have one plan, which is most of what is left of them; verdicts and ends are of a few kinds. */
const MAX_SHARED = 2_000;

/** Custom resources are stored as the JSON that the API server sends. */
export function storedBytes(raw: unknown): number {
  return Buffer.byteLength(JSON.stringify(raw));
}

/** Of each row: bytes of the object as it is stored. */
const SIZES = new WeakMap<KubeletIncident, number>();
/** Of one that was not read from a mirror: as large as they mostly are (docs/adr/0014). */
const USUAL_BYTES = 21_000;

/** What an incident of a mirror takes of etcd. */
export function incidentBytes(row: KubeletIncident): number {
  return SIZES.get(row) ?? USUAL_BYTES;
}

function createIncidentRows(): (incident: KubeletIncident) => KubeletIncident {
  const share = createPool(MAX_SHARED);
  return ({ metadata, spec, status, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, managedFields: [] },
    spec: { ...spec, plan: share(spec.plan) },
    status: isTrue(status.conditions, 'Complete') ? statusRow(status, share) : status,
  });
}

const Condition = z.looseObject({ type: z.string(), status: z.string() });
const Over = z.looseObject({
  metadata: z.looseObject({}),
  status: z.looseObject({ conditions: z.array(Condition) }),
});

/** Most of an incident that is over is not kept, and need not be parsed: of a long history that is half of a start. */
function withoutLeftOut(raw: unknown): unknown {
  const over = Over.safeParse(raw);
  if (!over.success || !over.data.status.conditions.some((one) => one.type === 'Complete' && one.status === 'True'))
    return raw;
  const { metadata, status, ...rest } = over.data;
  const { host, evidence, ...kept } = status;
  return { ...rest, metadata: { ...metadata, managedFields: [] }, status: kept };
}

function rowsOf<T extends KubeObject>(resource: Resource<T>, row: (object: T) => T): Resource<T> {
  return { ...resource, parse: (raw) => row(resource.parse(raw)) };
}

const EvidenceRow = z.object({ metadata: ObjectMeta });

/** Its bytes are never asked for. */
function evidenceRow(raw: unknown): z.infer<typeof EvidenceRow> {
  const { metadata } = EvidenceRow.parse(raw);
  return { metadata: { ...metadata, managedFields: [] } };
}

function sized(rows: Resource<KubeletIncident>): Resource<KubeletIncident> {
  return {
    ...rows,
    parse: (raw) => {
      const row = rows.parse(withoutLeftOut(raw));
      SIZES.set(row, storedBytes(raw));
      return row;
    },
  };
}

/** Whether all is the same that a mirror holds, but for the version: a heartbeat, or what is of no interest here. */
export function isSameRow(a: KubeObject, b: KubeObject): boolean {
  const [one, other] = [a, b].map((row) => canonical({ ...row, metadata: { ...row.metadata, resourceVersion: '' } }));
  return one === other;
}

/** Whether a policy says the same: its status is our own word. */
export function isSameRule(a: KubeletRecoveryPolicy, b: KubeletRecoveryPolicy): boolean {
  const [one, other] = [a, b].map(({ metadata, spec }) =>
    canonical({ spec, metadata: { ...metadata, resourceVersion: '', managedFields: [] } }),
  );
  return one === other;
}

/** An incident is some 15 KB as it is sent: pages of a few MB. */
export const INCIDENT_PAGE = 50;

export const NODE_ROWS = rowsOf<Node>(NODES, nodeRow);
export const HEALTH_ROWS = rowsOf<KubeletHealth>(HEALTHS, healthRow);
export const INCIDENT_ROWS: Resource<KubeletIncident> = sized(rowsOf<KubeletIncident>(INCIDENTS, createIncidentRows()));
export const EVIDENCE_ROWS = { ...EVIDENCES, metadataOnly: true, parse: evidenceRow } as const;
