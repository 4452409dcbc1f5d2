/** Who the API server takes the caller for: what a person decides is recorded under that name. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../api/meta.ts';
import { PLUGIN_MANAGER, type Session } from './session.ts';

/** Kubernetes: authentication.k8s.io/v1 SelfSubjectReview, since 1.28. Nothing is stored. */
const SelfSubjectReview = z.object({
  metadata: z._default(z.extend(ObjectMeta, { name: z._default(z.string(), '') }), ObjectMeta.parse({ name: '' })),
  status: z.object({ userInfo: z.object({ username: z._default(z.string(), '') }) }),
});

export const SELF_SUBJECT_REVIEWS = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
  parse: (raw: unknown): z.infer<typeof SelfSubjectReview> => SelfSubjectReview.parse(raw),
} as const;

/** At most 253 characters, as the API has room for. */
export async function whoAmI({ cluster }: Session): Promise<string> {
  const review = await cluster.create(SELF_SUBJECT_REVIEWS, { metadata: {} }, { manager: PLUGIN_MANAGER });
  const { username } = review.status.userInfo;
  return (username === '' ? 'system:anonymous' : username).slice(0, 253);
}
