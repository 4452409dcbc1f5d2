/** Reviews, which an API server answers and does not store: the one in memory has none. */
import { SELF_SUBJECT_ACCESS_REVIEWS } from '../../src/cli/ui/rights.ts';
import { SELF_SUBJECT_REVIEWS } from '../../src/cli/who-am-i.ts';
import type { Cluster } from '../../src/ports/cluster.ts';

export interface ReviewOptions {
  readonly user?: string;
  /** Whether the person may use the verb on incidents. Default: each. */
  readonly may?: (verb: unknown) => boolean;
}

export function withReviews(
  cluster: Cluster,
  { user = 'jane@example.com', may = () => true }: ReviewOptions = {},
): Cluster {
  return {
    ...cluster,
    create: async (resource, object, options) => {
      if (resource.plural === SELF_SUBJECT_REVIEWS.plural)
        return resource.parse({ metadata: {}, status: { userInfo: { username: user } } });
      if (resource.plural === SELF_SUBJECT_ACCESS_REVIEWS.plural) {
        const { resourceAttributes } = object['spec'] as { resourceAttributes: { verb: string } };
        return resource.parse({ metadata: {}, status: { allowed: may(resourceAttributes.verb) } });
      }
      return await cluster.create(resource, object, options);
    },
  };
}
