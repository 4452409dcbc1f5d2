/** How the node is, by what is known for sure. Not to know is neither well nor ill: it waits, and climbs no ladder. */
import type { KubeletHealth } from '../../../api/v1alpha1/kinds/health.ts';
import { isRuntimeDeaf } from '../actions.ts';
import { isInTouch } from '../contact.ts';
import { isLogUnreadable, isReady } from '../node-state.ts';
import type { IncidentSnapshot } from './incident-snapshot.ts';

/**
 * - `Well`: Ready, and its agent, heard from lately, says that PLEG is healthy.
 * - `Ill`: not Ready, or its agent, heard from lately, says that PLEG is unhealthy or that the runtime does not answer.
 * - `Unknown`: Ready, and no agent to tell how PLEG is; or no Node.
 */
export type Wellness = 'Well' | 'Ill' | 'Unknown';

/**
 * A suspicion that only a line of the past keeps alive does not count against a node whose runtime answers; nor does a log
 * that cannot be read, since a kubelet whose PLEG is not healthy does not say Ready=True.
 */
export function wellness({ node, health, contact }: Pick<IncidentSnapshot, 'node' | 'health' | 'contact'>): Wellness {
  if (node === undefined) return 'Unknown';
  if (!isReady(node)) return 'Ill';
  return health === undefined || !isInTouch(contact) ? 'Unknown' : asTold(health);
}

function asTold(health: KubeletHealth): Wellness {
  const state = health.status.pleg?.state ?? 'Unknown';
  const probe = health.status.runtime?.probe.state ?? 'Unknown';
  if (state === 'Healthy') return 'Well';
  if (state === 'Unhealthy' || isRuntimeDeaf(probe)) return 'Ill';
  return probe === 'Answered' && (state === 'Suspected' || isLogUnreadable(health)) ? 'Well' : 'Unknown';
}
