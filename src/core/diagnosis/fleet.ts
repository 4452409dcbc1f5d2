/** Incidents of several nodes with one fingerprint: what they have in common. */

export interface FleetMember {
  readonly node: string;
  readonly kubeletVersion: string | undefined;
  readonly fingerprint: string | undefined;
  readonly cause: string;
}

/** `v1.12.10` is told as `1.12.10`. */
function releaseOf(version: string): string {
  return version.replace(/^v(?=\d)/, '');
}

function versionsOf(members: readonly FleetMember[]): string {
  const versions = [...new Set(members.flatMap(({ kubeletVersion }) => kubeletVersion ?? []))].map(releaseOf).sort();
  const isSureOfAll = members.every(({ kubeletVersion }) => kubeletVersion !== undefined);
  if (versions.length === 0) return '';
  if (versions.length === 1)
    return isSureOfAll ? `, all kubelet ${versions[0] ?? ''}` : `, kubelet ${versions[0] ?? ''}`;
  return versions.length > 4 ? `, ${versions.length} kubelet versions` : `, kubelets ${versions.join(', ')}`;
}

/**
 * `4 of 12 nodes, same line, pleg-event-channel-deadlock, all kubelet 1.12.10` of the largest group with one fingerprint; undefined: no two nodes have
 * the same. A node with several incidents counts once.
 *
 * @param total nodes of the fleet, stuck or not.
 */
export function describeFleet(members: readonly FleetMember[], total: number): string | undefined {
  const groups = new Map<string, Map<string, FleetMember>>();
  for (const member of members) {
    if (member.fingerprint === undefined) continue;
    const group = groups.get(member.fingerprint) ?? new Map<string, FleetMember>();
    groups.set(member.fingerprint, group.set(member.node, member));
  }
  const largest = [...groups.values()].sort((a, b) => b.size - a.size)[0];
  if (largest === undefined || largest.size < 2) return undefined;
  const same = [...largest.values()];
  return `${largest.size} of ${Math.max(total, largest.size)} nodes, same line, ${same[0]?.cause ?? ''}${versionsOf(same)}`;
}
