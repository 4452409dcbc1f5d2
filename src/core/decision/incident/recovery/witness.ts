/**
 * One source opens an incident and a capture, never an act: a line in a log can be stale, misread or forged. Before anything
 * is done to the node a second source, independent of the first, has to say the same, and it is named in the record. A node
 * that says Ready=True while its relist moves is left alone.
 */
import type { IncidentStatus, Witness } from '../../../../api/v1alpha1/kinds/incident.ts';
import { parsePlegLine } from '../../../detection/pleg-line.ts';
import { PROGRAM_LASTS_MS } from '../../../detection/settings.ts';
import { durationMs, formatSeconds } from '../../../time/duration.ts';
import { fromTime } from '../../../time/timestamp.ts';
import { isRuntimeDeaf } from '../../actions.ts';
import { askCommands, isInTouch } from '../../contact.ts';
import { tellSilence } from '../../silence.ts';
import { TRIGGERS } from '../../node/triggers.ts';
import { isLogUnreadable, isReady, readyCondition } from '../../node-state.ts';
import { hasReservation } from '../../policy/places.ts';
import { findCondition, withCondition } from '../../record/conditions-and-steps.ts';
import { isDecisionOld, outdated } from '../decision-age.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

/** How long a second witness is waited for, in milliseconds. A kubelet whose PLEG is unhealthy says so to the API within 20 s. */
const WAIT_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 5_000;

function sourceOf({ incident }: IncidentSnapshot): Witness {
  const { type, source } = incident.spec.trigger;
  return source ?? (type === 'Manual' ? 'Person' : 'KubeletLog');
}

/** What the witness says, for a person; undefined: nothing. */
type Testimony = (snapshot: IncidentSnapshot, status: IncidentStatus) => string | undefined;

function stackDump(snapshot: IncidentSnapshot, status: IncidentStatus): string | undefined {
  const { diagnosis } = status;
  if (diagnosis === undefined || isDecisionOld(snapshot, status)) return undefined;
  if (diagnosis.relist === 'Stuck') return 'relist has not moved in the stack dumps that were taken after the breach';
  // Within its first minute one call cannot be told from the next. Where the runtime answers nobody it need not be.
  // A cause of the user's own may be told by any stack.
  const isKnown = diagnosis.own !== true && diagnosis.class === 'RuntimeHung';
  const waitsForRuntime = isKnown && diagnosis.blockedStack !== undefined;
  const isEnough = sourceOf(snapshot) === 'RuntimeProbe' && diagnosis.relist === 'Unknown' && waitsForRuntime;
  return isEnough ? 'relist waits for the runtime in the stack dumps' : undefined;
}

/** Not ready for something else, for example the network, is no witness of this. */
export function nodeReady({ node, contact }: Pick<IncidentSnapshot, 'node' | 'contact'>): string | undefined {
  const ready = node === undefined ? undefined : readyCondition(node);
  if (ready?.status === 'False') {
    return parsePlegLine(ready.message).kind === 'none' ? undefined : `Ready=False: ${ready.message}`;
  }
  if (ready?.status !== 'Unknown' || !isInTouch(contact)) return undefined;
  return 'Ready=Unknown: the kubelet does not report, while the agent of the node does';
}

function runtimeProbe({ health, contact }: IncidentSnapshot): string | undefined {
  const probe = health?.status.runtime?.probe;
  if (probe === undefined || !isInTouch(contact) || !isRuntimeDeaf(probe.state)) return undefined;
  return `the agent's own CRI probe says ${probe.state}`;
}

/** Of a kubelet that the kernel shows stopped: that it does not answer either is enough after the time that the policy says. */
function isSilentLongEnough({ incident, health, now }: IncidentSnapshot): boolean {
  const openedAt = fromTime(incident.metadata.creationTimestamp) ?? now;
  return (
    health !== undefined && now - openedAt >= durationMs(health.spec.detection.kubeletSilentAfter) - PROGRAM_LASTS_MS
  );
}

