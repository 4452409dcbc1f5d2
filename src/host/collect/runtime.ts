/** What the container runtime says of itself. */
import { MedicError } from '../../ports/errors.ts';
import type { Collected, Collector } from '../../ports/host.ts';
import { type CollectorContext, collectedText, orSay } from './collector-context.ts';
import { createCriClient, criTarget } from '../cri/cri-client.ts';

const CALL_MS = 3_000;
const INFO_TIMEOUT_MS = 15_000;

export function runtimeCollectors(context: CollectorContext): readonly Collector[] {
  return [
    {
      name: 'runtime-info.txt',
      kind: 'RuntimeInfo',
      source: 'CRI Version, Status, ListPodSandbox, ListContainers',
      timeoutMs: INFO_TIMEOUT_MS,
      collect: (_window, signal) => runtimeInfo(context, signal),
    },
  ];
}

/** Each call has a connection and a deadline of its own: which of them hang is what matters. */
async function runtimeInfo({ namespaces, clock, endpoint }: CollectorContext, signal: AbortSignal): Promise<Collected> {
  const where = await endpoint(signal);
  if (where === undefined) throw new MedicError('E_CRI_ENDPOINT', 'terminal', 'no CRI endpoint is known');
  const target = await criTarget(namespaces, where, signal);
  async function ask(
    what: string,
    call: (client: ReturnType<typeof createCriClient>) => Promise<unknown>,
  ): Promise<string> {
    const client = createCriClient(target, { clock, deadlineMs: CALL_MS }, signal);
    try {
      return await orSay(
        what,
        call(client).then((answer) => `${what}: ${JSON.stringify(answer)}\n`),
        signal,
      );
    } finally {
      client.close();
    }
  }
  const answers = await Promise.all([
    ask('Version', (client) => client.version()),
    ask('Status', (client) => client.status()),
    ask('ListPodSandbox, how many', (client) => client.listPodSandbox()),
    ask('ListContainers in state exited, how many', (client) => client.listExitedContainers()),
  ]);
  return collectedText(`endpoint: ${where}\n${answers.join('')}`);
}
