/** `kubectl medic approve` and `reject`: a person's word on an incident whose node is held. */
import { INCIDENTS } from '../../api/resources.ts';
import type { Approval, KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isActStep } from '../../core/decision/actions.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { getIncident, PLUGIN_MANAGER, type Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { whoAmI } from '../who-am-i.ts';

export interface Decision extends Omit<Approval, 'by'> {
  /** It ends an incident that is not held as well, before its first action: a person's no counts at any time until then. */
  readonly isCancel?: boolean;
}

/** The status changes often, and with it the version that the patch is bound to. */
const ATTEMPTS = 5;

/**
 * Sets `spec.approval`, if nobody has.
 * @throws `E_CLI_NOT_FOUND`; `E_CLI_NOT_NOW` where it is decided already, or there is nothing to decide.
 */
export async function runDecide(session: Session, name: string, decision: Decision): Promise<void> {
  const { cluster, terminal } = session;
  const by = await whoAmI(session);
  const { isCancel = false, ...said } = decision;
  const approval: Approval = { ...said, by };
  for (let attempt = 1; ; attempt++) {
    const incident = await getIncident(session, name);
    assertOpen(incident, decision);
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: incident.metadata.resourceVersion },
      { op: 'add', path: '/spec/approval', value: approval },
    ] as const;
    try {
      await cluster.jsonPatch(INCIDENTS, { name }, patch, { manager: PLUGIN_MANAGER });
      break;
    } catch (error) {
      if (isMedicError(error, 'denied')) throw notYours(error, by, name, decision);
      if (!isMedicError(error, 'conflict') || attempt === ATTEMPTS) throw error;
    }
  }
  const word = isCancel ? 'cancelled' : decision.decision === 'Approve' ? 'approved' : 'rejected';
  terminal.out(`${oneLine(name)} ${word} by ${oneLine(by)}\n`);
  terminal.note(`follow it with: kubectl medic show ${name}\n`);
}

function notYours(error: MedicError, by: string, name: string, { decision }: Decision): MedicError {
  const verb = decision === 'Approve' ? 'approve' : 'reject';
  const needed =
    "the verbs patch and approve on kubeletincidents.kubelet-medic.io (the chart's ClusterRole ...-approve)";
  const message = `${by} may not ${verb} ${name}; it takes ${needed}: ${error.message}`;
  return new MedicError(error.code, 'denied', message, { cause: error });
}

/** @throws `E_CLI_NOT_NOW` where it is decided already, or there is nothing to decide. */
export function assertOpen(incident: KubeletIncident, made: Decision): void {
  const { metadata, spec, status } = incident;
  const refuse = (why: string): never => {
    throw new MedicError('E_CLI_NOT_NOW', 'terminal', `${metadata.name} ${why}`);
  };
  if (spec.approval !== undefined) {
    const word = spec.approval.decision === 'Approve' ? 'approved' : 'rejected';
    refuse(`has been ${word} by ${spec.approval.by}; a decision is made once`);
  }
  if (status.outcome !== undefined) refuse(`is over: ${status.outcome}`);
  if (spec.trigger.type === 'Drill' && made.decision === 'Reject') return;
  if (spec.plan.mode !== 'Remediate') refuse(`is in mode ${spec.plan.mode}: nothing will be done to the node anyway`);
  if (made.isCancel === true) assertBeforeActs(incident, refuse);
  else assertHeld(incident, made, refuse);
}

/** What is under way on a host is not called back. */
function assertBeforeActs({ status }: KubeletIncident, refuse: (why: string) => never): void {
  const act = status.steps?.find(isActStep);
  if (act !== undefined) refuse(`has asked for ${act.action} already: that is not called back`);
}

function assertHeld(
  { spec, status }: KubeletIncident,
  { decision, action }: Decision,
  refuse: (why: string) => never,
): void {
  if (spec.plan.strategy !== 'DiagnoseFirst') {
    const cancel = decision === 'Reject' ? '; kubectl medic cancel ends it before its first action' : '';
    refuse(`has strategy ${spec.plan.strategy}: it waits for nobody${cancel}`);
  }
  const isHeldStill = status.steps?.every(({ type, state }) => type !== 'Hold' || state === 'Requested') ?? true;
  if (!isHeldStill) refuse('is not held any more: its time ran out, and the node is being restored');
  if (decision === 'Approve' && action !== undefined && !spec.plan.remediation.allowedActions.includes(action)) {
    refuse(`may not be given ${action}: its policy allows ${spec.plan.remediation.allowedActions.join(', ')}`);
  }
}
