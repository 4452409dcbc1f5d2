/** Asks the runtime what a relist asks, on a new connection each time. */
import type { ErrorCode } from '../../api/v1alpha1/words/error-codes.ts';
import type { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { Clock } from '../../ports/clock.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { ProbeResult, RuntimeProbe } from '../../ports/host.ts';
import { createCriClient, criTarget, type CriVersion } from './cri-client.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { messageOf } from '../system-error.ts';
import { cleanText } from '../../core/redaction/redact.ts';

export interface ProbeOptions {
  readonly namespaces: HostNamespaces;
  readonly clock: Clock;
  /** undefined: not known, and so nothing can be asked. */
  readonly endpoint: (signal: AbortSignal) => Promise<string | undefined>;
}

const STATES: Readonly<Partial<Record<ErrorCode, ProbeState>>> = {
  E_CRI_DEADLINE: 'Timeout',
  E_CRI_UNAVAILABLE: 'Unavailable',
  E_CRI_CANCELLED: 'Unknown',
};

export function createCriProbe({ namespaces, clock, endpoint }: ProbeOptions): RuntimeProbe {
  return {
    async probe(deadlineMs, signal): Promise<ProbeResult> {
      const started = clock.monotonic();
      const since = (): number => Math.max(0, Math.round(clock.monotonic() - started));
      try {
        const where = await endpoint(signal);
        if (where === undefined) return { state: 'Unknown', latencyMs: 0, message: 'no CRI endpoint is known' };
        const version = await ask(await criTarget(namespaces, where, signal), { clock, deadlineMs }, signal);
        return { state: 'Answered', latencyMs: since(), message: '', ...version };
      } catch (error) {
        const state = isMedicError(error) ? (STATES[error.code] ?? 'Error') : 'Error';
        return {
          state: signal.aborted ? 'Unknown' : state,
          latencyMs: since(),
          message: cleanText(messageOf(error), 1024),
        };
      }
    },
    async exitedContainers(deadlineMs, signal): Promise<number | undefined> {
      try {
        const where = await endpoint(signal);
        if (where === undefined) return undefined;
        const client = createCriClient(await criTarget(namespaces, where, signal), { clock, deadlineMs }, signal);
        return await client.listExitedContainers().finally(() => {
          client.close();
        });
      } catch {
        // The probe says what is wrong with the runtime; a number is known or it is not.
        return undefined;
      }
    },
  };
}

async function ask(
  target: string,
  limit: { readonly clock: Clock; readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<CriVersion> {
  const client = createCriClient(target, limit, signal);
  try {
    // Version takes no lock in any runtime; relist waits for the others, and one of them may hang alone.
    const version = await client.version();
    await client.askAsRelist();
    return version;
  } finally {
    client.close();
  }
}
