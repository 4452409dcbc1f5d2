/** What a file is, by its content. Its name is whatever a person gave it. */

export interface Content {
  readonly isDump: boolean;
  readonly isLog: boolean;
}

/** Goroutines of `debug=2` and of a crash, whatever stands before them on the line, and stacks of `debug=1`. */
const GOROUTINE = /(?:^|[^\w])goroutine \d+(?: gp=\S+)?(?: m=\S+)?(?: mp=\S+)? \[[a-zA-Z]/;
const PROFILE = /goroutine profile: total \d+|^[ \t]{0,16}\d{1,9} @ 0x[0-9a-f]/m;
/** klog's header and its JSON, what journald and syslog put before a line, and the kernel's and containerd's forms. */
const LOG_LINE =
  /[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{6}\s+\d+ |\btime="\d{4}-|^(?:\{"ts":\d{13}|[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \S+ [^\s:]+: |\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}|\[ *\d+\.\d{6}\] )/m;
/** `dmesg -T`, and how programs of all kinds begin a line: a date, and a time of day. */
const OTHER_LOG_LINE =
  /^(?:\[?(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: \d{4})?\] |\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[^\n]{4}|<\d{1,3}>\[ *\d+\.\d{6}\]|kern *:\w+ *: \[)/m;
/** The heads of what kubectl, ps and top list. */
const LIST =
  /^(?:(?:NAMESPACE +)?(?:LAST SEEN|FIRST SEEN|LASTSEEN) +(?:COUNT +|LAST SEEN +)?TYPE +|USER +PID +%CPU|UID +PID +PPID|[ \t]*PID(?: +\w+)* +(?:STAT?|S|WCHAN|COMMAND|CMD)\b|Name: +[\w.-]+\n(?:Roles|Namespace): )/m;
/** What a log says of PLEG counts even where the line is pasted without a header. */
const PLEG = /PLEG is not healthy|container runtime is down/;

export function classify(text: string): Content {
  const isDump = GOROUTINE.test(text) || PROFILE.test(text);
  const isLog = [LOG_LINE, OTHER_LOG_LINE, LIST, PLEG].some((pattern) => pattern.test(text));
  return { isDump, isLog };
}

/**
 * Control characters other than those of texts: a profile in protobuf, an archive, a core. A power loss leaves blocks of zeros
 * in a text.
 */
export function isBinary(bytes: Buffer): boolean {
  const head = bytes
    .subarray(0, 8_192)
    .filter((byte, at, all) => byte !== 0 || (all[at - 1] !== 0 && all[at + 1] !== 0));
  const odd = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)).length;
  return head.length === 0 || odd > head.length / 50;
}