/** Of a frozen kubelet: that it does not answer. */
function kubeletProbe(snapshot: IncidentSnapshot): string | undefined {
  const { incident, health, contact } = snapshot;
  const kubelet = health?.status.kubelet;
  if (incident.spec.trigger.type !== 'KubeletSilent' || !isInTouch(contact)) return undefined;
  if (kubelet?.program?.state !== 'Frozen' || kubelet.answers !== false) return undefined;
  return isSilentLongEnough(snapshot) ? 'the kubelet does not answer /healthz' : undefined;
}

/**
 * A node that was cut off with its agent looks the same for a moment when it is back (found by the model, seed 108). Its kubelet
 * renews its Lease at the next try: every 10 s, and 10 s later where one is under way.
 */
const RENEWS_MS = 20_000;
/** The agent has answered within it, and it is asked every 5 s. */
const ANSWERS_MS = 15_000;

function isUnrenewed({ kubeletLease }: IncidentSnapshot): boolean {
  if (kubeletLease === undefined) return false;
  return kubeletLease.unrenewedMs >= Math.max(RENEWS_MS, kubeletLease.durationMs / 2);
}

/** Once it is said the agent is asked again before the act, and heard meanwhile. */
function isAnswering({ contact }: IncidentSnapshot, { conditions }: IncidentStatus): boolean {
  const isSaid = findCondition(conditions, 'Confirmed')?.reason === 'NodeLease';
  const forMs = Math.max(contact.answeringForMs, isSaid ? contact.heardForMs : 0);
  return isInTouch(contact) && forMs >= ANSWERS_MS;
}

/** Of a kubelet that runs and does not report: that it alone is cut off, for as long as a connection that works would have shown. */
function leaseNotRenewed(snapshot: IncidentSnapshot, status: IncidentStatus): string | undefined {
  const { incident, health, node } = snapshot;
  if (incident.spec.trigger.type !== 'KubeletSilent' || health?.status.kubelet?.program?.state !== 'Running')
    return undefined;
  if (node === undefined || readyCondition(node)?.status !== 'Unknown') return undefined;
  // What it says itself tells whether a restart helps.
  if (isLogUnreadable(health)) return undefined;
  const isForLong = isUnrenewed(snapshot) && isAnswering(snapshot, status);
  if (!isForLong) return undefined;
  return 'the kubelet does not renew its Lease, and the agent of its node has answered all the time';
}

function person({ incident }: IncidentSnapshot): string | undefined {
  const { approval } = incident.spec;
  return approval?.decision === 'Approve' ? `approved by ${approval.by}` : undefined;
}

/** The kubelet has lost Ready within the episodes that the log tells of. Both times are of the node's own clock. */
function readyLost({ incident, node, health }: IncidentSnapshot): string | undefined {
  if (incident.spec.trigger.type !== 'PLEGFlapping' || node === undefined) return undefined;
  const turned = fromTime(readyCondition(node)?.lastTransitionTime);
  const since = fromTime(health?.status.pleg?.episodes.slice(-3)[0]?.startedAt);
  if (turned === undefined || since === undefined || turned < since) return undefined;
  return `Ready has changed since ${new Date(since).toISOString()}, as PLEG was unhealthy again and again`;
}

const TESTIMONIES: Readonly<Record<Witness, readonly Testimony[]>> = {
  Person: [person],
  StackDump: [stackDump],
  NodeReady: [nodeReady, readyLost],
  RuntimeProbe: [runtimeProbe],
  KubeletProbe: [kubeletProbe],
  NodeLease: [leaseNotRenewed],
  // They open an incident, and are never the second one.
  Kernel: [],
  ServiceManager: [],
  // The first witness, of which a second one is to be independent.
  KubeletLog: [],
};

/** Who may be the second one, in the order in which they are asked. */
const ORDER: readonly Witness[] = ['Person', 'NodeReady', 'StackDump', 'RuntimeProbe', 'KubeletProbe', 'NodeLease'];

