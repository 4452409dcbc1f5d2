/** The maintenance lease of a node as it is for its incident, where another operator has asked for the node. */
import { REMEDIATIONS } from '../../api/resources.ts';
import type { KubeletRemediation } from '../../api/v1alpha1/kinds/remediation.ts';
import type { LeaseState } from '../../core/decision/other-actors.ts';
import { leaseFor } from '../../core/decision/remediation/requester.ts';
import type { ActContext } from '../incident/carry-out.ts';

/** Many requests for one node have one owner, or are nobody's: whichever lends the lease is among the first. */
const MOST_READ = 4;

/** A lease is lent by what is read now: in the copy of a request its end may be missing. @throws MedicError */
export async function leaseNow(
  { world, requests }: Pick<ActContext, 'world' | 'requests'>,
  node: string,
  lease: LeaseState,
): Promise<LeaseState> {
  const known = requests.ofNode(node);
  const state = leaseFor(lease, known);
  if (state.kind !== 'lent') return state;
  const lenders = known.filter((one) => leaseFor(lease, [one]).kind === 'lent').slice(0, MOST_READ);
  const read = await Promise.all(lenders.map((one) => readNow(world, one)));
  return leaseFor(
    lease,
    read.filter((one) => one !== undefined),
  );
}

/** undefined: it is gone, or another one has its name. */
async function readNow(
  { cluster }: ActContext['world'],
  { metadata }: KubeletRemediation,
): Promise<KubeletRemediation | undefined> {
  const { name, namespace = '', uid } = metadata;
  const now = await cluster.get(REMEDIATIONS, { name, namespace });
  return now?.metadata.uid === uid ? now : undefined;
}
