/** What a person is told where the agent of a node is silent: since when, and what to look at. */
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import { type AgentContact, isSilent } from './contact.ts';
import { agentSeenAt } from './node-state.ts';

interface Silent {
  readonly health: KubeletHealth | undefined;
  readonly contact: AgentContact;
}

/** Its words stay the same for as long as it lasts: they stand in conditions, and a look is not to be a write. */
export function silenceOf({ health, contact }: Silent, node: string): string | undefined {
  return isSilent(contact) ? silenceWords(health, node) : undefined;
}

export function silenceWords(health: KubeletHealth | undefined, node: string): string {
  const seen = agentSeenAt(health);
  const { pod, namespace } = health?.status.agent ?? {};
  const what =
    seen === undefined ? 'has never reported' : `is silent: it last reported at ${new Date(seen).toISOString()}`;
  const from = pod === undefined || seen === undefined ? '' : `, from the pod ${namespace ?? ''}/${pod}`;
  const where = namespace === undefined ? '-A' : `-n ${namespace}`;
  const look = `kubectl get pods ${where} -l app.kubernetes.io/component=agent --field-selector spec.nodeName=${node}`;
  return `the agent on ${node} ${what}${from}. Look at: ${look} (a stuck kubelet starts no pod), and its container's log on the node`;
}

/** The messages of steps hold no more, and names are long. */
const MAX_CHARS = 1024;

/** A message, and the silence of the agent where there is one. */
export function tellSilence(silent: Silent, node: string, message: string): string {
  const words = silenceOf(silent, node);
  return words === undefined ? message : `${message}; ${words}`.slice(0, MAX_CHARS);
}
