/** How long a call to the API server may take. */
import type { Call } from '../ports/cluster.ts';
import type { Limit } from '../runtime/deadline.ts';

const DEFAULT_DEADLINE_MS = 10_000;

/** @param what the request, for the message: `GET nodes/node-a`. */
export function callLimit(what: string, { deadlineMs = DEFAULT_DEADLINE_MS }: Pick<Call, 'deadlineMs'>): Limit {
  return { ms: deadlineMs, code: 'E_KUBE_DEADLINE', what: `${what} at the API server` };
}

/**
 * The query parameter `timeout`, with which the API server gives up a write when its client has: without it, one that
 * waits in a busy server may take effect up to a minute later.
 * Source: apiserver `pkg/endpoints/filters/request_deadline.go`.
 */
export function serverTimeout(deadlineMs: number): string {
  return `${Math.max(1, Math.ceil(deadlineMs / 1000))}s`;
}
