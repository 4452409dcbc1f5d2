/** What the incidents of a node say of a request for it. */
import type { KubeletIncident, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isAct, isActStep } from '../actions.ts';
import { isOpen, readyCondition } from '../node-state.ts';
import { TRIGGERS } from '../node/triggers.ts';
import { findCondition } from '../record/conditions-and-steps.ts';
import { isOutcome } from '../record/outcomes.ts';
import { retryAfterMs } from '../record/retry-after.ts';
import { GIVEN_BACK_WAITS, isHealed } from './answers.ts';
import type { Judgement, NodeFacts, RemediationSnapshot } from './remediation-snapshot.ts';
import { healthCheckHolder } from './requester.ts';

/** An incident that looked between two writes of NodeHealthCheck, its lease and its request, looks again within this time. */
const LEASE_SEEN_MS = 60_000;

function faultsOf({ incidents }: NodeFacts): readonly KubeletIncident[] {
  return incidents.filter(({ spec }) => TRIGGERS[spec.trigger.type].isFault);
}

/** An agent is asked to act, or is at it, or it is being seen whether it helped: what is begun is finished. */
function isActUnderWay({ status }: KubeletIncident): boolean {
  const isToBeSeen = (step: Step): boolean => isActStep(step) || step.type === 'Verify';
  const isAsked = (status.steps ?? []).some((step) => isToBeSeen(step) && step.state === 'Requested');
  return isAsked || (status.actions ?? []).some((record) => isAct(record) && record.state === 'Reserved');
}

function judgeOpen({ now, remediation }: RemediationSnapshot, incident: KubeletIncident): Judgement {
  const { name } = incident.metadata;
  const complete = findCondition(incident.status.conditions, 'Complete');
  const wait = GIVEN_BACK_WAITS.find((reason) => reason === complete?.reason);
  const doing = `incident ${name}: ${incident.status.state ?? 'opened'}`;
  const working = { kind: 'working', reason: 'IncidentOpen', message: doing, incident: name } as const;
  if (wait === undefined || isActUnderWay(incident)) return working;
  const askedAt = fromTime(remediation.metadata.creationTimestamp) ?? 0;
  const isOfHealthCheck = healthCheckHolder(remediation) !== undefined;
  if (wait === 'MaintenanceLease' && isOfHealthCheck && now < askedAt + LEASE_SEEN_MS)
    return { ...working, until: askedAt + LEASE_SEEN_MS };
  return { kind: 'givenBack', reason: wait, message: `incident ${name}: ${complete?.message ?? wait}`, incident: name };
}

/** Another incident takes the trouble up again, now or when its time has come; or the node has changed since. */
function isNotTheLastWord({ now }: RemediationSnapshot, { node }: NodeFacts, incident: KubeletIncident): boolean {
  const endedAt = endOf(incident);
  const isChanged = (fromTime(readyCondition(node)?.lastTransitionTime) ?? 0) > endedAt;
  return isChanged || now - endedAt >= retryAfterMs(incident);
}

function endOf({ status }: KubeletIncident): number {
  return fromTime(status.timings?.completedAt) ?? 0;
}

function judgeEnded(snapshot: RemediationSnapshot, facts: NodeFacts, incident: KubeletIncident): Judgement {
  const { outcome = '', conditions } = incident.status;
  const { name } = incident.metadata;
  if (!isOutcome(outcome)) return { kind: 'pass' };
  const message = `incident ${name} ended as ${outcome}: ${findCondition(conditions, 'Complete')?.message ?? ''}`;
  if (isHealed(outcome)) {
    const { metadata, status } = snapshot.remediation;
    // The end is told by our clock, and the request by the API server's.
    const isOfThis = status.incident === name || endOf(incident) >= (fromTime(metadata.creationTimestamp) ?? 0);
    return isOfThis ? { kind: 'healed', reason: outcome, message, incident: name } : { kind: 'pass' };
  }
  if (isNotTheLastWord(snapshot, facts, incident)) return { kind: 'pass' };
  return { kind: 'givenBack', reason: outcome, message, incident: name };
}

/** The newest incident that is about a fault of the node: it is led as it is, and never another way for a request. */
export function judgeIncident(snapshot: RemediationSnapshot, facts: NodeFacts): Judgement {
  const [newest] = faultsOf(facts);
  if (newest === undefined) return { kind: 'pass' };
  return isOpen(newest) ? judgeOpen(snapshot, newest) : judgeEnded(snapshot, facts, newest);
}

/** Nothing more is waited for, unless an act is under way. */
export function isActing(facts: NodeFacts): boolean {
  return faultsOf(facts).some((incident) => isOpen(incident) && isActUnderWay(incident));
}
