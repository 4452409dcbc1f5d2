/**
 * Evidence that is taken after the first capture of an incident was reported, in rounds: each is asked of the incident as it
 * is, taken while no other capture runs, and reported. It stays in the spool.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { INCIDENTS } from '../../api/resources.ts';
import { mergedEntries } from '../../core/evidence/bundle.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import { type IncidentRef, reportUntilWritten, type Written } from '../record.ts';
import type { Requests } from '../requests.ts';
import type { World } from '../world.ts';
import { isRedacted } from './capture-step.ts';
import type { ArtifactOrder } from './collect-artifacts.ts';
import { bundleNameOf, bundlesOf, readManifest, writeManifest } from './spool-bundle.ts';

export interface LaterCaptureParts {
  readonly world: World;
  readonly requests: Requests;
  readonly mutex: Mutex;
}

export interface LaterCapture<Work> {
  /** For the log. */
  readonly what: string;
  /** What is next for an incident; undefined: nothing, or nothing any more. What is reported already is not done again. */
  readonly workOf: (incident: KubeletIncident) => Work | undefined;
  /** Tries and times are counted for each of these of an incident. */
  readonly countedBy: (work: Work) => string;
  /** From when the work is first seen to its first try, in milliseconds. */
  readonly firstAfterMs: (work: Work) => number;
  /** From a try to the next one, in milliseconds. */
  readonly againAfterMs: number;
  /** Whatever the incident says: what cannot be reported is not taken for ever. */
  readonly maxTries: number;
  take(
    world: World,
    order: ArtifactOrder,
    asked: { readonly incident: KubeletIncident; readonly work: Work },
    signal: AbortSignal,
  ): Promise<readonly EvidenceEntry[]>;
}

interface Progress {
  readonly countedBy: string;
  /** Monotonic. */
  readonly dueMs: number;
  readonly tries: number;
}

/** Runs until the signal. @param wait until the next look. @param takeDue all that is due of an incident. */
export async function runLaterCaptures<Work>(
  { world, requests }: LaterCaptureParts,
  capture: LaterCapture<Work>,
  steps: {
    readonly wait: (signal: AbortSignal) => Promise<void>;
    readonly takeDue: (ref: IncidentRef, signal: AbortSignal) => Promise<unknown>;
  },
  signal: AbortSignal,
): Promise<never> {
  const { clock, log, node } = world;
  const progress = new Map<string, Progress>();

  /** Counts as a try if it is. */
  function isDueNow(uid: string, work: Work): boolean {
    const now = clock.monotonic();
    const countedBy = capture.countedBy(work);
    const known = progress.get(uid);
    const { dueMs, tries } =
      known?.countedBy === countedBy ? known : { dueMs: now + capture.firstAfterMs(work), tries: 0 };
    const isDue = now >= dueMs && tries < capture.maxTries;
    const next = isDue ? { dueMs: now + capture.againAfterMs, tries: tries + 1 } : { dueMs, tries };
    progress.set(uid, { countedBy, ...next });
    return isDue;
  }

  for (;;) {
    const open = requests.openIncidents();
    const uids = new Set(open.filter((one) => capture.workOf(one) !== undefined).map(({ metadata }) => metadata.uid));
    for (const uid of progress.keys()) if (!uids.has(uid)) progress.delete(uid);
    for (const incident of open) {
      const work = capture.workOf(incident);
      if (work === undefined || !isDueNow(incident.metadata.uid, work)) continue;
      try {
        await steps.takeDue(incident.metadata, signal);
      } catch (error) {
        signal.throwIfAborted();
        log.warn(`${capture.what} could not be saved`, { node, incident: incident.metadata.name, err: error });
      }
    }
    await steps.wait(signal);
  }
}

/** What is next of one incident, taken and reported. undefined: nothing is asked for any more. */
export async function takeLater<Work>(
  parts: LaterCaptureParts,
  ref: IncidentRef,
  capture: LaterCapture<Work>,
  signal: AbortSignal,
): Promise<Written | undefined> {
  const { world, mutex } = parts;
  const taken = await mutex(() => takeIfStillAsked(parts, ref, capture, signal));
  if (taken === undefined) return undefined;
  const written = await reportUntilWritten(
    world,
    ref,
    (part) => ({ ...part, evidence: mergedEntries(part.evidence, taken) }),
    signal,
  );
  const detail = taken.map(({ name }) => name).join(', ');
  world.log.info(capture.what, { node: world.node, incident: ref.name, detail });
  return written;
}

/** The copy may be older than our own last write, and an act may have been asked for while others had the mutex. */
async function takeIfStillAsked<Work>(
  { world, requests }: LaterCaptureParts,
  { name, uid }: IncidentRef,
  capture: LaterCapture<Work>,
  signal: AbortSignal,
): Promise<readonly EvidenceEntry[] | undefined> {
  const incident = await world.cluster.get(INCIDENTS, { name }, { signal });
  const work = incident?.metadata.uid === uid ? capture.workOf(incident) : undefined;
  if (incident === undefined || work === undefined) return undefined;
  const bundle = bundleNameOf(name);
  const keep = new Set([bundle, ...bundlesOf(requests.openIncidents())]);
  const order: ArtifactOrder = { bundle, windowMs: 0, redact: isRedacted(incident.spec.plan.evidence, requests), keep };
  const entries = await capture.take(world, order, { incident, work }, signal);
  await addToManifest(world, order, entries);
  world.onCaptured?.();
  return entries;
}

/** For whoever reads the folder on the node. What is in it counts without, by the incident's status. */
async function addToManifest(
  { host, log }: World,
  { bundle, keep }: ArtifactOrder,
  entries: readonly EvidenceEntry[],
): Promise<void> {
  try {
    const manifest = await readManifest(host.spool, bundle);
    if (manifest === undefined) return;
    const merged = [...mergedEntries(manifest.entries, entries)];
    await writeManifest(host.spool, bundle, { ...manifest, entries: merged }, keep);
  } catch (error) {
    log.warn('The manifest of the evidence cannot be stored', { bundle, err: error });
  }
}
