/** Asks the agent of a node, by `spec.uploads` of the incident, for artifacts that are in its spool. */
import { INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { withRequests } from '../../core/evidence/upload-request.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import { getIncident, PLUGIN_MANAGER, type Session } from '../session.ts';

/** The agent and the controller write an open incident, and with it the version that the patch is bound to. */
const ATTEMPTS = 5;
/** A request of somebody else that is this young is being answered: to ask anew would take it away from him. */
const JOIN_MS = 30_000;
/** A clock that differs by more from the API server's is corrected by it: requests hold for an hour of its time. */
const SKEW_MS = 60_000;

/**
 * @returns when each file was asked for: `at` of its request.
 * @throws `MedicError`; `denied` without the right to patch incidents.
 */
export async function requestUploads(
  session: Session,
  name: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  let aheadMs = 0;
  for (let attempt = 1; ; attempt++) {
    const incident = await getIncident(session, name);
    const nowMs = session.clock.now() - aheadMs;
    const joined = aheadMs === 0 ? recentRequests(incident, files, nowMs) : new Map<string, string>();
    const missing = files.filter((file) => !joined.has(file));
    if (missing.length === 0) return joined;
    try {
      const written = await write(session, incident, missing, nowMs);
      const skewMs = session.clock.now() - (writtenAt(written) ?? session.clock.now());
      if (Math.abs(skewMs - aheadMs) <= SKEW_MS || attempt === ATTEMPTS) return requestsOf(written, files);
      aheadMs = skewMs;
    } catch (error) {
      if (!isMedicError(error, 'conflict') || attempt === ATTEMPTS) throw error;
    }
  }
}

async function write(
  { cluster }: Session,
  { metadata, spec }: KubeletIncident,
  files: readonly string[],
  nowMs: number,
): Promise<KubeletIncident> {
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    { op: 'add', path: '/spec/uploads', value: withRequests(spec.uploads ?? [], files, nowMs) },
  ] as const;
  return await cluster.jsonPatch(INCIDENTS, { name: metadata.name }, patch, { manager: PLUGIN_MANAGER });
}

function recentRequests(incident: KubeletIncident, files: readonly string[], nowMs: number): Map<string, string> {
  const isRecent = (at: string): boolean => Math.abs(nowMs - (fromTime(at) ?? 0)) < JOIN_MS;
  return new Map([...requestsOf(incident, files)].filter(([, at]) => isRecent(at)));
}

function requestsOf({ spec }: KubeletIncident, files: readonly string[]): Map<string, string> {
  const asked = (spec.uploads ?? []).filter(({ file }) => files.includes(file));
  return new Map(asked.map(({ file, at }) => [file, at]));
}

/** When the API server has taken our write, by its own clock, to the second. */
function writtenAt({ metadata }: KubeletIncident): number | undefined {
  const ours = metadata.managedFields.filter(({ manager, subresource }) => manager === PLUGIN_MANAGER && !subresource);
  const times = ours.map(({ time }) => fromTime(time)).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}
