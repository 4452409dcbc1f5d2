/**
 * Which evidence leaves the API server, so that all of it together takes no more than it may. An incident stays when its dumps
 * go: with its verdict, the blocked stack, and their checksums. The whole dumps are in the spool of the node too.
 */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { TrimReason } from '../../../api/v1alpha1/parts/trimmed.ts';
import { nodeInName } from '../../evidence/evidence-objects.ts';
import { isOpen } from '../node-state.ts';
import { endedAt } from '../record/expired-incidents.ts';
import { isOutcome, OUTCOMES } from '../record/outcomes.ts';
import { findSurplus, type Surplus } from './shared-faults.ts';

/** A KubeletEvidence by its metadata. */
export interface StoredEvidence {
  readonly name: string;
  readonly uid: string;
  /** Whose agent wrote it: admission holds its name to it. What it says of an incident admission does not know to be so. */
  readonly node: string;
  readonly incident: { readonly name: string; readonly uid: string };
  /** When it was created, by the API server's clock; milliseconds since 1970. */
  readonly at: number;
  /** What it takes of etcd. */
  readonly bytes: number;
  /** A person has asked for it, and it expires within the hour. */
  readonly isUpload: boolean;
}

export interface Trim {
  readonly objects: readonly StoredEvidence[];
  /** The incident that is to say so, and why; undefined: none does. */
  readonly said: { readonly incident: KubeletIncident; readonly reason: TrimReason } | undefined;
}

export interface EvidencePlan {
  /** In the order in which they are to go. */
  readonly trims: readonly Trim[];
  /** Before anything goes. */
  readonly usedBytes: number;
  /** What captures wait for: evidence of incidents that are open and not diagnosed, each counted up to its part. */
  readonly heldBytes: number;
}

export interface StoredNow {
  readonly evidence: readonly StoredEvidence[];
  readonly incidents: readonly KubeletIncident[];
  readonly budgetBytes: number;
  /** By the API server's clock; milliseconds since 1970. */
  readonly now: number;
}

/**
 * More than the dumps of one incident take: 10 rounds of two programs at 512 KiB each. A node that lies could store more; nor has
 * it more for uploads, and for what is of no incident that is known.
 */
export const INCIDENT_SHARE_BYTES = 16 * 1024 * 1024;
/** Parts of the whole. Within a rank whoever takes more than a part goes first: a few large ones do not push out many. */
const PARTS = 64;
/** Whoever has asked for an upload has read it by then. The incident of new evidence is known by then. */
const SETTLED_MS = 2 * 60_000;

/** The lower the sooner it goes. `Due`: whether there is room or not. `Read`: its verdict is there. `Held`: it stays. */
const RANKS = [
  'Due',
  'FalseAlarm',
  'SharedFault',
  'Recovered',
  'OldUpload',
  'Failure',
  'LastFailure',
  'NewUpload',
  'Read',
  'Held',
] as const;
type Rank = (typeof RANKS)[number];

interface Candidate extends Trim {
  readonly rank: Rank;
  /** The oldest of a rank goes first. */
  readonly at: number;
  readonly bytes: number;
}

function bytesOf(objects: readonly StoredEvidence[]): number {
  return objects.reduce((sum, { bytes }) => sum + bytes, 0);
}

function rankOfEnd({ status: { outcome = '' } }: KubeletIncident): Rank {
  if (!isOutcome(outcome)) return 'Failure';
  const { evidenceGoesFirst, isNodeWell } = OUTCOMES[outcome];
  return evidenceGoesFirst === true ? 'FalseAlarm' : isNodeWell ? 'Recovered' : 'Failure';
}

/** Until the diagnosis is made its dumps are what a recovery waits for. */
function rankOf(incident: KubeletIncident, surplus: Surplus | undefined): Rank {
  if (surplus?.inStorm === true) return 'Due';
  if (isOpen(incident) && surplus === undefined) return incident.status.diagnosis === undefined ? 'Held' : 'Read';
  if (isOpen(incident)) return 'SharedFault';
  const rank = rankOfEnd(incident);
  return rank !== 'FalseAlarm' && surplus !== undefined ? 'SharedFault' : rank;
}

/** What was stored first is what the agent took first. */
function withinShare(
  objects: readonly StoredEvidence[],
): readonly [within: StoredEvidence[], beyond: StoredEvidence[]] {
  const within: StoredEvidence[] = [];
  const beyond: StoredEvidence[] = [];
  let size = 0;
  for (const one of [...objects].sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1))) {
    size += one.bytes;
    (size <= INCIDENT_SHARE_BYTES ? within : beyond).push(one);
  }
  return [within, beyond];
}

