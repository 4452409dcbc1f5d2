/** From the evidence to a cause. */
import type { HealthReasons } from '../../../api/v1alpha1/words/conditions.ts';
import type { Diagnosis } from '../../../api/v1alpha1/parts/diagnosis.ts';
import type { HostSummary } from '../../../api/v1alpha1/parts/host-summary.ts';
import { MAX_LINKED } from '../../../api/v1alpha1/parts/fleet-pattern.ts';
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import type { ProbeState, ProgramInfo } from '../../../api/v1alpha1/kinds/health.ts';
import { parsePlegLine } from '../../detection/pleg-line.ts';
import { tellsOfPleg } from '../../detection/pleg-words.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import { heartbeatWords } from '../../diagnosis/clues/heartbeat-words.ts';
import {
  cutOffVerdict,
  notReportingVerdict,
  overloadedVerdict,
  type ProgramRole,
  programVerdict,
} from '../../diagnosis/verdict/program-verdict.ts';
import { overloadIn } from '../../diagnosis/overload.ts';
import { caseOf, findPatterns, patternText, type Pattern } from '../../diagnosis/fleet.ts';
import { lastWords } from '../../diagnosis/clues/last-words.ts';
import { ownWords } from '../../diagnosis/clues/own-words.ts';
import type { DiagnosisInput } from '../../diagnosis/diagnosis-input.ts';
import { isKubeletDump } from '../../evidence/manifest.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isInTouch } from '../contact.ts';
import { findCondition, withCondition } from '../record/conditions-and-steps.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';
import { withWatchdog } from './watchdog.ts';

/** The agent's newest probe; `Unknown` if it has not been heard from. */
export function probeState({ health, contact }: IncidentSnapshot): ProbeState {
  return isInTouch(contact) ? (health?.status.runtime?.probe.state ?? 'Unknown') : 'Unknown';
}

function saysPleg(host: HostSummary | undefined): boolean {
  return host?.logClues.some(({ line }) => tellsOfPleg(parsePlegLine(ownWords(line)))) ?? false;
}

function inputOf(snapshot: IncidentSnapshot): DiagnosisInput {
  const { node, health, incident, stacks, ownCauses } = snapshot;
  const runtime = health?.status.runtime;
  return {
    dumps: stacks.dumps,
    // The line that triggered is one of the kubelet log's: it counts once.
    logs: saysPleg(incident.status.host) ? [] : [{ name: 'trigger', text: incident.spec.trigger.message }],
    probe: probeState(snapshot),
    host: incident.status.host,
    kubeletVersion: node?.status.nodeInfo?.kubeletVersion,
    runtimeVersion: runtime?.name === undefined ? undefined : `${runtime.name} ${runtime.version ?? ''}`.trim(),
    ...(ownCauses === undefined ? {} : { ownCauses }),
  };
}

/** The fault of this incident where others, open or past, have it too. */
function patternOf({ budget, incident }: IncidentSnapshot, verdict: Diagnosis): Pattern | undefined {
  const others = budget.incidents.filter(
    ({ metadata, status }) =>
      metadata.name !== incident.metadata.name && status.diagnosis?.fingerprint === verdict.fingerprint,
  );
  return findPatterns([...others.map(caseOf), { ...caseOf(incident), diagnosis: verdict }])[0];
}

/** The pattern is looked for again at each look: nodes that get stuck later are linked while the incident is open. */
function withDiagnosis(snapshot: IncidentSnapshot, status: IncidentStatus, verdict: Diagnosis): IncidentStatus {
  const pattern = patternOf(snapshot, verdict);
  const summary = pattern === undefined ? '' : patternText(pattern, snapshot.budget.clusterNodes);
  const claim = {
    type: 'Diagnosed',
    status: verdict.class === 'Unknown' ? 'False' : 'True',
    reason: verdict.class,
    message: `${verdict.cause}, ${verdict.confidence}: ${verdict.summary}${summary === '' ? '' : ` Fleet: ${summary}.`}`,
  } as const;
  const others = pattern?.incidents.filter((name) => name !== snapshot.incident.metadata.name) ?? [];
  return {
    ...status,
    diagnosis: verdict,
    ...(others.length === 0 ? {} : { pattern: { summary, incidents: others.slice(-MAX_LINKED) } }),
    conditions: withCondition(status.conditions, claim, snapshot.now),
  };
}

/** Whether relist moves says something of the fault only by a dump that was taken after the breach. Both times are the node's. */
function ofNow({ incident }: IncidentSnapshot, verdict: Diagnosis): Diagnosis {
  if (verdict.relist === undefined) return verdict;
  const dumps = (incident.status.evidence ?? []).filter(isKubeletDump);
  const newest = Math.max(0, ...dumps.map(({ at }) => fromTime(at) ?? 0));
  return newest >= (fromTime(incident.spec.trigger.at) ?? 0) ? verdict : { ...verdict, relist: 'Unknown' };
}

