/** Asks the kubelet's /healthz, on the host's own address: plain HTTP, and no rights are needed. */
import { readlink } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import type { HealthzAddress, KubeletProbe } from '../../ports/host.ts';
import { hasCode } from '../system-error.ts';
import type { HostNamespaces } from '../namespaces.ts';

type Answer = 'answered' | 'late' | 'refused';

export function createKubeletProbe(namespaces: HostNamespaces): KubeletProbe {
  return {
    async answers(at, deadlineMs, signal): Promise<boolean | undefined> {
      if (!(await isOnHostNetwork(namespaces))) return undefined;
      const answer = await ask(at, deadlineMs, signal);
      return answer === 'refused' ? undefined : answer === 'answered';
    },
  };
}

/** In a network of its own, what listens on 127.0.0.1 is not the host's. */
async function isOnHostNetwork({ procRoot, targetPid }: HostNamespaces): Promise<boolean> {
  try {
    const own = await readlink('/proc/self/ns/net');
    return own === (await readlink(`${procRoot}/1/ns/net`));
  } catch {
    return targetPid === undefined;
  }
}

/** The first byte of an answer is enough: nothing of it is read. */
async function ask({ host, port }: HealthzAddress, deadlineMs: number, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  return await new Promise<Answer>((resolve) => {
    const asked = request({ host, port, path: '/healthz', agent: false, signal: limit }, (answer: IncomingMessage) => {
      answer.destroy();
      resolve('answered');
    });
    asked.on('error', (error) => {
      // A connection that is reset after it was made was not answered; one that is not made says nothing.
      resolve(limit.aborted || hasCode(error, 'ECONNRESET', 'ETIMEDOUT') ? 'late' : 'refused');
    });
    asked.end();
  });
}
