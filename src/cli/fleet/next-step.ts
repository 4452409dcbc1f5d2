/** What would happen next to a node or an incident, and why not more. Pure. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { stateText } from '../state-text.ts';
import { checksOf, whyNot } from './checks.ts';
import type { NodeView } from './read-fleet.ts';
import type { Trouble } from './troubles.ts';

/** `Waiting: budget: 1 of 1 recoveries in flight (...)`. */
export function waitText({ status }: KubeletIncident): string {
  const state = stateText(status);
  const message = findCondition(status.conditions, 'Complete')?.message ?? '';
  return message === '' ? state : `${state}: ${message}`;
}

/** Kinds of trouble on which an incident opens; all others are only watched. */
const STUCK = /^(?:PLEG Unhealthy|(?:kubelet|runtime) (?:Frozen|Uninterruptible|Silent|Failed|CrashLooping))$/;

export function nextText(view: NodeView, troubles: readonly Trouble[], now: number): string {
  const [incident] = view.incidents;
  if (incident !== undefined) return `${incident.metadata.name}: ${stateText(incident.status)}`;
  const lack = whyNot(checksOf({ ...view, now }));
  if (lack !== undefined) return `no restart: ${lack.name === 'agent' ? 'its agent does not report' : lack.message}`;
  if (troubles.some(({ kind }) => STUCK.test(kind)))
    return 'an incident opens after the time of its policy, if none lately ended in vain (history)';
  return 'watched: nothing says so far that the kubelet is stuck';
}
