/** Who the API server takes the caller for: what a person decides is recorded under that name. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../api/meta.ts';
import type { KubeObject } from '../ports/cluster.ts';
import { PLUGIN_MANAGER, type Session } from './session.ts';

/** Kubernetes: authentication.k8s.io/v1 SelfSubjectReview, since 1.28. Nothing is stored, so it has no name. */
const Answer = z.object({
  status: z.object({ userInfo: z.object({ username: z._default(z.string(), '') }) }),
});

type SelfSubjectReview = KubeObject & z.infer<typeof Answer>;

export const SELF_SUBJECT_REVIEWS = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
  parse: (raw: unknown): SelfSubjectReview => ({ metadata: ObjectMeta.parse({ name: '' }), ...Answer.parse(raw) }),
} as const;

/** At most 253 characters, as the API has room for. */
export async function whoAmI({ cluster }: Session): Promise<string> {
  const review = await cluster.create(SELF_SUBJECT_REVIEWS, { metadata: {} }, { manager: PLUGIN_MANAGER });
  const { username } = review.status.userInfo;
  return (username === '' ? 'system:anonymous' : username).slice(0, 253);
}
