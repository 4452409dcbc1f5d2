/** `kubectl medic show`: what happened, what is known, what can be done. */
import { INCIDENTS } from '../../api/resources.ts';
import { API_VERSION } from '../../api/v1alpha1/words/names.ts';
import { getIncident, type Session } from '../session.ts';
import { writeStructured, type Format } from '../structured.ts';
import { eventsOf } from './incident-events.ts';
import { incidentPage } from './page.ts';
import { timelineOf } from './timeline.ts';

export async function runShow(
  session: Session,
  name: string,
  options: { readonly format: Format; readonly verbose: boolean },
): Promise<void> {
  const { terminal, clock } = session;
  const incident = await getIncident(session, name);
  const whole = { apiVersion: API_VERSION, kind: INCIDENTS.kind, ...incident };
  if (writeStructured(terminal, options.format, whole)) return;
  const now = clock.now();
  const timeline = timelineOf(incident, await eventsOf(session, incident), now);
  terminal.out(incidentPage(terminal, incident, timeline, { now, verbose: options.verbose }));
}
