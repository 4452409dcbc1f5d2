/** Whether a controller leads, as its Lease shows it. */
import type { Lease } from '../../api/kubernetes/objects.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import { LEASES } from '../../api/resources.ts';
import { LEADER_LEASE } from '../../api/v1alpha1/words/names.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { humanAge } from '../table.ts';

export type Leader =
  | { readonly kind: 'leads'; readonly holder: string; readonly namespace: string }
  /** `since`: milliseconds since 1970, by the clock of the last leader; undefined: none has ever led. */
  | { readonly kind: 'none'; readonly since: number | undefined; readonly namespace: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** It renews every two seconds, and after a crash another one leads within 33 s. */
const STALE_MS = 60_000;
/** The time in a lease is of the leader's own clock: one that looks old is looked at again, and a leader has renewed it by then. */
const LOOK_AGAIN_MS = 5_000;
/** Where no agent says in which namespace it runs. */
const USUAL_NAMESPACE = 'kubelet-medic';

/** The namespace of the programs, by most of the agents. */
export function namespaceOf(healths: readonly (KubeletHealth | undefined)[]): string {
  const counts = new Map<string, number>();
  for (const health of healths) {
    const namespace = health?.status.agent?.namespace ?? '';
    if (namespace !== '') counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? USUAL_NAMESPACE;
}

function isFresh({ spec }: Lease, now: number): boolean {
  const renewedAt = fromTime(spec.renewTime);
  return spec.holderIdentity !== '' && renewedAt !== undefined && Math.abs(now - renewedAt) < STALE_MS;
}

/** @param now by the API server's clock. */
export async function readLeader({ cluster, clock }: Session, namespace: string, now: number): Promise<Leader> {
  const look = (): Promise<Lease | undefined> => cluster.get(LEASES, { name: LEADER_LEASE, namespace });
  try {
    const lease = await look();
    if (lease === undefined) return { kind: 'none', since: undefined, namespace };
    const holder = lease.spec.holderIdentity;
    if (isFresh(lease, now)) return { kind: 'leads', holder, namespace };
    if (holder !== '') {
      await clock.sleep(LOOK_AGAIN_MS, new AbortController().signal);
      const again = await look();
      const next = again?.spec.holderIdentity ?? '';
      if (next !== '' && again?.metadata.resourceVersion !== lease.metadata.resourceVersion)
        return { kind: 'leads', holder: next, namespace };
    }
    return { kind: 'none', since: fromTime(lease.spec.renewTime), namespace };
  } catch (error) {
    if (isMedicError(error, 'denied')) return { kind: 'unknown', why: error.message };
    throw error;
  }
}

/** RFC 1123 label. An agent says what it likes, and people paste commands. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** What is to be said; undefined: a controller leads. */
export function leaderWords(leader: Leader, now: number): string | undefined {
  switch (leader.kind) {
    case 'leads':
      return undefined;
    case 'none': {
      const { since, namespace } = leader;
      const forText = since === undefined ? '' : ` for ${humanAge(now - since)}`;
      const hint = `: kubectl get pods -n ${namespace} -l app.kubernetes.io/component=controller`;
      return `no controller has led${forText}${NAMESPACE.test(namespace) ? hint : ''}`;
    }
    case 'unknown':
      return `it is not known whether a controller leads: ${leader.why}`;
    default:
      return leader satisfies never;
  }
}
