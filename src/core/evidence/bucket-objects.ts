/** Which artifacts of an incident belong into the bucket, and under which keys. */
import type { BucketRecord } from '../../api/v1alpha1/parts/bucket.ts';
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../decision/node-state.ts';
import { findCondition } from '../decision/record/conditions-and-steps.ts';
import { fromTime } from '../time/timestamp.ts';
import { isFileName } from './location.ts';

export type BucketObject = BucketRecord['objects'][number];

export interface WantedObject extends BucketObject {
  /** The name of the artifact. */
  readonly file: string;
}

/** What follows of an open incident has that time for itself: no upload begins before an act that waits for evidence alone. */
const SETTLED_MS = 20_000;

/** Its name below the folder: what has other bytes has another one, so that nothing is ever written over. */
export function objectName(file: string, sha256: string): string {
  return `${sha256.slice(0, 16)}-${file}`;
}

/** The spool of a node, by default (agent: `--spool-limit`). No artifact comes near it, whatever room a user gives the spool. */
const SPOOL_BYTES = 512 * 1024 * 1024;

/** undefined: it was not saved, or not by the agent, or is not what a spool can have: a grant is leave to fill the bucket. */
function wantedObject({ name: file, by, state, bytes, sha256 = '' }: EvidenceEntry): WantedObject | undefined {
  const isSaved = by === 'Agent' && state === 'Captured' && bytes !== undefined;
  if (!isSaved || bytes > SPOOL_BYTES || !isFileName(file) || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  return { file, key: objectName(file, sha256), bytes, sha256 };
}

/** Entries come from nodes: what could be no artifact is left out. */
export function wantedObjects({ status }: KubeletIncident): readonly WantedObject[] {
  return (status.evidence ?? []).map(wantedObject).filter((one) => one !== undefined);
}

/** Whether its evidence may be copied by now: it is over, or has been saved for a while. @param nowMs of the API server. */
export function isSettled(incident: KubeletIncident, nowMs: number): boolean {
  if (!isOpen(incident)) return true;
  const saved = findCondition(incident.status.conditions, 'EvidenceCaptured');
  if (saved === undefined || saved.status === 'Unknown') return false;
  return nowMs - (fromTime(saved.lastTransitionTime) ?? nowMs) >= SETTLED_MS;
}

/** The object that has this artifact; undefined: none is recorded. */
export function recordedObject(
  record: BucketRecord | undefined,
  { name, sha256 }: Pick<EvidenceEntry, 'name' | 'sha256'>,
): BucketObject | undefined {
  if (sha256 === undefined) return undefined;
  return record?.objects.find((one) => one.key === objectName(name, sha256) && one.sha256 === sha256);
}
