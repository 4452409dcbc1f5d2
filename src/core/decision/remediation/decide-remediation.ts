/**
 * What is answered to another operator that asks for a node to be looked at now. A request opens nothing and allows nothing: the
 * incident of the node is opened and led by what is seen, as it is without one. It is told how far that is, and at once where
 * nothing comes of it, so that the next remediator loses no time.
 */
import type { RemediationStatus } from '../../../api/v1alpha1/kinds/remediation.ts';
import { ANNOTATION_CORDONED_BY } from '../../../api/v1alpha1/words/names.ts';
import { durationMs } from '../../time/duration.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isSilent } from '../contact.ts';
import { wellness } from '../incident/wellness.ts';
import { isControlPlane, isReady, readyCondition } from '../node-state.ts';
import { findTrigger } from '../node/triggers.ts';
import { objectionOf } from '../other-actors.ts';
import { withCondition } from '../record/conditions-and-steps.ts';
import { silenceWords } from '../silence.ts';
import type { Answer } from './answers.ts';
import { isActing, judgeIncident } from './judge-incident.ts';
import type { Judgement, NodeFacts, RemediationDecision, RemediationSnapshot } from './remediation-snapshot.ts';
import { isAnswered, isTimedOut, machineOf } from './requester.ts';

/** One question of the life of a request. Pure. */
type Question = (snapshot: RemediationSnapshot, facts: NodeFacts) => Judgement;

type Given = Exclude<Judgement, { kind: 'pass' }>;

const PASS: Judgement = { kind: 'pass' };
/** So long nothing need be known of a node that is not Ready, in milliseconds: agents and kubelets say it within that time. */
const LOOK_MS = 60_000;
/** What waits is looked at so often, beside all changes, in milliseconds. */
const LOOK_AGAIN_MS = 15_000;

function givenBack(reason: Answer, message: string): Given {
  return { kind: 'givenBack', reason, message };
}

function askedAt({ remediation, now }: RemediationSnapshot): number {
  return fromTime(remediation.metadata.creationTimestamp) ?? now;
}

function timedOut({ remediation }: RemediationSnapshot): Judgement {
  if (!isTimedOut(remediation)) return PASS;
  return givenBack('TimedOut', 'whoever asked has gone on; what had begun is finished, and nothing more begins');
}

/** What is worked on is given back when its time is over, unless an act is under way. */
function inTime(snapshot: RemediationSnapshot, facts: NodeFacts, judgement: Judgement): Judgement {
  const { timeout } = snapshot.remediation.spec;
  const isInTime = snapshot.now < askedAt(snapshot) + durationMs(timeout) || isActing(facts);
  if (judgement.kind !== 'working' || isInTime) return judgement;
  const { message, incident } = judgement;
  const late = givenBack('OutOfTime', `not recovered within ${timeout}; ${message}`);
  return incident === undefined ? late : { ...late, incident };
}

function ruled(_: RemediationSnapshot, { match, node }: NodeFacts): Judgement {
  const { policy } = match;
  if (policy === undefined) return givenBack('NotManaged', 'no policy rules the node');
  const { name } = policy.metadata;
  const { mode, paused, budget } = policy.spec;
  if (mode !== 'Remediate') return givenBack('NotManaged', `the mode of the policy ${name} is ${mode}`);
  if (paused) return givenBack('PolicyPaused', `the policy ${name} is paused`);
  if (isControlPlane(node) && budget.controlPlane === 'Skip')
    return givenBack('ControlPlaneSkipped', `the policy ${name} skips control plane nodes`);
  return PASS;
}

/** A cordon of ours is no objection here: what its incident says counts. */
function leftToOthers(_: RemediationSnapshot, { node }: NodeFacts): Judgement {
  const ours = node.metadata.annotations[ANNOTATION_CORDONED_BY] ?? '';
  const objection = objectionOf(node, ours, { kind: 'unused' });
  // This request is known.
  const isNone = objection === undefined || objection.reason === 'RequestsUnknown';
  return isNone ? PASS : givenBack(objection.reason, objection.message);
}

