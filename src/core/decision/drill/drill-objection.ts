/** Why no fault is made on a node, as far as controller and agent both see it. Each asks by itself. Pure. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { Drill } from '../../../api/v1alpha1/parts/drill.ts';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { DRILL_ALLOWED, LABEL_DRILL } from '../../../api/v1alpha1/words/names.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { isControlPlane, isOpen, isReady } from '../node-state.ts';
import { type LeaseState, objectionOf } from '../other-actors.ts';
import { objectionOfPolicy } from '../policy/policy-now.ts';
import type { DrillRefusal } from '../record/reasons.ts';
import { FAULTS, MIN_FAULT_MS } from './faults.ts';

export interface DrillObjection {
  readonly reason: DrillRefusal;
  readonly message: string;
}

export interface DrillQuestion {
  readonly incident: KubeletIncident;
  /** undefined: there is no such node any more. */
  readonly node: Node | undefined;
  /** The policy that the plan names, as it is now; undefined: there is none. */
  readonly policy: KubeletRecoveryPolicy | undefined;
  readonly lease: LeaseState;
  /** All incidents of the node that are known. */
  readonly incidents: readonly KubeletIncident[];
}

export type DrillRule<Question> = (question: Question, drill: Drill) => DrillObjection | undefined;

export function drillOf({ spec }: KubeletIncident): Drill | undefined {
  return spec.trigger.type === 'Drill' ? spec.drill : undefined;
}

function length(_: DrillQuestion, { fault, lastsFor }: Drill): DrillObjection | undefined {
  const { maxMs } = FAULTS[fault];
  const ms = durationMs(lastsFor);
  if (ms >= MIN_FAULT_MS && ms <= maxMs) return undefined;
  const message = `${fault} may last from ${formatSeconds(MIN_FAULT_MS)} to ${formatSeconds(maxMs)}, and not ${lastsFor}`;
  return { reason: 'DrillTooLong', message };
}

function place({ incident, node }: DrillQuestion): DrillObjection | undefined {
  const { nodeName, nodeUID } = incident.spec;
  if (node?.metadata.uid !== nodeUID)
    return { reason: 'NodeGone', message: `there is no node ${nodeName} with the UID ${nodeUID}` };
  if (node.metadata.labels[LABEL_DRILL] !== DRILL_ALLOWED) {
    return { reason: 'DrillNotAllowed', message: `the node has no label ${LABEL_DRILL}=${DRILL_ALLOWED}` };
  }
  if (!isControlPlane(node)) return undefined;
  return { reason: 'ControlPlane', message: 'no fault is made on a control plane node' };
}

function policyForbids({ incident, policy }: DrillQuestion, { fault }: Drill): DrillObjection | undefined {
  const forbids = objectionOfPolicy({ policy: incident.spec.plan.policy, mode: 'Remediate' }, policy);
  if (forbids !== undefined) return { reason: 'PolicyForbids', message: forbids.message };
  if (policy === undefined) return undefined;
  const { strategy, remediation } = policy.spec;
  const { name } = policy.metadata;
  if (strategy !== 'RestoreFirst') {
    const message = `the policy ${name} has the strategy ${strategy}: a person may take longer than a fault may last`;
    return { reason: 'StrategyHolds', message };
  }
  const { cure } = FAULTS[fault];
  if (remediation.allowedActions.includes(cure)) return undefined;
  return { reason: 'CureNotAllowed', message: `the policy ${name} does not allow ${cure}, which heals it` };
}

function others({ incident, node, lease }: DrillQuestion): DrillObjection | undefined {
  return node === undefined ? undefined : objectionOf(node, incident.metadata.name, lease);
}

function alreadyIll({ node }: DrillQuestion): DrillObjection | undefined {
  if (node === undefined || isReady(node)) return undefined;
  return { reason: 'NodeNotWell', message: 'the node is not Ready' };
}

function underWay({ incident, incidents }: DrillQuestion): DrillObjection | undefined {
  const other = incidents.find(
    (one) => one.spec.nodeName === incident.spec.nodeName && one.metadata.uid !== incident.metadata.uid && isOpen(one),
  );
  if (other === undefined) return undefined;
  return { reason: 'IncidentOpen', message: `${other.metadata.name} is open on the node` };
}

const RULES: readonly DrillRule<DrillQuestion>[] = [length, place, policyForbids, others, alreadyIll, underWay];

/** The first of the rules that objects. */
export function firstObjection<Question>(
  rules: readonly DrillRule<Question>[],
  question: Question,
  drill: Drill,
): DrillObjection | undefined {
  for (const rule of rules) {
    const objection = rule(question, drill);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

export function objectionToDrill(question: DrillQuestion, drill: Drill): DrillObjection | undefined {
  return firstObjection(RULES, question, drill);
}
