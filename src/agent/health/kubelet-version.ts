/** The kubelet's version, as its Node has it: nothing of the host is asked or run for it. */
import { NODES } from '../../api/resources.ts';
import type { Reading } from './observation.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { reasonOf, type World } from '../world.ts';

/** A kubelet writes its version to the Node when it registers, some seconds after its start. */
const SETTLED_MS = 60_000;
/** Other facts are read beside it, and wait for no longer. */
const LIMIT_MS = 3_000;

export interface KubeletVersion {
  /** undefined: it is not known. It throws with the signal only. */
  read(kubelet: Reading<UnitFacts>, signal: AbortSignal): Promise<string | undefined>;
}

/** Reads the Node when another kubelet runs, once more when that has settled, and each minute while it cannot be read. */
export function createKubeletVersion({ cluster, clock, node, log }: World): KubeletVersion {
  let known: string | undefined;
  let identity = '';
  let readMs = Number.NEGATIVE_INFINITY;
  let isSettled = false;

  async function ask(signal: AbortSignal): Promise<void> {
    isSettled = clock.monotonic() - readMs >= SETTLED_MS && readMs !== Number.NEGATIVE_INFINITY;
    readMs = clock.monotonic();
    try {
      const found = await cluster.get(NODES, { name: node }, { signal, deadlineMs: LIMIT_MS });
      known = found?.status.nodeInfo?.kubeletVersion;
    } catch (error) {
      signal.throwIfAborted();
      isSettled = false;
      log.debug('The version of the kubelet cannot be read', { node, reason: reasonOf(error) });
    }
  }

  return {
    async read(kubelet, signal): Promise<string | undefined> {
      const now =
        kubelet.kind === 'known' ? `${kubelet.value.invocationID}/${String(kubelet.value.mainPID)}` : identity;
      if (now !== identity) [identity, readMs, isSettled] = [now, Number.NEGATIVE_INFINITY, false];
      if (!isSettled && clock.monotonic() - readMs >= SETTLED_MS) await ask(signal);
      return known;
    },
  };
}
