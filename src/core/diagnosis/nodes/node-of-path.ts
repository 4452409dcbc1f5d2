/** Which node a file is of, by the names that people and collectors give to files and folders. */

/** A folder of folders that are called as their nodes are (must-gather, crashd, sonobuoy). */
const LISTS = /^(?:nodes?|hosts?|machines|by-(?:node|host))$/i;
/** sos: `sosreport-HOST[-CASE]-DATE-LETTERS`. */
const SOS = /^sos(?:report|collect(?:or)?)?-(.+?)(?:-\d{3,})?-\d{4}-\d\d-\d\d(?:-\w+)?$/i;
const EXTENSION =
  /\.(?:txt|log|gz|json|ya?ml|out|err|tar|tgz|zip|xz|md|html?|dump|prof|pprof|corrupt)$|(?<=\.log|\.txt|messages|syslog)\.\d{1,3}$/i;
/** What a file has in it. */
const ROLE =
  /^(?:kubelet|kubenswrapper|containerd|crio|cri|o|docker|dockerd|journal|journalctl|messages|syslog|dmesg|kern|kernel|goroutines?|stacks?|stacktraces?|dump|dumps|pprof|debug|debug[12]|sigquit|service|services|logs?|unit|systemd|shims?|threads?|trace|traces|output|runtime|deep|watchdog|samples|info|warning|error|fatal|stdout|stderr|root|no|pager|since|disk|boot|verify|all|lines)$/i;
/** Programs of the node that a folder of logs is called after: these tell no node. */
const NODE_ROLE =
  /^(?:kubelet|kubenswrapper|containerd|crio|docker|dockerd|journal|journalctl|messages|syslog|dmesg|kern|kernel|goroutines?|stacks?|dumps?|sigquit)$/i;
/** When it was taken, or which of several. */
const WHEN =
  /^(?:\d{1,14}z?|t\d{1,6}z?|\d{2,8}t\d{1,6}z?|\d{1,2}[hms]\d*\w*|[a-z]|before|after|during|early|late|later|start|end|pre|post|now|then|today|yesterday|am|pm|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|first|second|third|1st|2nd|3rd|last|prev|previous|current|old|new|latest|orig|original|copy|backup|full|part|partial|head|tail|cut|try|take|look|round|run|sample|snapshot|attempt|no|num|idx|restart|restarted|boot|rotated|archive)\d*$/i;

const SEPARATORS = /([-_.@+ :=]+)/;
/** Of a container or a commit. */
const ID = /^[0-9a-f]{7,64}$/i;

const KIND =
  /^(?:node|worker|master|control|controlplane|compute|infra|minion|vm|host|machine|server|agent|cp|wrk|kn|vmss\w*|ng|nodepool|nodegroup|pool)\d*$/i;
const CLOUD =
  /^(?:ip-\d{1,3}(?:-\d{1,3}){3}\b.*|\d{1,3}(?:[.-]\d{1,3}){3}|i-[0-9a-f]{8,17}|(?:gke|gk3|aks|eks|oke|talos|kind|k3d|minikube|shoot)-.+|[\w-]{1,63}(?:\.[\w-]{1,63}){2,})$/i;
const BARE = /^(?:master|worker|control-?plane)$/i;
/** Programs and folders whose name has the word in it. */
const NO_NODE =
  /(?:^|[-_.])(?:problem|exporter|local|dns|driver|status|info|describe|list|conditions?|events?|discovery|feature|termination|handler|logs?|nodes|hosts|issue|incident|case|bug|report|bundle|notready|cni|csi|calico|aws|proxy|shell|js|modules)(?:[-_.]|$)/i;

function isHostLike(name: string): boolean {
  if (name.length > 253) return false;
  if (CLOUD.test(name)) return true;
  if (NO_NODE.test(name)) return false;
  if (BARE.test(name)) return true;
  const words = name.split(/[-_.]/);
  return words.some((word) => KIND.test(word)) && (words.length > 1 || /\d$/.test(name));
}

interface Stem {
  /** What is left of it without role and time; empty: nothing. */
  readonly name: string;
  readonly role: string;
}

function withoutExtensions(file: string): string {
  let stem = file;
  while (EXTENSION.test(stem)) stem = stem.replace(EXTENSION, '');
  return stem;
}