function ofUpload(one: StoredEvidence, now: number): Candidate {
  const rank = now - one.at < SETTLED_MS ? 'NewUpload' : 'OldUpload';
  return { objects: [one], said: undefined, rank, at: one.at, bytes: one.bytes };
}

/** Nobody knows its incident: it is new, or gone, or it has never been. */
function ofNobody(one: StoredEvidence, now: number): Candidate {
  const rank = now - one.at < SETTLED_MS ? 'Held' : 'Due';
  return { objects: [one], said: undefined, rank, at: one.at, bytes: one.bytes };
}

/** Uploads, and what is of no incident: a node has no more of it than the dumps of one incident take. */
function ofNode(objects: readonly StoredEvidence[], now: number): readonly Candidate[] {
  const [within, beyond] = withinShare(objects);
  const kept = within.map((one) => (one.isUpload ? ofUpload(one, now) : ofNobody(one, now)));
  return [...kept, ...beyond.map((one): Candidate => ({ ...ofUpload(one, now), rank: 'Due' }))];
}

function ofIncident(
  incident: KubeletIncident,
  objects: readonly StoredEvidence[],
  surplus: Surplus | undefined,
): readonly Candidate[] {
  const [within, beyond] = withinShare(objects);
  const at = endedAt(incident);
  const rank = rankOf(incident, surplus);
  const reason = surplus === undefined || rank === 'FalseAlarm' ? 'Budget' : 'SharedFault';
  const kept = { objects: within, said: { incident, reason }, rank, at, bytes: bytesOf(within) } as const;
  if (beyond.length === 0) return [kept];
  const said = { incident, reason: 'TooLarge' } as const;
  return [{ objects: beyond, said, rank: 'Due', at, bytes: bytesOf(beyond) }, kept];
}

/** The newest failure of each node is worth the most of what is over. */
function withLastFailures(candidates: readonly Candidate[]): readonly Candidate[] {
  const last = new Map<string, Candidate>();
  for (const one of candidates) {
    if (one.rank !== 'Failure' || one.said === undefined) continue;
    const { nodeName } = one.said.incident.spec;
    const known = last.get(nodeName);
    if (known === undefined || known.at <= one.at) last.set(nodeName, one);
  }
  const kept = new Set(last.values());
  return candidates.map((one) => (kept.has(one) ? { ...one, rank: 'LastFailure' } : one));
}

/** Whoever may write evidence may write any UID into it: all of what it says has to fit. */
function isOf({ incident, node }: StoredEvidence, { metadata, spec }: KubeletIncident): boolean {
  return metadata.name === incident.name && nodeInName(spec.nodeName) === node;
}

function candidatesOf({ evidence, incidents, now }: StoredNow): readonly Candidate[] {
  const byUID = new Map(incidents.map((incident) => [incident.metadata.uid, incident]));
  const byIncident = Map.groupBy(evidence, (one) => {
    const known = one.isUpload ? undefined : byUID.get(one.incident.uid);
    return known !== undefined && isOf(one, known) ? known : undefined;
  });
  const byNode = Map.groupBy(byIncident.get(undefined) ?? [], ({ node }) => node);
  const dumps = [...byIncident].flatMap(([incident, objects]) => (incident === undefined ? [] : { incident, objects }));
  const surplus = findSurplus(dumps.map(({ incident }) => incident));
  const ofDumps = dumps.flatMap(({ incident, objects }) =>
    ofIncident(incident, objects, surplus.get(incident.metadata.uid)),
  );
  return [...withLastFailures(ofDumps), ...[...byNode.values()].flatMap((objects) => ofNode(objects, now))];
}

export function planEvidence(stored: StoredNow): EvidencePlan {
  const partBytes = stored.budgetBytes / PARTS;
  const isSmall = ({ bytes }: Candidate): number => (bytes > partBytes ? 0 : 1);
  const order = [...candidatesOf(stored)].sort(
    (a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || isSmall(a) - isSmall(b) || a.at - b.at,
  );
  const usedBytes = bytesOf(stored.evidence);
  const held = order.filter(({ rank, said }) => rank === 'Held' && said !== undefined);
  const heldBytes = held.reduce((sum, { bytes }) => sum + Math.min(bytes, partBytes), 0);
  let left = usedBytes;
  const trims = order.filter(({ rank, bytes }) => {
    const goes = rank === 'Due' || (rank !== 'Held' && left > stored.budgetBytes);
    if (goes) left -= bytes;
    return goes;
  });
  return { trims: trims.map(({ objects, said }) => ({ objects, said })), usedBytes, heldBytes };
}
