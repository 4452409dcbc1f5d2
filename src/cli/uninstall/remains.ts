/** What kubelet-medic leaves in a cluster, as it is there now. */
import * as z from 'zod/mini';
import type { Node } from '../../api/kubernetes/node.ts';
import type { Lease } from '../../api/kubernetes/objects.ts';
import { ObjectMeta } from '../../api/meta.ts';
import {
  EVIDENCES,
  HEALTHS,
  INCIDENTS,
  LEASES,
  NODES,
  OPEN_INCIDENTS,
  POLICIES,
  REMEDIATION_TEMPLATES,
  REMEDIATIONS,
} from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { NODE_CONDITION_STUCK } from '../../api/v1alpha1/words/conditions.ts';
import {
  ANNOTATION_CORDON_REASON,
  ANNOTATION_CORDONED_BY,
  ANNOTATION_EXCLUDE,
  ANNOTATION_EXCLUDE_REASON,
  GROUP,
  LABEL_DRILL,
  LEADER_LEASE,
  MAINTENANCE_HOLDER,
  MAINTENANCE_NAMESPACE,
} from '../../api/v1alpha1/words/names.ts';
import { isCordonedBy, isStuckWrittenByUs } from '../../core/decision/node-state.ts';
import type { KubeObject, ListQuery, Resource } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { CRDS } from './crd.ts';

type Named = { readonly metadata: ObjectMeta };
const metadataOf = (raw: unknown): Named => z.object({ metadata: ObjectMeta }).parse(raw);

/** The kinds that are history: `--keep-records` leaves them. */
export const RECORDS: readonly string[] = [INCIDENTS.plural, EVIDENCES.plural];
const KINDS = [POLICIES, REMEDIATION_TEMPLATES, REMEDIATIONS, HEALTHS, INCIDENTS, EVIDENCES] as const;

const StepRow = z.object({ name: z.string(), type: z.string(), state: z.string(), deadline: z.optional(z.string()) });
export type ActStep = z.infer<typeof StepRow>;
const ActionRow = z.object({ name: z.string(), state: z.string() });

/** An incident as far as it is asked for here. */
const IncidentRow = z.object({
  metadata: ObjectMeta,
  spec: z.object({ nodeName: z.string() }),
  status: z._default(
    z.object({
      outcome: z.optional(z.string()),
      steps: z.optional(z.array(StepRow)),
      actions: z.optional(z.array(ActionRow)),
    }),
    {},
  ),
});
export type IncidentRow = z.infer<typeof IncidentRow>;
const INCIDENT_ROWS = { ...INCIDENTS, parse: (raw: unknown) => IncidentRow.parse(raw) };

export interface NodeRemains {
  readonly node: Node;
  /** The incident whose cordon is in force; undefined: none of ours is. */
  readonly cordonOf: string | undefined;
  /** Marks of a cordon that is not ours any more. */
  readonly isMarked: boolean;
  /** The condition KubeletStuck, written by the controller. */
  readonly hasCondition: boolean;
  /** What people have set by kubelet-medic's names: it is theirs. */
  readonly ofPeople: readonly string[];
}

export interface Remains {
  /** Plurals of the kinds whose CRD is there. */
  readonly kinds: readonly string[];
  /** Objects of each kind, by plural. */
  readonly counts: ReadonlyMap<string, number>;
  readonly open: readonly KubeletIncident[];
  /** Incidents that are over, with an act that was reserved and never reported: its agent may be at it. */
  readonly closed: readonly IncidentRow[];
  readonly nodes: readonly NodeRemains[];
  /** Names of all Nodes that there are. */
  readonly allNodes: readonly string[];
  /** Nodes of incidents that are not there any more. */
  readonly goneNodes: readonly string[];
  readonly elections: readonly Lease[];
  readonly maintenance: readonly Lease[];
  /** Open incidents and election leases that could not be read, and why: somebody may be at work. */
  readonly blind: readonly string[];
  /** What could not be looked at, and why. */
  readonly unseen: readonly string[];
}

const DEADLINE_MS = 120_000;
/** Incidents are some 20 KB each. */
const INCIDENT_PAGE = 50;