/** The program that is down or silent, by the incident or beside it; undefined: it is about PLEG alone. */
function programOf({
  incident,
  health,
}: IncidentSnapshot): readonly [ProgramRole, ProgramInfo | undefined] | undefined {
  const { type } = incident.spec.trigger;
  if (type === 'KubeletDown' || type === 'KubeletSilent') return ['kubelet', health?.status.kubelet?.program];
  // A runtime that is down, as somebody may have stopped it, ends in a breach of PLEG as well.
  return type === 'RuntimeDown' || isRuntimeDown(health) ? ['runtime', health?.status.runtime?.program] : undefined;
}

/** systemd listens at the socket of a unit that it starts on demand: then one that does not run looks as if it hangs. */
function isRuntimeDown(health: IncidentSnapshot['health']): boolean {
  const { program, probe } = health?.status.runtime ?? {};
  return probe?.state === 'Unavailable' || (probe?.state === 'Timeout' && program?.state !== 'CrashLooping');
}

/** By their names in a bundle. */
const LOG_OF: Readonly<Record<ProgramRole, string>> = { kubelet: 'kubelet.log', runtime: 'runtime.log' };

/** What is known without stacks, where the incident is about a program; undefined: its stacks have to say. */
function ofProgram(snapshot: IncidentSnapshot, byStacks: Diagnosis): Diagnosis | undefined {
  const [role, program] = programOf(snapshot) ?? [];
  if (role === undefined) return undefined;
  const isSilent = snapshot.incident.spec.trigger.type === 'KubeletSilent';
  const { host } = snapshot.incident.status;
  const starved = isSilent ? starvedVerdict(program, host) : undefined;
  const words = lastWords(host, LOG_OF[role]);
  const known = starved ?? (program === undefined ? undefined : programVerdict(role, program, words));
  return known ?? (isSilent ? ofReports(snapshot, byStacks) : undefined);
}

/**
 * One that is stopped, or waits in the kernel, does nothing whatever it gets. One that answers its own /healthz gets what it
 * needs: what it says of its reports is why they do not arrive, on a busy node too.
 */
function isStarvable(program: ProgramInfo | undefined, host: HostSummary | undefined): boolean {
  const words = heartbeatWords(host);
  if (program?.state === 'Silent') return words?.fault !== 'refused';
  return program?.state === 'Running' && words === undefined;
}

function starvedVerdict(program: ProgramInfo | undefined, host: HostSummary | undefined): Diagnosis | undefined {
  const figures = isStarvable(program, host) ? overloadIn(host) : undefined;
  return figures === undefined ? undefined : overloadedVerdict(figures);
}

/** Of a kubelet that runs, answers, and does not report. */
function ofReports({ incident }: IncidentSnapshot, byStacks: Diagnosis): Diagnosis | undefined {
  const words = heartbeatWords(incident.status.host);
  if (words !== undefined) return cutOffVerdict(words);
  const saysNothing = byStacks.class === 'Unknown' || byStacks.class === 'Healthy';
  return saysNothing ? notReportingVerdict(incident.spec.trigger.message) : undefined;
}

function found(snapshot: IncidentSnapshot): Diagnosis {
  const input = inputOf(snapshot);
  const byStacks = ofNow(snapshot, diagnose(input));
  const known = ofProgram(snapshot, byStacks);
  const verdict = known === undefined ? byStacks : { ...known, relist: byStacks.relist };
  return withObstacle(snapshot, withWatchdog(snapshot, verdict, input));
}

/** What keeps systemd from starting a unit again, whatever would help. */
const OBSTACLES: readonly string[] = [
  'KubeletMasked',
  'RuntimeMasked',
  'KubeletUnitBroken',
  'RuntimeUnitBroken',
] satisfies readonly HealthReasons['Recoverable'][];

function withObstacle({ health }: IncidentSnapshot, verdict: Diagnosis): Diagnosis {
  const lack = findCondition(health?.status.conditions, 'Recoverable');
  if (lack?.status !== 'False' || !OBSTACLES.includes(lack.reason)) return verdict;
  // It is the verdict itself.
  if (verdict.evidence.some((line) => line.endsWith(lack.message))) return verdict;
  const recommendation = `${lack.message}, so nothing can start it again: mend that first. ${verdict.recommendation}`;
  return { ...verdict, recommendation: recommendation.slice(0, 1024) };
}

export function diagnosis(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const verdict = status.diagnosis ?? found(snapshot);
  return { kind: 'pass', status: withDiagnosis(snapshot, status, verdict) };
}
