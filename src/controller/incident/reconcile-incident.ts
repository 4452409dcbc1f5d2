/** Gather, decide, act: one incident. */
import { decideIncident } from '../../core/decision/incident/decide-incident.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { INCIDENTS, OPEN_INCIDENTS } from '../../api/resources.ts';
import type { IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { isToBeConfirmed } from '../../core/decision/policy/places.ts';
import { isMedicError } from '../../ports/errors.ts';
import { type ActContext, carryOut, writeDecision } from './carry-out.ts';
import { gatherIncident } from './gather-incident.ts';

/** Who wrote first may write again: a conflict that lasts must not become a loop without rest. */
const CONFLICT_MS = 200;

/** What is reserved, read after this incident's own reservation; undefined: it has none that is to be confirmed. */
async function gatherReserved(
  { world, view }: ActContext,
  incident: KubeletIncident,
): Promise<IncidentSnapshot['reserved']> {
  return isToBeConfirmed(incident.status)
    ? view.placesIn(await world.cluster.list(INCIDENTS, { fieldSelector: OPEN_INCIDENTS }))
    : undefined;
}

async function reconcile(context: ActContext, name: string, signal: AbortSignal): Promise<number | undefined> {
  const { world, view, resting } = context;
  const nextLook = resting.nextLook(name);
  if (nextLook !== undefined) return nextLook;
  resting.forget(name);
  const gathered = await gatherIncident(context, name, signal);
  if (gathered === undefined) view.forget(name);
  if (gathered === undefined || !isOpen(gathered.incident)) return undefined;
  const { snapshot, decision, changed } = await context.mutex(async () => {
    const budget = view.budgetFor(gathered.incident.spec);
    const reserved = await gatherReserved(context, gathered.incident);
    const captures = context.evidence.limits();
    const snapshot = { ...gathered, budget, captures, reserved, now: world.clock.now() };
    const decision = decideIncident(snapshot);
    return { snapshot, decision, changed: await writeDecision(context, snapshot, decision) };
  });
  await carryOut(context, snapshot, decision, signal);
  if (!changed) resting.note(snapshot, decision);
  // After a write the next step is asked for at once; a command that was given again may as well not help.
  return changed && decision.nextCheckAt !== undefined ? world.clock.now() : decision.nextCheckAt;
}

/** @returns when to look again, milliseconds since 1970; undefined: it is over. */
export async function reconcileIncident(
  context: ActContext,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const known = context.view.incidents.get(name);
  if (known !== undefined && !isOpen(known)) return undefined;
  try {
    return await reconcile(context, name, signal);
  } catch (err) {
    // Somebody else wrote first: read again, decide again.
    if (isMedicError(err, 'conflict')) return context.world.clock.now() + CONFLICT_MS;
    throw err;
  }
}
