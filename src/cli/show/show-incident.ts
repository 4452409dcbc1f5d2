/** `kubectl medic show`: what happened, what is known, what can be done. */
import type { Event } from '../../api/kubernetes/objects.ts';
import { EVENTS, INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { API_VERSION } from '../../api/v1alpha1/names.ts';
import { isMedicError } from '../../ports/errors.ts';
import { getIncident, type Session } from '../session.ts';
import { incidentRef, shownObject, writeNames, writeStructured, type Format } from '../structured.ts';
import { incidentPage } from './page.ts';
import { timelineOf } from './timeline.ts';

/** Events of cluster-scoped objects are in this namespace (client-go: the event recorder). */
const EVENT_NAMESPACE = 'default';

export async function runShow(
  session: Session,
  name: string,
  options: { readonly format: Format; readonly verbose: boolean; readonly showManagedFields: boolean },
): Promise<void> {
  const { terminal, clock } = session;
  const incident = await getIncident(session, name);
  if (writeNames(terminal, options.format, [incidentRef(incident.metadata.name)])) return;
  const shown = shownObject(incident, options.showManagedFields);
  const whole = { apiVersion: API_VERSION, kind: INCIDENTS.kind, ...shown };
  if (writeStructured(terminal, options.format, whole)) return;
  const now = clock.now();
  const timeline = timelineOf(incident, await eventsOf(session, incident), now);
  terminal.out(incidentPage(terminal, incident, timeline, { now, verbose: options.verbose }));
}

/** They only add to the record, and are gone after an hour: who may not read them sees the rest. */
async function eventsOf({ cluster }: Session, { metadata }: KubeletIncident): Promise<readonly Event[]> {
  const fieldSelector = `involvedObject.kind=${INCIDENTS.kind},involvedObject.name=${metadata.name}`;
  try {
    const { items } = await cluster.list(EVENTS, { namespace: EVENT_NAMESPACE, fieldSelector });
    return items.filter(({ involvedObject }) => involvedObject.uid === metadata.uid);
  } catch (error) {
    if (isMedicError(error, 'denied')) return [];
    throw error;
  }
}
