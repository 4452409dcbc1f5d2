/** What incidents have in common: the same fault on several nodes is one fault. */
import type { KubeletHealth } from '../../api/v1alpha1/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';

export interface Pattern {
  readonly fingerprint: string;
  readonly cause: string;
  /** The line that blocks, as the dump has it; undefined: no stack. */
  readonly where: string | undefined;
  readonly incidents: number;
  readonly nodes: readonly string[];
  /** Versions of the kubelets of these nodes as they are now. */
  readonly kubeletVersions: readonly string[];
  readonly fixedIn: string | undefined;
}

/** Faults that were met more than once, those of most nodes first. */
export function findPatterns(
  incidents: readonly KubeletIncident[],
  healths: readonly KubeletHealth[],
): readonly Pattern[] {
  const groups = Map.groupBy(incidents, ({ status }) => status.diagnosis?.fingerprint ?? '');
  groups.delete('');
  return [...groups]
    .filter(([, members]) => members.length > 1)
    .map(([fingerprint, members]) => patternOf(fingerprint, members, healths))
    .sort((a, b) => b.nodes.length - a.nodes.length || b.incidents - a.incidents);
}

function patternOf(
  fingerprint: string,
  members: readonly KubeletIncident[],
  healths: readonly KubeletHealth[],
): Pattern {
  const nodes = [...new Set(members.map(({ spec }) => spec.nodeName))].sort();
  const versions = healths
    .filter(({ metadata }) => nodes.includes(metadata.name))
    .flatMap(({ status }) => status.kubelet?.version ?? []);
  const diagnosis = members.find(({ status }) => status.diagnosis !== undefined)?.status.diagnosis;
  return {
    fingerprint,
    cause: diagnosis?.cause ?? 'unknown',
    where: diagnosis?.blockedStack?.split('\n', 1)[0],
    incidents: members.length,
    nodes,
    kubeletVersions: [...new Set(versions)].sort(),
    fixedIn: diagnosis?.fixedIn,
  };
}

/** `4 of 12 nodes, 6 incidents: runtime-hung, at ...; all kubelet v1.12.10; fixed in 1.14`. */
export function patternText(pattern: Pattern, fleet: number): string {
  const { nodes, incidents, cause, where, kubeletVersions, fixedIn } = pattern;
  const share = fleet >= nodes.length ? `${nodes.length} of ${fleet} nodes` : `${nodes.length} nodes`;
  const [version] = kubeletVersions;
  const versions =
    kubeletVersions.length === 1 ? `all kubelet ${version ?? ''}` : `kubelet ${kubeletVersions.join(', ')}`;
  return [
    `${share}, ${incidents} incidents: ${cause}${where === undefined ? '' : `, at ${where}`}`,
    ...(kubeletVersions.length === 0 ? [] : [versions]),
    ...(fixedIn === undefined ? [] : [`fixed in ${fixedIn}`]),
  ].join('; ');
}
