/**
 * A bundle: the manifest of what was saved together, and what of an earlier one belongs to an incident. A bundle that was saved
 * on suspicion is named `early-TIME`; an incident adopts it if it is of its trouble.
 */
import * as z from 'zod/mini';
import { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { HostSummary } from '../../api/v1alpha1/parts/host-summary.ts';
import type { Trigger } from '../../api/v1alpha1/kinds/incident.ts';
import { TRIGGERS } from '../decision/node/triggers.ts';
import { durationMs } from '../time/duration.ts';
import { fromTime } from '../time/timestamp.ts';
import { locationText } from './location.ts';

const EARLY = 'early-';
/** An early capture that is older says little of now. */
const EARLY_MAX_AGE_MS = 15 * 60_000;
const MAX_MANIFEST = 48;

export const BundleManifest = z.object({
  version: z.literal(1),
  /** When it was complete, milliseconds since 1970. */
  at: z.number(),
  reason: z.string(),
  entries: z.array(EvidenceEntry),
  host: z.optional(HostSummary),
  relistCall: z.optional(z.string()),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

/** `early-20261124T100015250Z`: sorts by time, and fits a folder's name. */
export function earlyBundleName(at: number): string {
  return `${EARLY}${new Date(at).toISOString().replace(/[-:.]/g, '')}`;
}

export function isEarlyBundle(bundle: string): boolean {
  return bundle.startsWith(EARLY) && /^early-\d{8}T\d{9}Z$/.test(bundle);
}

/** The same entries, in another folder. */
export function relocated(manifest: BundleManifest, node: string, bundle: string): BundleManifest {
  const entries = manifest.entries.map((entry) =>
    entry.state === 'Captured'
      ? { ...entry, location: locationText({ kind: 'spool', node, bundle, file: entry.name }) }
      : entry,
  );
  return { ...manifest, entries };
}

/**
 * Whether evidence that was complete at `at` is of this trouble. The stuck relist began before its breach line. All three
 * times are the node's; what lies in the future was saved while its clock was ahead, nobody knows when.
 */
export function isOfTrouble(at: number, trigger: Trigger, now: number): boolean {
  const seenAt = fromTime(trigger.at);
  if (!TRIGGERS[trigger.type].isFault || seenAt === undefined) return false;
  if (at > now || now - at > EARLY_MAX_AGE_MS) return false;
  return at >= seenAt - (trigger.elapsed === undefined ? 0 : durationMs(trigger.elapsed));
}

/** An entry of an early bundle says that it is one. */
export function takenEarly(entry: EvidenceEntry): EvidenceEntry {
  if (entry.state === 'Failed' || entry.message !== undefined) return entry;
  return { ...entry, message: 'taken early, while PLEG was only suspected' };
}

/** The new entry of a name takes the old one's place, unless it failed and the old one did not. */
export function mergedEntries(
  old: readonly EvidenceEntry[],
  fresh: readonly EvidenceEntry[],
): readonly EvidenceEntry[] {
  const kept = old.filter((entry) => {
    const newer = fresh.find(({ name }) => name === entry.name);
    return newer === undefined || (newer.state === 'Failed' && entry.state === 'Captured');
  });
  const added = fresh.filter(({ name }) => !kept.some((entry) => entry.name === name));
  return [...kept, ...added].slice(0, MAX_MANIFEST);
}
