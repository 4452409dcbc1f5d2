/**
 * A second token for a pod whose own may be void while it still runs: a kubelet that is stuck ends no pod, but a token that is
 * bound to a pod ends with the pod's object. The second one is bound to the Node (docs/adr/0012). It is kept in memory alone.
 */
import type { Clock } from '../../ports/clock.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Connection } from './connection.ts';

export interface IssuedToken {
  readonly token: string;
  /** How long it lives, in milliseconds, as the API server granted it. */
  readonly lifeMs: number;
}

export interface NodeTokenParts {
  /** Asks for a token with the pod's own one. @throws `MedicError`. */
  readonly request: () => Promise<IssuedToken>;
  readonly clock: Clock;
  readonly log: Log;
}

/** After a refusal: of the pod's token, which is tried again, or of the request, which a person has to allow. */
const REFUSED_MS = 10 * 60_000;
/** After a failure that passes. */
const AGAIN_MS = 30_000;
/** An API server that grants next to nothing is not asked more often than this. */
const LEAST_MS = 60_000;

/**
 * The pod's token as long as it is taken; then the one of the node. That one is asked for in the background, with the first
 * request and again at half of its life, so that it has the other half left when the pod is deleted.
 */
export function withNodeToken(pod: Connection, { request, clock, log }: NodeTokenParts): Connection {
  let ofNode: string | undefined;
  let refusedOfPod: { readonly value: string; readonly at: number } | undefined;
  let dueAt = -Infinity;
  let failure = '';

  async function renew(): Promise<void> {
    // Until it is answered nobody asks a second time.
    dueAt = Infinity;
    try {
      const { token, lifeMs } = await request();
      ofNode = `Bearer ${token}`;
      failure = '';
      dueAt = clock.monotonic() + Math.max(lifeMs / 2, LEAST_MS);
    } catch (err) {
      dueAt = clock.monotonic() + (isMedicError(err, 'transient', 'throttled') ? AGAIN_MS : REFUSED_MS);
      const words = String(err);
      if (words !== failure) log.warn('There is no token that outlives the pod', { err });
      failure = words;
    }
  }

  function isRefused(value: string): boolean {
    return refusedOfPod?.value === value && clock.monotonic() - refusedOfPod.at < REFUSED_MS;
  }

  function note(value: string): void {
    if (refusedOfPod?.value !== value) {
      const detail = ofNode === undefined ? 'there is none of the node' : 'the one of the node is used';
      log.warn('The token of the pod is refused', { detail });
    }
    refusedOfPod = { value, at: clock.monotonic() };
  }

  /** undefined: its file is not there. */
  async function tokenOfPod(refused: string | undefined): Promise<string | undefined> {
    try {
      return await pod.authorization(refused);
    } catch (error) {
      if (ofNode === undefined || !(error instanceof MedicError)) throw error;
      return undefined;
    }
  }

  return {
    server: pod.server,
    tls: () => pod.tls(),
    async authorization(refused): Promise<string | undefined> {
      const isOfNode = refused !== undefined && refused === ofNode;
      if (isOfNode) {
        log.warn('The token of the node is refused', {});
        ofNode = undefined;
        dueAt = -Infinity;
      }
      const own = await tokenOfPod(isOfNode ? undefined : refused);
      if (own === undefined) return ofNode;
      if (own === refused) note(own);
      if (isRefused(own)) return ofNode ?? own;
      if (clock.monotonic() >= dueAt) void renew();
      return own;
    },
  };
}
