/** What would be done if a person approved or rejected now: what he is asked to confirm. */
import { HEALTHS, INCIDENTS, POLICIES } from '../../api/resources.ts';
import type { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { ACTIONS } from '../../core/decision/actions.ts';
import { chooseFrom, type Choosing } from '../../core/decision/incident/recovery/follow-action.ts';
import { objectionOfPolicy } from '../../core/decision/policy/policy-now.ts';
import { OUTCOMES } from '../../core/decision/record/outcomes.ts';
import type { KubeObject, Ref, Resource } from '../../ports/cluster.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { assertOpen, type Decision } from '../decide/decide-incident.ts';
import { silentForMs } from '../fleet/agent-word.ts';
import { waitText } from '../fleet/next-step.ts';
import { serverNow } from '../fleet/read-fleet.ts';
import { getIncident, type Session } from '../session.ts';
import { shown } from './page-state.ts';
import { decisionRights } from './rights.ts';
import type { Choice, Choices } from './wire.ts';

/** @throws `E_CLI_NOT_FOUND`; `MedicError` of the API server. */
export async function choicesOf(session: Session, name: string, user: string): Promise<Choices> {
  const incident = await getIncident(session, name);
  const [view, rights] = await Promise.all([gather(session, incident), decisionRights(session, user)]);
  const { plan, nodeName } = incident.spec;
  const objection = view.mayReadPolicy ? objectionOfPolicy(plan, view.policy)?.message : undefined;
  const notes = [
    ...(objection === undefined ? [] : [`Nothing is restarted as long as this is so: ${objection}.`]),
    ...(view.mayReadPolicy ? [] : ['You may not read policies: whether this one still allows it is not known here.']),
    ...(rights.note === undefined ? [] : [rights.note]),
  ];
  return {
    incident: shown(name),
    node: shown(nodeName),
    waitsFor: shown(waitText(incident)),
    user: shown(user),
    server: shown(session.server ?? ''),
    ...(rights.denied === undefined ? {} : { denied: shown(rights.denied) }),
    notes: notes.map((note) => shown(note)),
    approve: [byDiagnosis(view), ...plan.remediation.allowedActions.map((action) => byPerson(incident, action))],
    reject: rejection(incident),
  };
}

interface View extends Choosing {
  readonly mayReadPolicy: boolean;
}

async function gather(session: Session, incident: KubeletIncident): Promise<View> {
  const { cluster } = session;
  const { nodeName, plan } = incident.spec;
  const [policy, health, past] = await Promise.all([
    readable(session, POLICIES, plan.policy),
    readable(session, HEALTHS, nodeName),
    cluster.list(INCIDENTS, { fieldSelector: `spec.nodeName=${nodeName}` }),
  ]);
  const now = serverNow(session);
  const said = health === 'denied' ? undefined : health;
  const isSilent = said === undefined || silentForMs(said, now) !== undefined;
  const probe: ProbeState = isSilent ? 'Unknown' : (said.status.runtime?.probe.state ?? 'Unknown');
  return {
    incident,
    incidents: past.items,
    now,
    probe,
    policy: policy === 'denied' ? undefined : policy,
    mayReadPolicy: policy !== 'denied',
  };
}

async function readable<T extends KubeObject>(
  { cluster }: Session,
  resource: Resource<T>,
  name: Ref['name'],
): Promise<T | undefined | 'denied'> {
  if (name === '') return undefined;
  try {
    return await cluster.get(resource, { name });
  } catch (error) {
    if (isMedicError(error, 'denied')) return 'denied';
    throw error;
  }
}

/** Why `approve` and `reject` would refuse it. */
function refusalOf(incident: KubeletIncident, decision: Decision): Pick<Choice, 'refusal'> {
  try {
    assertOpen(incident, decision);
    return {};
  } catch (error) {
    if (error instanceof MedicError && error.code === 'E_CLI_NOT_NOW') return { refusal: shown(error.message) };
    throw error;
  }
}

function byDiagnosis(view: View): Choice {
  const { incident } = view;
  const choice = chooseFrom(view, incident.status);
  const { nodeName } = incident.spec;
  const would =
    choice.kind === 'Act'
      ? `${choice.action} on ${nodeName}: ${effectOf(choice.action)}. Why: ${choice.message}.`
      : `Nothing is restarted on ${nodeName}: it is handed over to a person. Why: ${choice.message}`;
  const short = choice.kind === 'Act' ? `${choice.action} on ${nodeName}` : `hand ${nodeName} over`;
  return { action: '', short: shown(short), would: shown(would), ...refusalOf(incident, { decision: 'Approve' }) };
}

function byPerson(incident: KubeletIncident, action: keyof typeof ACTIONS): Choice {
  const would = `${action} on ${incident.spec.nodeName}: ${effectOf(action)}. Why: you choose it in place of the diagnosis.`;
  const short = `${action} on ${incident.spec.nodeName}`;
  return { action, short: shown(short), would: shown(would), ...refusalOf(incident, { decision: 'Approve', action }) };
}

/** For a person who is about to have it done. */
function effectOf(action: keyof typeof ACTIONS): string {
  const { effect } = ACTIONS[action];
  if (effect.command === 'RebootHost') return 'the machine is rebooted, with all pods on it';
  return `systemd restarts the unit of the ${effect.unit} on it`;
}

function rejection(incident: KubeletIncident): Choice {
  const { nodeName, trigger } = incident.spec;
  const would =
    trigger.type === 'Drill'
      ? `The drill on ${nodeName} ends, and its fault is undone at once.`
      : `${nodeName} is left as it is: nothing is restarted, a cordon of kubelet-medic's own is undone, and the incident ends. ${OUTCOMES.Rejected.meaning}`;
  const short = trigger.type === 'Drill' ? `end the drill on ${nodeName}` : `leave ${nodeName} as it is`;
  return { action: '', short: shown(short), would: shown(would), ...refusalOf(incident, { decision: 'Reject' }) };
}
