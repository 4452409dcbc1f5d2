/** `kubectl medic show`: what happened, what is known, what can be done. */
import { INCIDENTS } from '../../api/resources.ts';
import { API_VERSION } from '../../api/v1alpha1/words/names.ts';
import { getIncident, type Session } from '../session.ts';
import { eventsOf } from './incident-events.ts';
import { incidentRef, shownObject, writeNames, writeStructured, type Format } from '../structured.ts';
import { incidentPage } from './page.ts';
import { timelineOf } from './timeline.ts';

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
