/** The step CaptureHost: the host's evidence of one incident, taken now or taken over from an early capture. */
import type { EvidenceEntry, EvidenceKind } from '../../api/v1alpha1/parts/evidence.ts';
import type { HostSummary, LogClue } from '../../api/v1alpha1/parts/host-summary.ts';
import type { ActionRecord, KubeletIncident, Plan, Step } from '../../api/v1alpha1/kinds/incident.ts';
import { type BundleManifest, isOfTrouble, mergedEntries, relocated, takenEarly } from '../../core/evidence/bundle.ts';
import { isKubeletDump } from '../../core/evidence/manifest.ts';
import { cluePatterns } from '../../core/diagnosis/clues/clue-patterns.ts';
import { boundedClues } from '../../core/diagnosis/clues/log-clues.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { durationMs } from '../../core/time/duration.ts';
import { adoptBundle, bundleNameOf, bundlesOf, newestEarly, readManifest, writeManifest } from './spool-bundle.ts';
import { type ArtifactOrder, type Capture, capture } from './collect-artifacts.ts';
import { FIRST_SHIMS, type ShimRound, takeShims } from './shim-stacks.ts';
import type { DumpRounds } from './stack-dumps.ts';
import { uploadForDecision } from './upload-for-decision.ts';
import { type AgentPart, reportUntilWritten, withRecord } from '../record.ts';
import type { Requests } from '../requests.ts';
import type { ObservationBoard } from '../health/observation.ts';
import { noteSpoolError } from '../health/spool-error.ts';
import { reasonOf, type World } from '../world.ts';

/** What is over before the step's deadline can still be reported in time. */
const SHARE_OF_DEADLINE = 0.75;

/** Always taken afresh: an early log does not hold the breach line, and the watchdog may have come since. */
const OF_NOW: readonly EvidenceKind[] = ['KubeletLog', 'WatchdogDump'];

interface Existing {
  /** `own`: saved for this incident already. `early`: taken over from a capture on suspicion. */
  readonly kind: 'own' | 'early';
  readonly manifest: BundleManifest;
}

/** What is in the incident's bundle already: from an agent that died before it could report, or taken over now. */
async function existing(
  world: World,
  board: ObservationBoard,
  incident: KubeletIncident,
  bundle: string,
): Promise<Existing | undefined> {
  const { host, clock, node, log } = world;
  try {
    const own = await readManifest(host.spool, bundle);
    if (own !== undefined) return { kind: 'own', manifest: relocated(own, node, bundle) };
    const early = await newestEarly(host.spool, clock.now());
    if (early === undefined || !isOfTrouble(early.manifest.at, incident.spec.trigger, clock.now())) return undefined;
    const adopted = await adoptBundle(host.spool, early.bundle, { node, bundle });
    if (adopted === undefined) return undefined;
    if (board.current().spool.early?.id === early.bundle) {
      board.post({ spool: { ...board.current().spool, early: undefined } });
    }
    return { kind: 'early', manifest: { ...adopted, entries: adopted.entries.map(takenEarly) } };
  } catch (error) {
    log.warn('Evidence that was saved early cannot be taken over; it is taken anew', { err: error });
    noteSpoolError(board, reasonOf(error));
    return undefined;
  }
}

export interface HostStepParts {
  readonly world: World;
  readonly board: ObservationBoard;
  readonly requests: Requests;
}

interface Outcome {
  readonly entries: readonly EvidenceEntry[];
  readonly host: HostSummary;
}

/** One dump is always of now: an early one was taken while PLEG was only suspected. */
function roundsOf({ dumps, dumpInterval }: Plan['evidence'], before: Existing | undefined): DumpRounds {
  const entries = before?.manifest.entries ?? [];
  const saved = entries.filter(isKubeletDump).length;
  const fewest = before?.kind === 'own' ? 0 : 1;
  return { first: saved + 1, count: Math.max(fewest, dumps - saved), intervalMs: durationMs(dumpInterval) };
}

/** Nothing follows this capture: it may take longer, and what is taken after it would not be reported any more. */
function isLast({ spec }: KubeletIncident): boolean {
  return spec.plan.mode === 'Capture';
}

/** A plan that a person brought may say no where the policy of the node says yes. */
export function isRedacted({ redact }: Plan['evidence'], requests: Requests): boolean {
  return redact || requests.spec().redact;
}

function shimsWithin(leftMs: number): ShimRound {
  return { ...FIRST_SHIMS, limitMs: Math.min(FIRST_SHIMS.limitMs, leftMs) };
}

