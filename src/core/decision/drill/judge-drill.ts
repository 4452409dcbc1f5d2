/** Whether a fault may be made now, as the controller sees it: it alone knows the other nodes, the budget and the pods. Pure. */
import type { Drill } from '../../../api/v1alpha1/parts/drill.ts';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { formatSeconds } from '../../time/duration.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isOpen } from '../node-state.ts';
import type { IncidentSnapshot } from '../incident/incident-snapshot.ts';
import { wellness } from '../incident/wellness.ts';
import { planOf } from '../node/decide-node.ts';
import { judgeBudget } from '../policy/budget.ts';
import { findCondition, findStep } from '../record/conditions-and-steps.ts';
import { INJECT_STEP } from '../record/step-names.ts';
import type { DrillFacts } from './drill-facts.ts';
import { type DrillObjection, type DrillRule, firstObjection, objectionToDrill } from './drill-objection.ts';
import { podsAtRisk } from './pods-at-risk.ts';

type Question = Omit<IncidentSnapshot, 'drill'> & DrillFacts;

/** Who asked for it is still there to see it. */
const ASKED_MS = 120_000;

function expired({ incident, now }: Question): DrillObjection | undefined {
  const askedMs = now - (fromTime(incident.metadata.creationTimestamp) ?? 0);
  if (askedMs <= ASKED_MS) return undefined;
  const message = `it was asked for more than ${formatSeconds(ASKED_MS)} ago, and could not begin: ask again`;
  return { reason: 'DrillExpired', message };
}

function common({ incident, node, policy, lease, budget }: Question, drill: Drill): DrillObjection | undefined {
  return objectionToDrill({ incident, node, policy, lease, incidents: budget.incidents }, drill);
}

/** The plan is a person's; the policy is the one that would heal the node. */
function otherPolicy({ incident, ruling }: Question): DrillObjection | undefined {
  const { policy } = incident.spec.plan;
  if (ruling?.metadata.name === policy) return undefined;
  const rules = ruling === undefined ? 'no policy rules the node' : `the policy ${ruling.metadata.name} rules the node`;
  return { reason: 'PolicyMismatch', message: `${rules}, and the drill names ${policy}` };
}

function orderOf({ metadata }: KubeletIncident): string {
  return `${metadata.creationTimestamp} ${metadata.uid}`;
}

/** Of two that were asked for at once the earlier one goes on. */
function otherDrill({ incident, budget }: Question): DrillObjection | undefined {
  const other = budget.incidents
    .filter((one) => one.spec.trigger.type === 'Drill' && one.metadata.uid !== incident.metadata.uid && isOpen(one))
    .find((one) => findStep(one.status, INJECT_STEP) !== undefined || orderOf(one) < orderOf(incident));
  if (other === undefined) return undefined;
  return { reason: 'DrillInFlight', message: `the drill ${other.metadata.name} is under way` };
}

function notWell(question: Question): DrillObjection | undefined {
  return programDown(question) ?? notSaidWell(question);
}

function programDown({ health }: Question): DrillObjection | undefined {
  const programs = [health?.status.kubelet?.program, health?.status.runtime?.program];
  const down = programs.find((program) => program !== undefined && program.state !== 'Running');
  if (down === undefined) return undefined;
  return { reason: 'NodeNotWell', message: `a program of the node is ${down.state}: ${down.message ?? ''}` };
}

function notSaidWell(question: Question): DrillObjection | undefined {
  const { pleg, runtime } = question.health?.status ?? {};
  const [said, probe] = [pleg?.state ?? 'Unknown', runtime?.probe.state ?? 'Unknown'];
  if (wellness(question) === 'Well' && said === 'Healthy' && probe === 'Answered') return undefined;
  const message = `its agent does not say that the node is well (PLEG ${said}, CRI probe ${probe})`;
  return { reason: 'NodeNotWell', message };
}

function notRecoverable({ health }: Question): DrillObjection | undefined {
  const recoverable = findCondition(health?.status.conditions, 'Recoverable');
  if (recoverable?.status === 'True') return undefined;
  return {
    reason: 'NotRecoverable',
    message: recoverable?.message ?? 'its agent does not say that it can be recovered',
  };
}

/** By the plan that its recovery would have. */
function budgetUsed({ incident, budget, ruling, now }: Question): DrillObjection | undefined {
  if (ruling === undefined) return undefined;
  const verdict = judgeBudget({ ...incident, spec: { ...incident.spec, plan: planOf(ruling) } }, budget, now);
  return verdict.kind === 'free' ? undefined : { reason: verdict.reason, message: verdict.message };
}

function pods({ pods: seen }: Question): DrillObjection | undefined {
  if (seen.kind === 'unreadable') return { reason: 'PodsUnreadable', message: seen.message };
  const message = podsAtRisk(seen.pods);
  return message === undefined ? undefined : { reason: 'PodsAtRisk', message };
}

const RULES: readonly DrillRule<Question>[] = [
  expired,
  common,
  otherPolicy,
  otherDrill,
  notWell,
  notRecoverable,
  budgetUsed,
  pods,
];

/** Why not, or undefined. */
export function judgeDrill(snapshot: IncidentSnapshot, drill: Drill): DrillObjection | undefined {
  const none: DrillFacts = { ruling: undefined, pods: { kind: 'unreadable', message: 'the pods were not looked at' } };
  return firstObjection(RULES, { ...none, ...snapshot.drill, ...snapshot }, drill);
}