interface Found {
  readonly witness: Witness;
  readonly message: string;
}

function find(snapshot: IncidentSnapshot, status: IncidentStatus): Found | undefined {
  const source = sourceOf(snapshot);
  for (const witness of ORDER) {
    if (witness === source) continue;
    for (const testimony of TESTIMONIES[witness]) {
      const message = testimony(snapshot, status);
      if (message !== undefined) return { witness, message };
    }
  }
  return undefined;
}

/** The node says that it is well, and its stacks say so too. Those of a program that does nothing stand where they stood. */
function isVetoed(snapshot: IncidentSnapshot, status: IncidentStatus): boolean {
  const { incident, node } = snapshot;
  if (TRIGGERS[incident.spec.trigger.type].isOfProgram === true) return false;
  if (incident.spec.approval?.decision === 'Approve' || node === undefined || !isReady(node)) return false;
  return status.diagnosis?.relist === 'Moving' && readyLost(snapshot) === undefined;
}

function withClaim(
  { now }: IncidentSnapshot,
  status: IncidentStatus,
  claim: { readonly status: 'True' | 'False' | 'Unknown'; readonly reason: Witness | 'NotConfirmed' | 'NoWitnessYet' },
  message: string,
): IncidentStatus {
  const old = findCondition(status.conditions, 'Confirmed');
  // Its words may grow with every look; a change of what it is about is worth a write.
  if (old?.status === claim.status && old.reason === claim.reason) return status;
  return { ...status, conditions: withCondition(status.conditions, { type: 'Confirmed', ...claim, message }, now) };
}

function notConfirmed(snapshot: IncidentSnapshot, status: IncidentStatus, message: string): StageResult {
  const claim = { status: 'False', reason: 'NotConfirmed' } as const;
  return {
    kind: 'complete',
    status: withClaim(snapshot, status, claim, message),
    outcome: 'NotConfirmed',
    message,
  };
}

/**
 * A dump that has grown old is no sign that the node is well. It is taken anew once there is a place to act: an incident that
 * may not act for a day is one incident.
 */
function wasByDump({ conditions }: IncidentStatus): boolean {
  const known = findCondition(conditions, 'Confirmed');
  return known?.status === 'True' && known.reason === 'StackDump';
}

/** Passes when a second witness says so now. */
export function confirmed(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, contact } = snapshot;
  if (isVetoed(snapshot, status)) {
    return notConfirmed(snapshot, status, 'Ready=True, and relist moves between two stack dumps: nothing was done');
  }
  const found = find(snapshot, status);
  if (found !== undefined) {
    return {
      kind: 'pass',
      status: withClaim(snapshot, status, { status: 'True', reason: found.witness }, found.message),
    };
  }
  if (wasByDump(status) && isDecisionOld(snapshot, status))
    return hasReservation(status) ? outdated(status) : { kind: 'pass', status };
  const source = sourceOf(snapshot);
  const isOfReport = snapshot.incident.spec.trigger.type === 'KubeletSilent' && source === 'NodeReady';
  const message = `only one source says so (${source}); a second one is waited for`;
  const waiting = withClaim(snapshot, status, { status: 'Unknown', reason: 'NoWitnessYet' }, message);
  const since = fromTime(findCondition(waiting.conditions, 'Confirmed')?.lastTransitionTime) ?? now;
  if (now - since >= WAIT_MS) {
    const ended = `no second source said so within ${formatSeconds(WAIT_MS)}`;
    return notConfirmed(snapshot, status, tellSilence(snapshot, snapshot.incident.spec.nodeName, ended));
  }
  return {
    kind: 'wait',
    status: waiting,
    reason: 'NoWitnessYet',
    until: Math.min(since + WAIT_MS, now + LOOK_AGAIN_MS),
    commands: askCommands(contact, isOfReport ? 'steadily' : 'lately'),
  };
}