async function takeEvidence(
  { world, board, requests }: HostStepParts,
  incident: KubeletIncident,
  signal: AbortSignal,
): Promise<Outcome> {
  const { host, clock, log } = world;
  const { evidence } = incident.spec.plan;
  const bundle = bundleNameOf(incident.metadata.name);
  const before = await existing(world, board, incident, bundle);
  const keep = new Set([bundle, ...bundlesOf(requests.openIncidents())]);
  const order: ArtifactOrder = {
    bundle,
    windowMs: durationMs(evidence.logWindow),
    redact: isRedacted(evidence, requests),
    keep,
  };
  const limitMs = durationMs(evidence.deadline) * SHARE_OF_DEADLINE;
  const endsAt = clock.monotonic() + limitMs;
  const taken = await capture(
    world,
    {
      ...order,
      dumps: roundsOf(evidence, before),
      collectors: before === undefined ? host.collectors : host.collectors.filter(({ kind }) => OF_NOW.includes(kind)),
      limitMs,
    },
    signal,
  );
  const captured = mergedEntries(before?.manifest.entries ?? [], taken.entries);
  const round = { ...shimsWithin(endsAt - clock.monotonic()), saved: captured };
  const entries = isLast(incident) ? [...captured, ...(await takeShims(world, order, round, signal))] : captured;
  // A runtime that hangs now may have counted its containers when it was only suspected.
  const summary: HostSummary = {
    ...before?.manifest.host,
    ...taken.host,
    logClues: cluesOf(world, before?.manifest, taken),
  };
  try {
    const reason = incident.spec.trigger.type;
    const manifest: BundleManifest = { version: 1, at: clock.now(), reason, entries: [...entries], host: summary };
    await writeManifest(host.spool, bundle, manifest, keep);
    noteSpoolError(board, undefined);
  } catch (error) {
    log.warn('The manifest of the evidence cannot be stored', { incident: incident.metadata.name, err: error });
    noteSpoolError(board, reasonOf(error));
  }
  return { entries, host: summary };
}

/** Of a log that was taken twice only the new ones: its lines count once. */
function cluesOf({ ownCauses }: World, before: BundleManifest | undefined, taken: Capture): LogClue[] {
  const anew = new Set(taken.entries.filter(({ state }) => state === 'Captured').map(({ name }) => name));
  const old = (before?.host?.logClues ?? []).filter(({ source }) => !anew.has(`${source}.gz`));
  return [...boundedClues([...old, ...taken.host.logClues], cluePatterns(ownCauses?.causes))];
}

function recordOf(
  step: Step,
  entries: readonly EvidenceEntry[],
  times: { began: number; ended: number },
): ActionRecord {
  const captured = entries.filter(({ state }) => state === 'Captured');
  const failed = entries.filter(({ state }) => state === 'Failed');
  const missing = failed.map(({ name, message }) => `${name} (${message ?? 'no reason'})`).join(', ');
  const message = `${String(captured.length)} artifacts${missing === '' ? '' : `; missing: ${missing}`}`;
  return {
    name: step.name,
    action: 'CaptureHost',
    state: captured.length > 0 ? 'Succeeded' : 'Failed',
    reservedAt: toPreciseTime(times.began),
    finishedAt: toPreciseTime(times.ended),
    message: message.slice(0, 1024),
  };
}

/** Takes the evidence and reports it in one write. It can be done twice: the second time it takes over what is there. */
export async function runHostStep(
  parts: HostStepParts,
  { incident, step }: { readonly incident: KubeletIncident; readonly step: Step },
  signal: AbortSignal,
): Promise<void> {
  const { world } = parts;
  const { clock, log, metrics } = world;
  const { name } = incident.metadata;
  const began = clock.now();
  const startedMs = clock.monotonic();
  const { entries: stored, host } = await takeEvidence(parts, incident, signal);
  const entries = await uploadForDecision(world, incident, stored, signal);
  const record = recordOf(step, entries, { began, ended: clock.now() });
  metrics.observe('host_capture_seconds', (clock.monotonic() - startedMs) / 1000);
  const change = (part: AgentPart): AgentPart => ({ ...withRecord(part, record), evidence: entries, host });
  const written = await reportUntilWritten(world, incident.metadata, change, signal);
  const detail = written.kind === 'left' ? written.reason : record.message;
  log.info('Host evidence', { node: world.node, incident: name, step: step.name, reason: record.state, detail });
}
