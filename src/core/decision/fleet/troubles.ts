/** What is wrong with a node, or with what its agent can do there. A trouble is one entry: what it means, and who has it. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { HealthConditionType } from '../../../api/v1alpha1/words/conditions.ts';
import type { KubeletHealth } from '../../../api/v1alpha1/kinds/health.ts';
import { type AgentContact, isSilent } from '../contact.ts';
import { isReady } from '../node-state.ts';
import { findCondition } from '../record/conditions-and-steps.ts';

export interface FleetNode {
  readonly node: Node;
  readonly health: KubeletHealth | undefined;
  readonly contact: AgentContact;
}

interface TroubleFacts {
  /** For the reference: nodes that ... */
  readonly meaning: string;
  readonly has: (one: FleetNode) => boolean;
}

/** A log is read within a second of being written; a minute is more than any pause of a reader. */
const MAX_LAG_S = 60;

/** The agents' DaemonSet runs on Linux. */
function hasAgent({ node }: FleetNode): boolean {
  return (node.metadata.labels['kubernetes.io/os'] ?? 'linux') === 'linux';
}

/** What a silent agent said last is of then. */
function said({ health, contact }: FleetNode): KubeletHealth['status'] | undefined {
  return isSilent(contact) ? undefined : health?.status;
}

function saysFalse(type: HealthConditionType): (one: FleetNode) => boolean {
  return (one) => findCondition(said(one)?.conditions, type)?.status === 'False';
}

const FACTS = {
  NotReady: { meaning: 'are not Ready', has: ({ node }) => !isReady(node) },
  PLEGUnhealthy: { meaning: 'have an unhealthy PLEG', has: (one) => said(one)?.pleg?.state === 'Unhealthy' },
  AgentMissing: {
    meaning: 'have no agent: it has never reported, or does not answer',
    has: (one) => hasAgent(one) && isSilent(one.contact),
  },
  LogUnreadable: { meaning: 'have a kubelet log that their agent cannot read', has: saysFalse('LogReadable') },
  LogLagging: {
    meaning: `have an agent that reads the kubelet log more than ${MAX_LAG_S} s late`,
    has: (one) => (said(one)?.log?.lagSeconds ?? 0) > MAX_LAG_S,
  },
  RuntimeUnreachable: {
    meaning: 'have a container runtime that does not answer their agent',
    has: saysFalse('RuntimeReachable'),
  },
  SpoolUnwritable: { meaning: 'cannot store evidence on their disk', has: saysFalse('SpoolWritable') },
  StacksUnreadable: {
    meaning: 'have an agent that may not read the memory of the kubelet',
    has: saysFalse('StacksReadable'),
  },
  NotRecoverable: { meaning: 'lack what a recovery needs', has: saysFalse('Recoverable') },
} as const satisfies Readonly<Record<string, TroubleFacts>>;

/** Value of the label `trouble`. */
export type Trouble = keyof typeof FACTS;

export const TROUBLES: Readonly<Record<Trouble, TroubleFacts>> = FACTS;
