/**
 * When the shims of an incident are read. Where an act may follow it is some seconds after the first capture was reported: an
 * act has been issued by then, and a restart of the runtime leaves its shims as they are. While a node is held under
 * `DiagnoseFirst` it is done once more, so that two dumps of a shim can be compared.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { INCIDENTS } from '../../api/resources.ts';
import { isAct, isActStep } from '../../core/decision/actions.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { HOST_STEP } from '../../core/decision/record/step-names.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { agentPartOf, findRecord, type IncidentRef, reportUntilWritten } from '../record.ts';
import type { ArtifactOrder } from './collect-artifacts.ts';
import { addToManifest, type DeepCaptureParts, withEntries } from './deep-capture.ts';
import { FIRST_SHIMS, MORE_SHIMS, shimListFile, type ShimRound, takeShims } from './shim-stacks.ts';
import { bundleNameOf, bundlesOf } from './spool-bundle.ts';

/** From the report of the first capture to the first round: it competes with no act for the processor. */
const AFTER_MS = 5_000;
/** From the first round to the second. */
const AGAIN_MS = 2 * 60_000;
const LOOK_MS = 5_000;
/** Of one round that cannot be reported. */
const MAX_TRIES = 2;

/** What is next for an incident; undefined: nothing. What is reported already is not done again. */
function roundOf(incident: KubeletIncident): ShimRound | undefined {
  const { spec, status } = incident;
  if (!isOpen(incident) || findRecord(incident, HOST_STEP) === undefined) return undefined;
  const names = new Set(agentPartOf(incident).evidence.map(({ name }) => name));
  const isDone = ({ round }: ShimRound): boolean => names.has(`${shimListFile(round)}.gz`);
  if (!isDone(FIRST_SHIMS)) return FIRST_SHIMS;
  const isActing = (status.steps ?? []).some(isActStep) || (status.actions ?? []).some(isAct);
  if (spec.plan.strategy !== 'DiagnoseFirst' || isActing || isDone(MORE_SHIMS)) return undefined;
  return MORE_SHIMS;
}

interface Progress {
  readonly round: ShimRound;
  /** Monotonic. */
  readonly dueMs: number;
  readonly tries: number;
}

/** Runs until the signal. */
export async function runShimCaptures(parts: DeepCaptureParts, signal: AbortSignal): Promise<never> {
  const { requests, world } = parts;
  const { clock, log, node } = world;
  const wakeUp = createWakeUp(clock);
  requests.onIncident(wakeUp.wake);
  const progress = new Map<string, Progress>();
  for (;;) {
    const asked = requests.openIncidents().filter((incident) => roundOf(incident) !== undefined);
    const uids = new Set(asked.map(({ metadata }) => metadata.uid));
    for (const uid of progress.keys()) if (!uids.has(uid)) progress.delete(uid);
    for (const incident of asked) {
      if (!isDueNow(progress, incident, clock.monotonic())) continue;
      try {
        await takeRound(parts, incident.metadata, signal);
      } catch (error) {
        signal.throwIfAborted();
        log.warn('The stacks of shims could not be saved', { node, incident: incident.metadata.name, err: error });
      }
    }
    await wakeUp.wait(LOOK_MS, signal);
  }
}

/** Counts as a try if it is. */
function isDueNow(progress: Map<string, Progress>, incident: KubeletIncident, nowMs: number): boolean {
  const { uid } = incident.metadata;
  const round = roundOf(incident) ?? FIRST_SHIMS;
  const known = progress.get(uid);
  const waitMs = round === FIRST_SHIMS ? AFTER_MS : AGAIN_MS;
  const { dueMs, tries } = known?.round === round ? known : { dueMs: nowMs + waitMs, tries: 0 };
  const isDue = nowMs >= dueMs && tries < MAX_TRIES;
  progress.set(uid, { round, ...(isDue ? { dueMs: nowMs + AGAIN_MS, tries: tries + 1 } : { dueMs, tries }) });
  return isDue;
}

async function takeRound(parts: DeepCaptureParts, ref: IncidentRef, signal: AbortSignal): Promise<void> {
  const { world, mutex } = parts;
  const taken = await mutex(() => takeIfStillAsked(parts, ref, signal));
  if (taken === undefined) return;
  await reportUntilWritten(world, ref, (part) => withEntries(part, taken), signal);
  world.log.info('Stacks of shims', {
    node: world.node,
    incident: ref.name,
    detail: taken.map((e) => e.name).join(', '),
  });
}

/** The copy may be older than our own last write. */
async function takeIfStillAsked(
  { world, requests }: DeepCaptureParts,
  { name, uid }: IncidentRef,
  signal: AbortSignal,
): Promise<readonly EvidenceEntry[] | undefined> {
  const incident = await world.cluster.get(INCIDENTS, { name }, { signal });
  const round = incident?.metadata.uid === uid ? roundOf(incident) : undefined;
  if (incident === undefined || round === undefined) return undefined;
  const { redact } = incident.spec.plan.evidence;
  const bundle = bundleNameOf(name);
  const keep = new Set([bundle, ...bundlesOf(requests.openIncidents())]);
  const order: ArtifactOrder = { bundle, windowMs: 0, redact, keep };
  const entries = await takeShims(world, order, { ...round, saved: agentPartOf(incident).evidence }, signal);
  await addToManifest(world, order, entries);
  world.onCaptured?.();
  return entries;
}
