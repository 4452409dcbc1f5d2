/** What a change of an object says to a person. Pure. */
import type { Condition } from '../../api/v1alpha1/parts/condition.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { waitText } from '../fleet/next-step.ts';
import { stateText } from '../state-text.ts';

/** Of these `state` tells, with the same message. */
const TOLD_BY_STATE: readonly string[] = ['Complete', 'Ready', 'Reconciling', 'Stalled'];

/** @param isFirst it was there before the watch: told if it is open, and as it stands. */
export function incidentChanges(
  current: KubeletIncident | undefined,
  previous: KubeletIncident | undefined,
  isFirst: boolean,
): readonly string[] {
  if (current === undefined) return previous === undefined ? [] : [`${nameOf(previous)}  deleted`];
  const name = nameOf(current);
  if (isFirst && current.status.outcome !== undefined) return [];
  if (previous === undefined) {
    const { type, message } = current.spec.trigger;
    return [`${name}  ${isFirst ? 'open' : 'opened'}: ${type}: ${message}`, ...stateLines(current)];
  }
  const before = previous.status.conditions;
  const changed = changedConditions(before, current.status.conditions)
    .filter(({ type }) => !TOLD_BY_STATE.includes(type))
    .map(({ type, status, reason, message }) => `${name}  ${type}=${status} ${reason}: ${message}`);
  const isSame = stateText(previous.status) === stateText(current.status);
  return [...changed, ...(isSame ? [] : stateLines(current))];
}

function stateLines(incident: KubeletIncident): readonly string[] {
  return incident.status.state === undefined && incident.status.outcome === undefined
    ? []
    : [`${nameOf(incident)}  ${waitText(incident)}`];
}

/** Names begin with the node's. */
function nameOf({ metadata }: KubeletIncident): string {
  return metadata.name;
}

function changedConditions(
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): readonly Condition[] {
  return (after ?? []).filter(({ type, status, reason }) => {
    const old = before?.find((condition) => condition.type === type);
    return old?.status !== status || old.reason !== reason;
  });
}

/** @param isFirst it was there before the watch: told if something is wrong. */
export function healthChanges(
  current: KubeletHealth | undefined,
  previous: KubeletHealth | undefined,
  isFirst: boolean,
): readonly string[] {
  if (current === undefined) return [];
  const { name } = current.metadata;
  const { pleg, conditions } = current.status;
  const isNewState = pleg !== undefined && pleg.state !== previous?.status.pleg?.state;
  const states =
    isNewState && (!isFirst || pleg.state !== 'Healthy') ? [`${name}  PLEG ${pleg.state}: ${pleg.message}`] : [];
  const changed = changedConditions(previous?.status.conditions, conditions)
    .filter(({ status }) => previous !== undefined || (isFirst && status !== 'True'))
    .map(({ type, status, reason, message }) => `${name}  ${type}=${status} ${reason}: ${message}`);
  return [...states, ...changed];
}
