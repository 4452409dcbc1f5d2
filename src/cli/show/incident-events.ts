/** Events about an incident. */
import type { Event } from '../../api/kubernetes/objects.ts';
import { EVENTS, INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';

/** Events of cluster-scoped objects are in this namespace (client-go: the event recorder). */
const EVENT_NAMESPACE = 'default';

/** They only add to the record, and are gone after an hour: who may not read them sees the rest. */
export async function eventsOf({ cluster }: Session, { metadata }: KubeletIncident): Promise<readonly Event[]> {
  const fieldSelector = `involvedObject.kind=${INCIDENTS.kind},involvedObject.name=${metadata.name}`;
  try {
    const { items } = await cluster.list(EVENTS, { namespace: EVENT_NAMESPACE, fieldSelector });
    return items.filter(({ involvedObject }) => involvedObject.uid === metadata.uid);
  } catch (error) {
    if (isMedicError(error, 'denied')) return [];
    throw error;
  }
}
