/**
 * Which host each line of a log is of, by what syslog, journald and collectors write before it, or by what a kubelet calls its
 * own node. Sources of the forms: RFC 3164, `journalctl -o short*`, kubelet_node_status.go.
 */

const IDENT = String.raw`(?:[\w./@-]{1,64}\[\d{1,9}\]|kernel|kubelet|kubenswrapper|systemd|containerd|dockerd|crio|audit|sudo|sshd|chronyd|CRON): `;
const HOST = String.raw`([A-Za-z0-9][\w.-]{0,252})`;
const PREFIXES = [
  new RegExp(String.raw`^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})? ${HOST} ${IDENT}`),
  new RegExp(
    String.raw`^(?:<\d{1,3}>1? ?)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d) ${HOST} ${IDENT}`,
  ),
  new RegExp(
    String.raw`^[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? [A-Z+][\w+:-]{1,8} ${HOST} ${IDENT}`,
  ),
];
const JSON_HOST =
  /^\{(?!.{0,256}"(?:ts|caller)":).{0,4096}?[{,] ?"(?:_HOSTNAME|hostname|host\.name|node_name|nodeName|node|host)": ?"([A-Za-z0-9][\w.-]{0,252})"/;
const OWN_NODE =
  /^[IWE]\d{4} [\d:.]{15} +\d+ [\w.]+\.go:\d+\] "(?:Attempting to register node|Successfully registered node|Node was previously registered|Recording event message for node|Unable to register node with API server)" (?:[^"\n]*"[^"\n]*")?[^"\n]*?node="([A-Za-z0-9][\w.-]{0,252})"/;
/** What a host is called that has not been given a name, and words of loggers in the same place. */
const NO_NAME =
  /^(?:localhost(?:\.localdomain)?\d?|none|unknown|stdout|stderr|trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|crit|level.*)$/i;

/** undefined: the line does not say. */
export function hostOfLine(line: string): string | undefined {
  const first = line.charCodeAt(0);
  const found = first === 0x7b ? JSON_HOST.exec(line) : (prefixed(line) ?? OWN_NODE.exec(line));
  const host = found?.[1]?.toLowerCase();
  return host === undefined || NO_NAME.test(host) ? undefined : host;
}

function prefixed(line: string): RegExpExecArray | null {
  for (const pattern of PREFIXES) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return null;
}

/** `node-1` is `node-1.example.com` where no other host has the first name. */
export function oneNameEach(hosts: readonly string[]): ReadonlyMap<string, string> {
  const byFirst = Map.groupBy(new Set(hosts), (host) => host.split('.', 1)[0] ?? host);
  const names = new Map<string, string>();
  for (const [first, all] of byFirst) {
    const long = all.filter((host) => host !== first);
    const only = isAddress(first) || long.length !== 1 ? undefined : long[0];
    for (const host of all) names.set(host, only ?? host);
  }
  return names;
}

function isAddress(first: string): boolean {
  return /^\d{1,3}$/.test(first);
}

export interface TextOfHost {
  /** undefined: no line says. */
  readonly host: string | undefined;
  /** Lines of others are empty, so that all keep their numbers. */
  readonly text: string;
}

/** Hosts of one text that are told apart; lines of more are left out. */
export const MAX_HOSTS = 32;
/** What stands further on in a line is not looked at. */
const MAX_LINE = 4_352;

interface Run {
  readonly host: string;
  readonly from: number;
  to: number;
  lines: number;
}

/** Lines that follow one another and are of one host. What names none goes on with the one before. */
function runsOf(text: string): readonly Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline + 1;
    const host = hostOfLine(text.slice(at, Math.min(end, at + MAX_LINE)).trimEnd());
    const last = runs.at(-1);
    if (last === undefined) runs.push({ host: host ?? '', from: at, to: end, lines: 1 });
    else if (last.host === '' && host !== undefined)
      runs.splice(-1, 1, { ...last, host, to: end, lines: last.lines + 1 });
    else if (host === undefined || host === last.host) {
      last.to = end;
      last.lines++;
    } else runs.push({ host, from: at, to: end, lines: 1 });
    at = end;
  }
  return runs;
}

/** One text for each host, as they are asked for. */
export function* textsByHost(text: string): Generator<TextOfHost> {
  const runs = runsOf(text);
  const names = oneNameEach(runs.map(({ host }) => host));
  const hosts = [...new Set(runs.map(({ host }) => names.get(host) ?? host))];
  if (hosts.length <= 1) {
    yield { host: hosts[0] === '' ? undefined : hosts[0], text };
    return;
  }
  for (const host of hosts.slice(0, MAX_HOSTS)) {
    const parts = runs.map((run) =>
      (names.get(run.host) ?? run.host) === host ? text.slice(run.from, run.to) : '\n'.repeat(run.lines),
    );
    yield { host, text: parts.join('') };
  }
}
