/** Which of the things that were given are of one node. What cannot be told is not mixed with what is of another. */
import type { Dump } from '../../dump/goroutine.ts';
import { areOfOneProcess } from '../analysis/one-process.ts';
import { oneNameEach } from './hosts-of-text.ts';
import { type KubeletRun, runAtOnce } from './kubelet-runs.ts';
import { nodesOfPaths } from './node-of-path.ts';

/** A dump, a log, a manifest. */
export interface Source {
  /** Of its file. */
  readonly name: string;
  /** That its content names; undefined: none. */
  readonly host: string | undefined;
  /** It is the manifest of a bundle: all of its folder is of that host. */
  readonly isManifest?: true;
  readonly dump?: Dump;
  /** When which kubelet wrote it. */
  readonly runs?: readonly KubeletRun[];
}

export interface OfNode<T> {
  /** undefined: nothing says. */
  readonly node: string | undefined;
  readonly sources: readonly T[];
}

/** @returns one group where all may be of one node; else one for each node, and at the end what is of no node that is known. */
export function byNode<T extends Source>(sources: readonly T[]): readonly OfNode<T>[] {
  const keys = new Map(keysOf(sources).map((key, at) => [sources[at], key]));
  const groups = Map.groupBy(sources, (one) => keys.get(one));
  const nameless = groups.get(undefined) ?? [];
  groups.delete(undefined);
  if (groups.size > 1)
    return [...[...groups].map(([node, members]) => ({ node, sources: members })), ...clustersOf(nameless)];
  const [only] = groups.keys();
  const isNamed = (one: T): boolean => keys.get(one) !== undefined;
  const clusters = clustersOf(sources, isNamed);
  return clusters.map((group) =>
    clusters.length === 1 || group.sources.some(isNamed) ? { ...group, node: only } : group,
  );
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

/** A bundle's folder is its node's, whatever it is called. */
function bundleOf(name: string, bundles: readonly Source[]): string | undefined {
  const manifest = bundles.find((one) => name.startsWith(folderOf(one.name)));
  return manifest?.host ?? manifest?.name;
}

function keysOf(sources: readonly Source[]): readonly (string | undefined)[] {
  const bundles = sources
    .filter(({ isManifest }) => isManifest === true)
    .sort((a, b) => folderOf(b.name).length - folderOf(a.name).length);
  const files = [...new Set(sources.map(({ name }) => name))];
  const byPath = nodesOfPaths(files);
  const paths = new Map(files.map((name, at) => [name, bundleOf(name, bundles) ?? byPath[at]]));
  const all = [...sources.flatMap(({ host }) => host ?? []), ...[...paths.values()].flatMap((path) => path ?? [])];
  const names = oneNameEach(all);
  const named = sources.map(({ name, host }) => {
    const path = paths.get(name);
    return {
      path: path === undefined ? undefined : (names.get(path) ?? path),
      host: host === undefined ? undefined : (names.get(host) ?? host),
    };
  });
  return ofOneProcess(sources, joined(named));
}

interface Named {
  readonly path: string | undefined;
  readonly host: string | undefined;
}

/** A name of a path stands for the host that its files name; where they name several, these count. */
function joined(named: readonly Named[]): (string | undefined)[] {
  const hosts = new Map<string, Set<string>>();
  const paths = new Map<string, Set<string>>();
  for (const { path, host } of named) {
    if (path === undefined || host === undefined) continue;
    hosts.set(path, (hosts.get(path) ?? new Set()).add(host));
    paths.set(host, (paths.get(host) ?? new Set()).add(path));
  }
  const isOne = (path: string): boolean => (hosts.get(path)?.size ?? 0) <= 1;
  return named.map(({ path, host }) => {
    if (path !== undefined && isOne(path)) return path;
    const own = [...(host === undefined ? [] : (paths.get(host) ?? []))].filter(isOne);
    return own.length === 1 ? own[0] : host;
  });
}

/** More are not compared. */
const MAX_COMPARED = 64;

/** Two names of which the dumps are of one process are of one node: they tell looks apart. */
function ofOneProcess(sources: readonly Source[], keys: (string | undefined)[]): (string | undefined)[] {
  const dumps = sources.flatMap((one, at) => {
    const key = keys[at];
    return key !== undefined && one.dump?.process === 'kubelet' ? [{ key, dump: one.dump }] : [];
  });
  const same = new Map<string, string>();
  for (const [at, later] of dumps.slice(0, MAX_COMPARED).entries()) {
    const before = dumps
      .slice(0, at)
      .find(({ key, dump }) => key !== later.key && areOfOneProcess(dump, later.dump) === 'yes');
    if (before !== undefined) same.set(later.key, same.get(before.key) ?? before.key);
  }
  return keys.map((key) => (key === undefined ? undefined : (same.get(key) ?? key)));
}

/** What may be of one kubelet. */
interface Cluster<T> {
  readonly members: T[];
  readonly dumps: { readonly one: T; readonly dump: Dump }[];
  runs: readonly KubeletRun[];
}

const MAX_CLUSTERS = 16;

/**
 * By what cannot be of one kubelet: dumps of two processes, logs that two write at once. What contradicts nobody is put with
 * the others only where there are no two to choose from.
 * @param isNamed sources that are of one node by name, whatever they say.
 */
function clustersOf<T extends Source>(sources: readonly T[], isNamed: (one: T) => boolean = () => false): OfNode<T>[] {
  const clusters: Cluster<T>[] = [];
  const rest: T[] = [];
  // Those that are named come first, lest what is not stands in their place.
  for (const one of [...sources.filter(isNamed), ...sources.filter((source) => !isNamed(source))]) {
    if (tells(one)) take(clusters, one, isNamed);
    else rest.push(one);
  }
  if (sources.length === 0) return [];
  if (clusters.length <= 1) return [{ node: undefined, sources }];
  const named = new Set(rest.filter(isNamed));
  const groups = clusters.map(({ members }) => (members.some(isNamed) ? [...members, ...named] : members));
  const others = named.size > 0 ? rest.filter((one) => !named.has(one)) : rest;
  return [...groups, ...(others.length === 0 ? [] : [others])].map((members) => ({
    node: undefined,
    sources: members,
  }));
}

function take<T extends Source>(clusters: Cluster<T>[], one: T, isNamed: (one: T) => boolean): void {
  let home = clusters.find((cluster) => mayBeOf(cluster, one, isNamed));
  if (home === undefined && clusters.length >= MAX_CLUSTERS) home = clusters.at(-1);
  if (home === undefined) {
    home = { members: [], dumps: [], runs: [] };
    clusters.push(home);
  }
  home.members.push(one);
  if (one.dump?.process === 'kubelet') home.dumps.push({ one, dump: one.dump });
  home.runs = [...home.runs, ...(one.runs ?? [])].slice(-MAX_COMPARED);
}

function tells({ dump, runs }: Source): boolean {
  return dump?.process === 'kubelet' || (runs?.length ?? 0) > 0;
}

/** Of many dumps the last ones are compared. */
const LAST = 4;

function mayBeOf<T extends Source>(
  { members, dumps, runs }: Cluster<T>,
  one: T,
  isNamed: (one: T) => boolean,
): boolean {
  if (isNamed(one) && members.some(isNamed)) return true;
  const { dump } = one;
  if (dump?.process === 'kubelet' && dumps.slice(-LAST).some((other) => areOfOneProcess(other.dump, dump) === 'no'))
    return false;
  return !runAtOnce(runs, one.runs ?? []);
}