/** `node-b-goroutines-2` is `node-b` and `goroutines`. */
function stemOf(file: string): Stem {
  // Words at even places, what separates them at odd ones.
  const parts = withoutExtensions(file).split(SEPARATORS);
  const isRole = (at: number): boolean => ROLE.test(parts[at] ?? '');
  let [from, to] = [0, parts.length - 1];
  while (from <= to && isRole(from)) from += 2;
  for (let end = lastRole(parts, from, to); end >= from; end = lastRole(parts, from, to)) to = end - 2;
  const name = parts.slice(from, Math.max(from, to + 1)).join('');
  const roles = parts.filter((part, at) => at % 2 === 0 && (at < from || at > to) && ROLE.test(part));
  const isName = name.split(SEPARATORS).some((word, at) => at % 2 === 0 && !WHEN.test(word) && !ID.test(word));
  return { name: isName ? lower(name) : '', role: [...new Set(roles.map(lower))].sort().join(' ') };
}

/** The place of the role at the end, or before the times at the end; -1: a number there is of the name, as in `node-2`. */
function lastRole(parts: readonly string[], from: number, to: number): number {
  for (let at = to; at >= from; at -= 2) {
    const part = parts[at] ?? '';
    if (ROLE.test(part)) return at;
    if (part !== '' && !WHEN.test(part)) return -1;
  }
  return -1;
}

interface Candidates {
  readonly sure: readonly string[];
  readonly likely: readonly string[];
}

/** Each of its folders and its name that may be that of a node. */
function candidatesOf(path: string): Candidates {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const names = parts.map((part, at) => (at === parts.length - 1 ? stemOf(part).name : withoutExtensions(part)));
  const listed = names.filter((name, at) => at > 0 && LISTS.test(parts[at - 1] ?? '') && name !== '');
  const sos = parts.flatMap((part) => SOS.exec(withoutExtensions(part))?.[1] ?? []);
  return { sure: [...listed, ...sos].map(lower), likely: names.filter(isHostLike).map(lower) };
}

function lower(name: string): string {
  return name.toLowerCase();
}

/** One of the words of a path that may be the name of a node, and what is beside it. */
interface Place {
  /** The path with a `*` for that word. */
  readonly around: string;
  readonly word: string;
  /** The folder of that name, or the files of it. */
  readonly key: string;
}

function keyOfFile(parts: readonly string[], name: string): string {
  return [...parts.slice(0, -1), `${name}*`].join('/');
}

function placesOf(path: string): readonly Place[] {
  const parts = path.split('/');
  const { name, role } = stemOf(parts.at(-1) ?? '');
  if (!role.split(' ').some((word) => NODE_ROLE.test(word))) return [];
  const file = { around: [...parts.slice(0, -1), `*${role}`].join('/'), word: name, key: keyOfFile(parts, name) };
  const folders = parts.slice(0, -1).map((part, at) => ({
    around: [...parts.slice(0, at), '*', ...parts.slice(at + 1)].join('/'),
    word: stemOf(part).name,
    key: `${parts.slice(0, at + 1).join('/')}/`,
  }));
  return [file, ...folders].filter(({ word }) => word !== '');
}

/** Folders side by side that have the same file of a node's program in each, and such files that differ in a word. */
function siblings(paths: readonly string[]): ReadonlySet<string> {
  const places = Map.groupBy(paths.flatMap(placesOf), ({ around }) => around);
  const differ = [...places.values()].filter((all) => new Set(all.map(({ word }) => word)).size > 1);
  return new Set(differ.flatMap((all) => all.map(({ key }) => key)));
}

/** The outermost that the path is in. */
function siblingOf(path: string, found: ReadonlySet<string>): string | undefined {
  if (found.size === 0) return undefined;
  const parts = path.split('/');
  const folders = parts.slice(0, -1).map((_, at) => `${parts.slice(0, at + 1).join('/')}/`);
  return [...folders, keyOfFile(parts, stemOf(parts.at(-1) ?? '').name)].find((key) => found.has(key));
}

/** For each path its node, or a name that stands for it; undefined: the path does not say. */
export function nodesOfPaths(paths: readonly string[]): readonly (string | undefined)[] {
  const candidates = paths.map(candidatesOf);
  const counts = new Map<string, number>();
  for (const { sure, likely } of candidates)
    for (const name of new Set([...sure, ...likely])) counts.set(name, (counts.get(name) ?? 0) + 1);
  // What all have in common tells none of them from the others, unless there is nothing else.
  const isCommon = (name: string): boolean => paths.length > 1 && counts.get(name) === paths.length;
  const alike = siblings(paths);
  return paths.map((path, at) => {
    const { sure = [], likely = [] } = candidates[at] ?? {};
    const telling = [...sure, ...likely].find((name) => !isCommon(name));
    return telling ?? sure[0] ?? siblingOf(path, alike) ?? likely[0];
  });
}
