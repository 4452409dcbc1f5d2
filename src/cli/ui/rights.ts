/** What the person may read and write: what he may not is said on the page. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../api/meta.ts';
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../api/resources.ts';
import { GROUP } from '../../api/v1alpha1/words/names.ts';
import type { Call, KubeObject } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import { PLUGIN_MANAGER, type Session } from '../session.ts';

export const KINDS = { nodes: NODES, healths: HEALTHS, policies: POLICIES, incidents: INCIDENTS } as const;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES: readonly KindName[] = ['nodes', 'healths', 'policies', 'incidents'];

/** What may not be read, and why. */
export type Denials = Readonly<Partial<Record<KindName, string>>>;

/** The API server looks for one name in one place, and what it finds is not looked at. */
const NOBODY = { fieldSelector: 'metadata.name=none' };

/** Asks for nothing, and so learns whether it may be asked. @throws `MedicError` of the API server. */
export async function tryList({ cluster }: Session, kind: KindName, call: Call): Promise<void> {
  await cluster.list<KubeObject>(KINDS[kind], NOBODY, call);
}

/** Kubernetes: authorization.k8s.io/v1 SelfSubjectAccessReview. Nothing is stored, so it has no name. */
const Answer = z.object({ status: z.object({ allowed: z.boolean() }) });

type SelfSubjectAccessReview = KubeObject & z.infer<typeof Answer>;

export const SELF_SUBJECT_ACCESS_REVIEWS = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
  parse: (raw: unknown): SelfSubjectAccessReview => ({
    metadata: ObjectMeta.parse({ name: '' }),
    ...Answer.parse(raw),
  }),
} as const;

/** undefined: nobody says. */
async function may({ cluster }: Session, verb: string): Promise<boolean | undefined> {
  const resourceAttributes = { group: GROUP, resource: INCIDENTS.plural, verb };
  const review = { metadata: {}, spec: { resourceAttributes } };
  try {
    const { status } = await cluster.create(SELF_SUBJECT_ACCESS_REVIEWS, review, { manager: PLUGIN_MANAGER });
    return status.allowed;
  } catch (error) {
    if (isMedicError(error, 'denied', 'absent')) return undefined;
    throw error;
  }
}

export interface DecisionRights {
  /** Why the API server would refuse a decision of this person. */
  readonly denied?: string;
  /** Why the chart's admission policy would, where it is installed. */
  readonly note?: string;
}

const ROLE = "the chart's ClusterRole ...-approve has it";

/** Empty: he may decide, or nobody says. */
export async function decisionRights(session: Session, user: string): Promise<DecisionRights> {
  const [patch, approve] = await Promise.all(['patch', 'approve'].map(async (verb) => await may(session, verb)));
  const what = `${INCIDENTS.plural}.${GROUP}`;
  if (patch === false) return { denied: `${user} may not patch ${what}: ${ROLE}.` };
  if (approve === false)
    return { note: `${user} has not the verb approve on ${what}, which may be asked for: ${ROLE}.` };
  return {};
}
