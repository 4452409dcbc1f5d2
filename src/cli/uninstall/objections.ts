/** Why nothing is removed now. Pure. */
import { fromTime } from '../../core/time/timestamp.ts';
import type { Leader } from '../fleet/leader.ts';
import type { ActStep, IncidentRow, Remains } from './remains.ts';

/** Steps by which an agent acts on its host. */
const ACTS: readonly string[] = ['Act', 'InjectFault', 'UndoFault'];

/** An agent that began before the deadline may still be at it, and reports later than it acts. */
const AFTER_DEADLINE_MS = 300_000;

/** The steps in which the agent acts, or may at any moment. */
function actsOf({ status: { steps = [], actions = [] } }: Pick<IncidentRow, 'status'>): readonly ActStep[] {
  const reserved = actions.filter(({ state }) => state === 'Reserved').map(({ name }) => name);
  return steps.filter(
    ({ name, type, state }) => ACTS.includes(type) && (state === 'Requested' || reserved.includes(name)),
  );
}

/** What was asked for expires: after that nobody begins it any more, and who has begun it is done. */
function isPast({ deadline }: ActStep, now: number): boolean {
  const until = fromTime(deadline);
  return until !== undefined && now > until + AFTER_DEADLINE_MS;
}

/** Who may not look has not seen that nobody is at work. */
export function objections(
  { open, closed, blind }: Pick<Remains, 'open' | 'closed' | 'blind'>,
  leaders: readonly Leader[],
  now: number,
): readonly string[] {
  const leads = leaders.flatMap((leader) => (leader.kind === 'leads' ? [leader] : []));
  const unknown = leaders.flatMap((leader) => (leader.kind === 'unknown' ? [leader.why] : []));
  const unseen = [...blind, ...unknown].map(
    (why) => `it cannot be seen whether an incident acts or a controller leads: ${why}`,
  );
  const acting = [...open, ...closed].flatMap((incident) => {
    const isOver = closed.includes(incident);
    const step = actsOf(incident).find((one) => {
      // No controller takes up again what is over: an act of it that has no deadline would be waited for for ever.
      if (isOver) return one.deadline !== undefined && !isPast(one, now);
      return leads.length > 0 || !isPast(one, now);
    });
    if (step === undefined) return [];
    const until = step.deadline === undefined ? '' : `, and may for 5 minutes after ${step.deadline}`;
    return [`incident ${incident.metadata.name} acts on ${incident.spec.nodeName}${until}: wait until it is over`];
  });
  const running = leads.map(
    ({ holder, namespace }) =>
      `a controller leads (${holder} in ${namespace}), which would make anew what is removed: first \`helm list -n ${namespace}\`, then \`helm uninstall RELEASE -n ${namespace}\``,
  );
  return [...unseen, ...acting, ...running];
}

/** Acts that nobody will finish. */
export function abandoned({ open }: Pick<Remains, 'open'>): readonly string[] {
  return open.filter((incident) => actsOf(incident).length > 0).map(({ metadata }) => metadata.name);
}
