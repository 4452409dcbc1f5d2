/**
 * Systemd's watchdog has ended the kubelet or the runtime: the process that was stuck is gone, and what it left in the journal is all
 * that says why.
 */
import type { Diagnosis } from '../../../api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import type { DiagnosisInput } from '../../diagnosis/diagnosis-input.ts';
import type { IncidentSnapshot } from './incident-snapshot.ts';

const MAX_LINE = 512;
const MAX_LINES = 32;

/** What the agent found of it, a line for each program; empty: the watchdog was not there. */
function wordsOf({ incident }: IncidentSnapshot): readonly string[] {
  return (incident.status.evidence ?? [])
    .filter(({ kind, state }) => kind === 'WatchdogDump' && state === 'Captured')
    .map(({ name, message = '' }) => `${name}: ${message}`.slice(0, MAX_LINE));
}

function saysNothing({ class: kind }: Diagnosis): boolean {
  return kind === 'Unknown' || kind === 'Healthy';
}

/**
 * The verdict names what the watchdog did. Where the stacks of now say nothing, it is that of the stacks that were left: they are of
 * a process that is gone, so that it is less sure, and no witness of now.
 */
export function withWatchdog(snapshot: IncidentSnapshot, verdict: Diagnosis, input: DiagnosisInput): Diagnosis {
  const words = wordsOf(snapshot);
  if (words.length === 0) return verdict;
  const { left } = snapshot.stacks;
  // What the probe says is of now, and the stacks are of then.
  const before = left.length === 0 ? undefined : diagnose({ ...input, dumps: left, probe: 'Unknown' });
  if (before === undefined || saysNothing(before)) return withLines(verdict, words);
  const line = `left to the watchdog: ${before.cause} (${before.confidence}): ${before.summary}`.slice(0, MAX_LINE);
  if (!saysNothing(verdict)) return withLines(verdict, [...words, line]);
  return withLines(ofThen(before, verdict), words);
}

/** Whether relist moves is told by the stacks of now alone: those that were left are no witness. */
function ofThen({ relist: _, ...before }: Diagnosis, { relist }: Diagnosis): Diagnosis {
  const confidence = before.confidence === 'High' ? 'Medium' : before.confidence;
  return { ...before, confidence, ...(relist === undefined || relist === 'Unknown' ? {} : { relist }) };
}

function withLines(verdict: Diagnosis, lines: readonly string[]): Diagnosis {
  return { ...verdict, evidence: [...lines, ...verdict.evidence].slice(0, MAX_LINES) };
}
