/** Reasons not to act, judged on facts read just before the act. Pure. */
import type { ProbeState } from '../../api/v1alpha1/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { ACTIONS, type ActStep, needsWhatIsMissing } from '../../core/decision/actions.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { UnitFacts } from '../../ports/host.ts';
import type { Reading } from '../health/observation.ts';

export interface ActQuestion {
  readonly incident: KubeletIncident;
  readonly step: ActStep;
  /** UID of the Node as it is now; undefined: not known, and then not judged. */
  readonly nodeUID: string | undefined;
  readonly unit: Reading<UnitFacts>;
  readonly probe: ProbeState;
  /** How far this node's clock is ahead of the API server's, in milliseconds. */
  readonly clockAheadMs: number;
}

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

type Rule = (question: ActQuestion) => Refusal | undefined;

/** Times of the API are in seconds, and clocks are compared over a network. */
const CLOCK_TOLERANCE_MS = 2_000;

function otherNode({ incident, nodeUID }: ActQuestion): Refusal | undefined {
  if (nodeUID === undefined || incident.spec.nodeUID === nodeUID) return undefined;
  const message = `the incident is about a Node with UID ${incident.spec.nodeUID}; this one has ${nodeUID}`;
  return { reason: 'OtherNode', message };
}

function notAllowed({ incident, step }: ActQuestion): Refusal | undefined {
  const { plan, approval } = incident.spec;
  if (plan.mode !== 'Remediate') {
    return { reason: 'ModeForbids', message: `the plan's mode is ${plan.mode}; only Remediate acts` };
  }
  if (approval?.decision === 'Reject') return { reason: 'Rejected', message: `rejected by ${approval.by}` };
  const chosen = approval?.decision === 'Approve' && approval.action === step.action;
  if (chosen || plan.remediation.allowedActions.includes(step.action)) return undefined;
  return { reason: 'ActionNotAllowed', message: `the plan does not allow ${step.action}` };
}

function unitMissing({ step, unit }: ActQuestion): Refusal | undefined {
  const { effect } = ACTIONS[step.action];
  if (effect.command !== 'RestartUnit') return undefined;
  const role = effect.unit;
  switch (unit.kind) {
    case 'known':
      return undefined;
    case 'absent':
      return { reason: 'UnitNotFound', message: `no systemd unit of the ${role} was found` };
    case 'unreadable':
      return { reason: 'UnitUnreadable', message: `the ${role} unit cannot be read: ${unit.message}` };
    default:
      return unit satisfies never;
  }
}

function alreadyRestarted({ step, unit, clockAheadMs }: ActQuestion): Refusal | undefined {
  if (ACTIONS[step.action].effect.command !== 'RestartUnit' || unit.kind !== 'known') return undefined;
  const asked = fromTime(step.startedAt);
  const started = unit.value.startedAt;
  if (asked === undefined || started === undefined) return undefined;
  if (started - clockAheadMs <= asked + CLOCK_TOLERANCE_MS) return undefined;
  const message = `${unit.value.unit} was started at ${new Date(started).toISOString()}, after this was asked for`;
  return { reason: 'AlreadyRestarted', message };
}

function runtimeSilent({ step, probe }: ActQuestion): Refusal | undefined {
  if (!needsWhatIsMissing(step.action, probe)) return undefined;
  const message = `the runtime does not answer (${probe}): the kubelet validates the CRI when it starts, and would crash-loop`;
  return { reason: 'RuntimeNotAnswering', message };
}

const RULES: readonly Rule[] = [otherNode, notAllowed, unitMissing, alreadyRestarted, runtimeSilent];

/** The first rule that objects; undefined: none does. */
export function refuse(question: ActQuestion): Refusal | undefined {
  for (const rule of RULES) {
    const refusal = rule(question);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
