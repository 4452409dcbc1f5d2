/** What incidents have in common: the same fault on several nodes is one fault. */
import type { Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';

/** An incident, open or past, as far as its fault goes. */
export interface Case {
  readonly incident: string;
  readonly node: string;
  readonly diagnosis: Diagnosis | undefined;
}

export function caseOf({ metadata, spec, status }: KubeletIncident): Case {
  return { incident: metadata.name, node: spec.nodeName, diagnosis: status.diagnosis };
}

export interface Pattern {
  readonly fingerprint: string;
  readonly cause: string;
  /** The line that blocks, as the dump has it; undefined: no stack. */
  readonly where: string | undefined;
  readonly incidents: readonly string[];
  readonly nodes: readonly string[];
  /** Versions of the kubelets that were stuck, as far as they are known. */
  readonly kubeletVersions: readonly string[];
  readonly fixedIn: string | undefined;
}

/** Faults that were met more than once, those of most nodes first. */
export function findPatterns(cases: readonly Case[]): readonly Pattern[] {
  const groups = Map.groupBy(cases, ({ diagnosis }) => diagnosis?.fingerprint ?? '');
  groups.delete('');
  return [...groups]
    .filter(([, members]) => members.length > 1)
    .map(([fingerprint, members]) => patternOf(fingerprint, members))
    .sort((a, b) => b.nodes.length - a.nodes.length || b.incidents.length - a.incidents.length);
}

function patternOf(fingerprint: string, members: readonly Case[]): Pattern {
  const diagnoses = members.flatMap(({ diagnosis }) => diagnosis ?? []);
  const first = diagnoses[0];
  return {
    fingerprint,
    cause: first?.cause ?? 'unknown',
    where: first?.blockedStack?.split('\n', 1)[0],
    incidents: members.map(({ incident }) => incident),
    nodes: distinct(members.map(({ node }) => node)),
    kubeletVersions: distinct(diagnoses.flatMap(({ kubeletVersion }) => kubeletVersion ?? [])),
    fixedIn: first?.fixedIn,
  };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

const MAX_VERSIONS = 4;

function versionText(versions: readonly string[]): string {
  const releases = versions.map((version) => version.replace(/^v(?=\d)/, ''));
  if (releases.length === 0) return '';
  if (releases.length === 1) return `, all kubelet ${releases.join('')}`;
  return releases.length > MAX_VERSIONS ? `, ${releases.length} kubelet versions` : `, kubelets ${releases.join(', ')}`;
}

/** Incidents outlive their nodes, so that there may be fewer nodes now than were met. */
function nodesText(met: number, cluster: number): string {
  return cluster < met ? `${met} nodes` : `${met} of ${cluster} nodes in the cluster`;
}

/**
 * `4 of 12 nodes in the cluster, same line, all kubelet 1.12.10`.
 *
 * @param cluster nodes in the cluster now, whichever policy rules them; 0: not known.
 */
export function patternText({ nodes, incidents, where, kubeletVersions }: Pattern, cluster: number): string {
  const again = incidents.length > nodes.length ? `, ${incidents.length} incidents` : '';
  const same = where === undefined ? 'same fault' : 'same line';
  return `${nodesText(nodes.length, cluster)}${again}, ${same}${versionText(kubeletVersions)}`;
}
