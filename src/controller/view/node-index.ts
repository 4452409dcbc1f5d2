/** Which policy rules which node, and which nodes look ill: kept up to date by each change, in place of a look at all nodes. */
import type { Node } from '../../api/kubernetes/node.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import { isControlPlane, isReady } from '../../core/decision/node-state.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';

export interface NodeIndex {
  setNode(name: string, node: Node | undefined): void;
  setHealth(name: string, health: KubeletHealth | undefined): void;
  setPolicies(policies: readonly KubeletRecoveryPolicy[]): void;
  /** How many nodes there are. */
  all(): number;
  /** How many nodes a policy rules. */
  ruled(policy: string): number;
  /** Nodes that a policy matches while another one rules them: by the name of the one that rules. */
  overridden(policy: string): ReadonlyMap<string, string>;
  /** Names of ruled nodes that are not Ready. */
  notReady(policy: string): readonly string[];
  /** Names of ruled nodes that are Ready, and whose agent has said that PLEG is unhealthy. */
  saidIll(policy: string): readonly string[];
  controlPlane(): ReadonlySet<string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

export function createNodeIndex(): NodeIndex {
  const nodes = new Map<string, Node>();
  const controlPlane = new Set<string>();
  const notReady = new Set<string>();
  const saidIll = new Set<string>();
  /** By node: the policy that rules it. */
  const rulers = new Map<string, string>();
  const counts = new Map<string, number>();
  /** By policy, and then by node. */
  const losers = new Map<string, Map<string, string>>();
  let policies: readonly KubeletRecoveryPolicy[] = [];

  function count(policy: string, change: 1 | -1): void {
    counts.set(policy, (counts.get(policy) ?? 0) + change);
  }

  function unmatch(name: string): void {
    const ruler = rulers.get(name);
    if (ruler !== undefined) count(ruler, -1);
    rulers.delete(name);
    for (const lost of losers.values()) lost.delete(name);
  }

  function match(name: string, node: Node): void {
    unmatch(name);
    const { policy, overridden } = matchPolicy(node, policies);
    if (policy === undefined) return;
    rulers.set(name, policy.metadata.name);
    count(policy.metadata.name, 1);
    for (const { metadata } of overridden) {
      const lost = losers.get(metadata.name) ?? new Map<string, string>();
      losers.set(metadata.name, lost.set(name, policy.metadata.name));
    }
  }

  function put(set: Set<string>, name: string, isIn: boolean): void {
    if (isIn) set.add(name);
    else set.delete(name);
  }

  const ruledBy = (policy: string) => (name: string) => rulers.get(name) === policy;

  return {
    setNode(name, node): void {
      put(controlPlane, name, node !== undefined && isControlPlane(node));
      put(notReady, name, node !== undefined && !isReady(node));
      if (node === undefined) {
        nodes.delete(name);
        unmatch(name);
        return;
      }
      nodes.set(name, node);
      match(name, node);
    },
    setHealth(name, health): void {
      put(saidIll, name, health?.status.pleg?.state === 'Unhealthy');
    },
    setPolicies(present): void {
      policies = present;
      losers.clear();
      for (const [name, node] of nodes) match(name, node);
    },
    all: () => nodes.size,
    ruled: (policy) => counts.get(policy) ?? 0,
    overridden: (policy) => losers.get(policy) ?? NONE,
    notReady: (policy) => [...notReady].filter(ruledBy(policy)),
    saidIll: (policy) => [...saidIll].filter((name) => ruledBy(policy)(name) && !notReady.has(name)),
    controlPlane: () => controlPlane,
  };
}