function remainsOf(node: Node): NodeRemains {
  const { annotations, labels } = node.metadata;
  const incident = annotations[ANNOTATION_CORDONED_BY];
  const isOurs = incident !== undefined && isCordonedBy(node, incident);
  const marks = [ANNOTATION_CORDONED_BY, ANNOTATION_CORDON_REASON].some((name) => name in annotations);
  return {
    node,
    cordonOf: isOurs ? incident : undefined,
    isMarked: marks && !isOurs,
    hasCondition: isStuckWrittenByUs(node) && node.status.conditions.some(({ type }) => type === NODE_CONDITION_STUCK),
    ofPeople: [ANNOTATION_EXCLUDE, ANNOTATION_EXCLUDE_REASON, LABEL_DRILL].filter(
      (name) => name in annotations || name in labels,
    ),
  };
}

/** @throws `MedicError` of what is not a missing right. */
export async function readRemains({ cluster }: Session): Promise<Remains> {
  const unseen: string[] = [];
  const blind: string[] = [];

  /** Of a kind that is not there, there is none. @param missed is told what could not be read, and why. */
  async function all<T extends KubeObject>(
    resource: Resource<T>,
    query: ListQuery = {},
    missed: string[] = unseen,
  ): Promise<readonly T[]> {
    try {
      const { items, malformed } = await cluster.list(resource, query, { deadlineMs: DEADLINE_MS });
      for (const { name, message } of malformed) missed.push(`${resource.kind} ${name}: ${message}`);
      return items;
    } catch (error) {
      if (isMedicError(error, 'absent')) return [];
      if (!isMedicError(error, 'denied')) throw error;
      missed.push(error.message);
      return [];
    }
  }

  const crds = (await all({ ...CRDS, metadataOnly: true, parse: metadataOf })).map(({ metadata }) => metadata.name);
  const kinds = KINDS.filter(({ plural }) => crds.includes(`${plural}.${GROUP}`)).map(({ plural }) => plural);
  const counted = async (resource: Resource): Promise<[string, number]> => {
    const rows = await all({ ...resource, metadataOnly: true, parse: metadataOf }, { pageSize: 500 });
    return [resource.plural, rows.length];
  };
  const counts = await Promise.all(KINDS.filter(({ plural }) => plural !== INCIDENTS.plural).map(counted));
  // Before those that are over: one that is closed meanwhile is in both.
  const open = await all(INCIDENTS, { fieldSelector: OPEN_INCIDENTS, pageSize: INCIDENT_PAGE }, blind);
  const isOpen = new Set(open.map(({ metadata }) => metadata.uid));
  const incidents = await all(INCIDENT_ROWS, { pageSize: INCIDENT_PAGE });
  const nodes = await all(NODES, { pageSize: 500 });
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const gone = incidents.map(({ spec }) => spec.nodeName).filter((name) => !names.has(name));
  const isUnreported = ({ metadata, status: { outcome, actions = [] } }: IncidentRow): boolean =>
    outcome !== undefined && !isOpen.has(metadata.uid) && actions.some(({ state }) => state === 'Reserved');
  return {
    kinds,
    counts: new Map<string, number>([...counts, [INCIDENTS.plural, incidents.length]]),
    open,
    closed: incidents.filter(isUnreported),
    nodes: nodes.map(remainsOf).filter(isAnything),
    allNodes: [...names].sort(),
    goneNodes: [...new Set(gone)].sort(),
    elections: await all(LEASES, { fieldSelector: `metadata.name=${LEADER_LEASE}` }, blind),
    maintenance: (await all(LEASES, { namespace: MAINTENANCE_NAMESPACE })).filter(({ spec }) =>
      spec.holderIdentity.startsWith(MAINTENANCE_HOLDER),
    ),
    blind,
    unseen: [...new Set([...unseen, ...blind])],
  };
}

function isAnything({ cordonOf, isMarked, hasCondition, ofPeople }: NodeRemains): boolean {
  return cordonOf !== undefined || isMarked || hasCondition || ofPeople.length > 0;
}
