/** Keeps the evidence in the API server within its budget. It is counted by its metadata; nobody reads the bytes for it. */
import { EVIDENCES, INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, LABEL_UPLOAD, RETENTION_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { TrimReason } from '../../api/v1alpha1/parts/trimmed.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { type CaptureLimits, waitsForCapture } from '../../core/decision/storage/capture-turn.ts';
import {
  planEvidence,
  type EvidencePlan,
  type StoredEvidence,
  type Trim,
} from '../../core/decision/storage/evidence-to-trim.ts';
import { trimmedWords } from '../../core/decision/storage/trimmed-words.ts';
import { nodeOfEvidence } from '../../core/evidence/evidence-objects.ts';
import { storedBytes } from '../../core/evidence/evidence-size.ts';
import { fromTime, toPreciseTime } from '../../core/time/timestamp.ts';
import type { KubeObject } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { incidentSubject, type EventRecorder } from '../events.ts';
import { serverNow } from '../server-now.ts';
import type { LocalView } from '../view/local-view.ts';
import { EVIDENCE_ROWS } from '../view/mirrored.ts';
import type { World } from '../world.ts';

/** Without news: what is new settles, and what could not be deleted is tried again. */
const EVERY_MS = 60_000;
/** Between two looks, whatever is new. */
const REST_MS = 2_000;
/** Objects of one answer: metadata is 1 KB. */
const PAGE = 500;
/** Objects that go in one look while there is room: a storm leaves thousands, and its verdicts are written first. */
const AT_LEISURE = 8;
/** It is spent until so much of it is free again. */
const SPENT_UNTIL = 0.9;

function asStored({ metadata }: KubeObject): StoredEvidence {
  const { name, uid, annotations, labels, ownerReferences, creationTimestamp } = metadata;
  const owner = ownerReferences[0];
  return {
    name,
    uid,
    node: nodeOfEvidence(name),
    incident: { name: owner?.name ?? '', uid: owner?.uid ?? '' },
    at: fromTime(creationTimestamp) ?? 0,
    bytes: storedBytes(annotations),
    isUpload: labels[LABEL_UPLOAD] === 'true',
  };
}

export interface EvidenceBudget {
  /** As of the newest look; undefined: there was none yet. */
  usage(): Pick<EvidencePlan, 'usedBytes' | 'heldBytes'> | undefined;
  /** What captures have to wait for. What is not known yet keeps none from beginning. */
  limits(): CaptureLimits;
  /** Runs until the signal with which it was made. */
  run(): Promise<void>;
}

interface Parts {
  readonly world: World;
  readonly view: LocalView;
  readonly events: EventRecorder;
}

/** The incident as it is now may forbid what the copy allowed. */
function mayGo({ said }: Trim, fresh: KubeletIncident | undefined): boolean {
  // One that the copy did not know is there after all: it is asked again when the copy knows it.
  if (said === undefined) return fresh === undefined;
  return fresh === undefined || !isOpen(fresh) || fresh.status.diagnosis !== undefined || said.reason === 'TooLarge';
}

async function readOwner({ cluster }: World, { name, uid }: StoredEvidence['incident'], signal: AbortSignal) {
  const found = name === '' ? undefined : await cluster.get(INCIDENTS, { name }, { signal });
  return found?.metadata.uid === uid ? found : undefined;
}

/** Said before anything goes: whoever looks for the dumps finds them, or why they are gone. */
async function say(world: World, incident: KubeletIncident, reason: TrimReason): Promise<void> {
  if (incident.status.trimmed !== undefined) return;
  const { name, uid } = incident.metadata;
  const trimmed = { at: toPreciseTime(serverNow(world)), reason, message: trimmedWords(incident, reason) };
  const object = { apiVersion: API_VERSION, kind: INCIDENTS.kind, metadata: { name, uid }, status: { trimmed } };
  try {
    await world.cluster.apply(INCIDENTS, object, { manager: RETENTION_MANAGER, subresource: 'status', force: true });
  } catch (err) {
    // CRDs of an older version have no such field. The bound holds all the same.
    if (!isMedicError(err, 'absent', 'conflict', 'invalid', 'denied', 'terminal')) throw err;
    world.log.warn('An incident cannot say that its evidence was trimmed', { incident: name, err });
  }
}

export function createEvidenceBudget({ world, view, events }: Parts, signal: AbortSignal): EvidenceBudget {
  const { cluster, clock, log, metrics } = world;
  const budgetBytes = world.storage.evidenceBytes;
  const rows = cluster.mirror(EVIDENCE_ROWS, { pageSize: PAGE }, signal);
  rows.whenSynced().catch(() => undefined);
  const wakeUp = createWakeUp(clock);
  /** UIDs of what is deleted, until the copy knows it: it must not count, or more would go. */
  const gone = new Set<string>();
  let usage: ReturnType<EvidenceBudget['usage']>;
  let isSpent = false;

  rows.onChange(wakeUp.wake);
  view.incidents.onChange(wakeUp.wake);

  function present(): readonly StoredEvidence[] {
    const all = rows.list();
    const uids = new Set(all.map(({ metadata }) => metadata.uid));
    for (const uid of gone) if (!uids.has(uid)) gone.delete(uid);
    return all.filter(({ metadata }) => !gone.has(metadata.uid)).map(asStored);
  }

  /** Once, and not for each that goes. */
  function tellSpent({ usedBytes }: EvidencePlan, first: KubeletIncident | undefined): void {
    if (usedBytes < budgetBytes * SPENT_UNTIL) isSpent = false;
    if (isSpent || usedBytes <= budgetBytes || first === undefined) return;
    isSpent = true;
    const words = `evidence in the API server takes more than its ${String(Math.round(budgetBytes / 2 ** 20))} MiB`;
    const message = `${words} (controller.storage.evidenceMiB): what is worth least goes; whole dumps stay on the nodes`;
    events.record(incidentSubject(first.metadata.name, first.metadata.uid), {
      type: 'Warning',
      reason: 'EvidenceTrimmed',
      message,
    });
    log.warn('The budget of evidence is spent', { usedBytes, budgetBytes });
  }

  async function trim(one: Trim): Promise<void> {
    const [first] = one.objects;
    if (first === undefined) return;
    const isUpload = one.said === undefined && first.isUpload;
    const fresh = isUpload ? undefined : await readOwner(world, first.incident, signal);
    if (!isUpload && !mayGo(one, fresh)) return;
    if (fresh !== undefined && one.said !== undefined) await say(world, fresh, one.said.reason);
    for (const { name, uid } of one.objects) {
      await cluster.delete(EVIDENCES, { name, uid }, { signal });
      gone.add(uid);
    }
    const reason = one.said?.reason ?? (isUpload ? 'Upload' : 'Unowned');
    metrics.count('evidence_trimmed_total', { reason });
    log.info('Evidence is trimmed', { incident: first.incident.name, reason, objects: one.objects.length });
  }

  function inThisLook({ trims, usedBytes }: EvidencePlan): readonly Trim[] {
    if (usedBytes > budgetBytes) return trims;
    let objects = 0;
    return trims.filter(({ objects: { length } }) => (objects += length) - length < AT_LEISURE);
  }

  /** @returns whether more is to go. */
  async function sweep(): Promise<boolean> {
    if (rows.freshAt() === undefined || view.incidents.freshAt() === undefined) return false;
    const incidents = view.incidents.list();
    const plan = planEvidence({ evidence: present(), incidents, budgetBytes, now: serverNow(world) });
    usage = plan;
    metrics.gauge('evidence_bytes', plan.usedBytes);
    metrics.gauge('evidence_budget_bytes', budgetBytes);
    metrics.gauge('captures_waiting', view.openIncidents().filter(waitsForCapture).length);
    tellSpent(plan, plan.trims.find(({ said }) => said?.reason === 'Budget')?.said?.incident);
    const goes = inThisLook(plan);
    for (const one of goes) {
      try {
        await trim(one);
      } catch (err) {
        if (signal.aborted || !isMedicError(err)) throw err;
        log.warn('Evidence could not be trimmed; it is tried again', {
          incident: one.objects[0]?.incident.name ?? '',
          err,
        });
      }
    }
    return goes.length < plan.trims.length;
  }

  return {
    usage: () => usage,
    limits: () => ({ perMinute: world.storage.capturesPerMinute, heldBytes: usage?.heldBytes ?? 0, budgetBytes }),
    async run(): Promise<void> {
      while (!signal.aborted) {
        let isMore = false;
        try {
          isMore = await sweep();
        } catch (err) {
          log.warn('The budget of evidence could not be kept; it is tried again', { err });
        }
        await clock.sleep(REST_MS, signal).catch(() => undefined);
        if (!isMore) await wakeUp.wait(EVERY_MS, signal).catch(() => undefined);
      }
    },
  };
}
