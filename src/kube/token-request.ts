/** A token of the program's own service account that is bound to a Node. Source: Kubernetes, TokenRequest v1; KEP 4193. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../api/meta.ts';
import type { Cluster, Resource } from '../ports/cluster.ts';
import type { IssuedToken } from './connection/node-token.ts';

export interface TokenOwner {
  readonly namespace: string;
  readonly account: string;
  /** The Node with whose object the token ends. */
  readonly node: string;
}

const TokenRequest = z.object({
  metadata: ObjectMeta,
  spec: z.object({ expirationSeconds: z.int().check(z.positive()) }),
  // As RFC 6750 has it: it goes into a header.
  status: z.object({ token: z.string().check(z.regex(/^[\w.~+/-]+=*$/)) }),
});

/** The path is that of a subresource of the account in the core group; the body is of another group. */
function requestsOf(account: string): Resource<z.infer<typeof TokenRequest>> {
  return {
    apiVersion: 'v1',
    kind: 'TokenRequest',
    plural: `serviceaccounts/${account}/token`,
    namespaced: true,
    parse: (raw) => TokenRequest.parse(raw),
  };
}

/**
 * @param seconds how long it is to live. The API server may grant less, and says what it has granted: a length of time, so
 *   that nobody's wrong clock matters.
 * @throws `MedicError`: an API server before 1.31 says that it cannot bind to a Node (`E_KUBE_INVALID` or `E_KUBE_REFUSED`).
 */
export async function requestNodeToken(
  cluster: Cluster,
  { namespace, account, node }: TokenOwner,
  seconds: number,
): Promise<IssuedToken> {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { namespace },
    spec: { audiences: [], expirationSeconds: seconds, boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: node } },
  };
  const { spec, status } = await cluster.create(requestsOf(account), body, { manager: 'kubelet-medic-agent' });
  return { token: status.token, lifeMs: spec.expirationSeconds * 1000 };
}
