/** Requests of other operators, by the node that they are about. Without `otherOperators` of the chart there is none, and no watch. */
import { REMEDIATIONS } from '../../api/resources.ts';
import type { KubeletRemediation } from '../../api/v1alpha1/kinds/remediation.ts';
import { ANNOTATION_REMEDIATION_NODE, ANNOTATION_TIMED_OUT } from '../../api/v1alpha1/words/names.ts';
import { nodeNameOf } from '../../core/decision/remediation/requester.ts';
import type { Mirror, Resource } from '../../ports/cluster.ts';
import type { World } from '../world.ts';

export interface RemediationView {
  /** undefined: nobody may ask. */
  readonly mirror: Mirror<KubeletRemediation> | undefined;
  ofNode(name: string): readonly KubeletRemediation[];
}

/** Whoever may make one may make it large: pages stay small, and of each the mirror keeps what is asked of it. */
const PAGE = 50;
/** Of annotations, which may be 256 KiB: the name of a node has 253 characters at most, and a longer one is of no node. */
const MOST_CHARACTERS = 254;
/** NodeHealthCheck sets one owner or two, MachineHealthCheck one. */
const MOST_OWNERS = 4;
const ANNOTATIONS: readonly string[] = [ANNOTATION_REMEDIATION_NODE, ANNOTATION_TIMED_OUT];

function row(raw: unknown): KubeletRemediation {
  const remediation = REMEDIATIONS.parse(raw);
  const { annotations, ownerReferences } = remediation.metadata;
  const kept = ANNOTATIONS.flatMap((name) => {
    const value = annotations[name];
    return value === undefined ? [] : [[name, value.slice(0, MOST_CHARACTERS)] as const];
  });
  const metadata = {
    ...remediation.metadata,
    labels: {},
    annotations: Object.fromEntries(kept),
    ownerReferences: ownerReferences.slice(0, MOST_OWNERS),
    managedFields: [],
  };
  return { ...remediation, metadata };
}

export const REMEDIATION_ROWS: Resource<KubeletRemediation> = { ...REMEDIATIONS, parse: row };

export function keyOf({ metadata }: KubeletRemediation): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function createRemediationView(
  { cluster, remediations }: Pick<World, 'cluster' | 'remediations'>,
  signal: AbortSignal,
): RemediationView {
  if (remediations === undefined) return { mirror: undefined, ofNode: () => [] };
  const mirror = cluster.mirror(REMEDIATION_ROWS, { pageSize: PAGE }, signal);
  const byNode = new Map<string, Map<string, KubeletRemediation>>();

  mirror.onChange((current, previous) => {
    const [before, after] = [previous, current].map((one) => (one === undefined ? undefined : nodeNameOf(one)));
    if (previous !== undefined && before !== undefined) {
      const known = byNode.get(before);
      known?.delete(keyOf(previous));
      if (known?.size === 0) byNode.delete(before);
    }
    if (current === undefined || after === undefined) return;
    byNode.set(after, (byNode.get(after) ?? new Map<string, KubeletRemediation>()).set(keyOf(current), current));
  });

  return { mirror, ofNode: (name) => [...(byNode.get(name)?.values() ?? [])] };
}