/** What the agent has said last holds for a node that is Ready: it writes at once where that changes. */
function nodeWell(snapshot: RemediationSnapshot, facts: NodeFacts): Judgement {
  if (!isReady(facts.node) || (wellness(facts) !== 'Well' && isClaimed(facts))) return PASS;
  const message = 'the node is Ready, and nothing says that its kubelet is stuck';
  const readyAt = fromTime(readyCondition(facts.node)?.lastTransitionTime) ?? 0;
  const until = Math.max(askedAt(snapshot), readyAt) + LOOK_MS;
  // A Machine is not replaced because of a look from before the node was well: a MachineHealthCheck takes such a request back.
  const isTooEarly = isToBeReplaced(snapshot.remediation) && snapshot.now < until;
  return isTooEarly ? { kind: 'working', reason: 'NodeWell', message, until } : givenBack('NodeWell', message);
}

function isClaimed(facts: NodeFacts): boolean {
  const { policy } = facts.match;
  return policy !== undefined && findTrigger({ ...facts, wellMs: undefined, told: undefined }, policy) !== undefined;
}

/** A node that is cut off or has no power: no restart of ours reaches it. */
function agentSilent(_: RemediationSnapshot, facts: NodeFacts): Judgement {
  const { contact, health, node } = facts;
  if (isClaimed(facts) || !(health === undefined || isSilent(contact))) return PASS;
  return givenBack('AgentSilent', silenceWords(health, node.metadata.name));
}

function looking(snapshot: RemediationSnapshot, facts: NodeFacts): Judgement {
  const until = askedAt(snapshot) + LOOK_MS;
  if (snapshot.now >= until && !isClaimed(facts)) {
    return givenBack('NotStuck', 'the node is not Ready, and nothing says that its kubelet or runtime is stuck');
  }
  const message = 'the node is not Ready; its kubelet and runtime are looked at';
  return { kind: 'working', reason: 'Looking', message, until };
}

/** The order reads as the specification: the first that says something is the answer. */
const QUESTIONS: readonly Question[] = [
  timedOut,
  judgeIncident, // what is done already
  ruled, //         nobody but the policy allows anything
  leftToOthers,
  nodeWell,
  agentSilent,
  looking,
];

function judge(snapshot: RemediationSnapshot): Judgement {
  const { target } = snapshot;
  if (target.kind === 'nobody') return givenBack(target.reason, target.message);
  for (const question of QUESTIONS) {
    const judgement = question(snapshot, target.facts);
    if (judgement.kind !== 'pass') return inTime(snapshot, target.facts, judgement);
  }
  return PASS;
}

function statusOf(snapshot: RemediationSnapshot, judgement: Given): RemediationStatus {
  const { remediation, target, now } = snapshot;
  const { status } = remediation;
  const { kind, reason, message, incident = status.incident } = judgement;
  const isWorking = kind === 'working';
  const succeeded = isWorking ? 'Unknown' : kind === 'healed' ? 'True' : 'False';
  const processing = { type: 'Processing', status: isWorking ? 'True' : 'False', reason, message } as const;
  const conditions = withCondition(status.conditions, processing, now);
  return {
    conditions: withCondition(conditions, { type: 'Succeeded', status: succeeded, reason, message }, now),
    ...(target.name === undefined ? {} : { nodeName: target.name }),
    ...(incident === undefined ? {} : { incident }),
    ...(kind === 'givenBack' && isToBeReplaced(remediation) ? { machine: 'ToBeReplaced' } : {}),
    observedGeneration: remediation.metadata.generation,
  };
}

function isToBeReplaced(remediation: RemediationSnapshot['remediation']): boolean {
  return remediation.spec.whenNotHealed === 'ReplaceMachine' && machineOf(remediation) !== undefined;
}

/** @returns undefined: it has its answer, or is being deleted, and stays as it is. */
export function decideRemediation(snapshot: RemediationSnapshot): RemediationDecision | undefined {
  const { remediation, now } = snapshot;
  if (isAnswered(remediation) || remediation.metadata.deletionTimestamp !== undefined) return undefined;
  const judgement = judge(snapshot);
  if (judgement.kind === 'pass') throw new Error('unreachable: the last question always answers');
  const isOver = judgement.kind !== 'working';
  const until = Math.min(judgement.until ?? Number.POSITIVE_INFINITY, now + LOOK_AGAIN_MS);
  return { status: statusOf(snapshot, judgement), nextCheckAt: isOver ? undefined : Math.max(until, now + 1_000) };
}
