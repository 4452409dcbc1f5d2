/** Requests for uploads (`spec.uploads` of an incident): which of them hold, and how a new one is added to them. */
import { MAX_UPLOADS, type Upload, UPLOAD_LIFE_MS } from '../../api/v1alpha1/kinds/incident.ts';
import { fromTime, toPreciseTime } from '../time/timestamp.ts';

/** A clock that is ahead by more than the life of a request has written no time that could be judged. */
export function isRequestInForce({ at }: Pick<Upload, 'at'>, nowMs: number): boolean {
  const askedAt = fromTime(at);
  return askedAt !== undefined && Math.abs(nowMs - askedAt) < UPLOAD_LIFE_MS;
}

/**
 * Asks for files anew. The other requests stay while they are in force: other people wait for them. Where all of them
 * together are too many, the oldest go.
 * @returns the list as it is to be written.
 */
export function withRequests(known: readonly Upload[], files: readonly string[], nowMs: number): readonly Upload[] {
  const others = known.filter((request) => !files.includes(request.file) && isRequestInForce(request, nowMs));
  const newestFirst = others.toSorted((a, b) => (fromTime(b.at) ?? 0) - (fromTime(a.at) ?? 0));
  const asked = files.map((file): Upload => ({ file, at: toPreciseTime(nowMs) })).slice(0, MAX_UPLOADS);
  return [...newestFirst.slice(0, MAX_UPLOADS - asked.length).reverse(), ...asked];
}
