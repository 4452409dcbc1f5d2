/** The maintenance lease of a node as it is for its incident, where another operator has asked for the node. */
import { REMEDIATIONS } from '../../api/resources.ts';
import type { KubeletRemediation } from '../../api/v1alpha1/kinds/remediation.ts';
import type { LeaseState } from '../../core/decision/other-actors.ts';
import { leaseFor } from '../../core/decision/remediation/requester.ts';
import type { Mirror } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { ActContext } from '../incident/carry-out.ts';
import type { RemediationView } from './remediation-view.ts';

const GRANT =
  'grant get, list and watch of kubeletremediations (helm upgrade does), or disable otherOperators of the chart';
/** Many requests for one node have one owner, or are nobody's: whichever lends the lease is among the first. */
const MOST_READ = 4;

interface Asked {
  readonly world: Pick<ActContext['world'], 'cluster'>;
  readonly requests: Pick<RemediationView, 'ofNode'> & {
    readonly mirror: Pick<Mirror<KubeletRemediation>, 'freshAt'> | undefined;
  };
}

/**
 * A lease is lent by what is read now: in the copy of a request its end may be missing. Until the first list of them is in, a
 * node may be another's that looks like nobody's.
 * @throws MedicError
 */
export async function leaseNow({ world, requests }: Asked, node: string, lease: LeaseState): Promise<LeaseState> {
  const { mirror } = requests;
  const message = mirror !== undefined && mirror.freshAt() === undefined ? await whyUnknown(world, node) : undefined;
  if (message !== undefined) return { kind: 'requestsUnknown', message };
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

/** Why requests are not known yet; undefined: the cluster does not have their kind, so that nobody has asked. */
async function whyUnknown({ cluster }: Asked['world'], node: string): Promise<string | undefined> {
  try {
    // Names may be generated: what it finds is no answer. It is a small list, and says what is wrong with the large one.
    await cluster.list(REMEDIATIONS, { fieldSelector: `metadata.name=${node}` });
    return 'the list of KubeletRemediations is not in yet';
  } catch (err) {
    if (!isMedicError(err)) throw err;
    if (err.class === 'absent') return undefined;
    return err.class === 'denied' ? `${err.message}; ${GRANT}` : err.message;
  }
}

/** undefined: it is gone, or another one has its name. */
async function readNow(
  { cluster }: Asked['world'],
  { metadata }: KubeletRemediation,
): Promise<KubeletRemediation | undefined> {
  const { name, namespace = '', uid } = metadata;
  const now = await cluster.get(REMEDIATIONS, { name, namespace });
  return now?.metadata.uid === uid ? now : undefined;
}
