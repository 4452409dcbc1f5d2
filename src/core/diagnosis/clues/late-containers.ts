/** Containers of which a log says that a call took too long. */

/** As gRPC, Go, the kubelet and containerd say it; `to be killed`: the wait for a container's end was given up. */
const LATE = /DeadlineExceeded|deadline exceeded|operation timeout|to be killed/g;
const ID = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;
/** Of a line; a line of stacks has more. */
const MAX_LINE = 8_192;
/** Longer than what journald stores of one. */
const MAX_REST = 262_144;
/** Of containers, those that were named last. A node has some hundreds. */
const MAX_IDS = 1_024;

export interface LateReader {
  /** The next piece of the text, cut anywhere. */
  push(text: string): void;
  /** How many lines name each container or sandbox so. */
  end(): ReadonlyMap<string, number>;
}

export function createLateReader(): LateReader {
  const lines = new Map<string, number>();
  let rest = '';
  return {
    push(text): void {
      const all = rest + text;
      // A line that is longer than any that says something is not waited for.
      const end = all.length > MAX_REST ? all.length : all.lastIndexOf('\n') + 1;
      rest = all.slice(end);
      readLines(lines, all.slice(0, end));
    },
    end(): ReadonlyMap<string, number> {
      readLines(lines, rest);
      return lines;
    },
  };
}

function readLines(lines: Map<string, number>, text: string): void {
  for (let at = nextLate(text, 0); at >= 0;) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(Math.max(text.lastIndexOf('\n', at) + 1, at - MAX_LINE), Math.min(end, at + MAX_LINE));
    for (const id of new Set(line.match(ID) ?? [])) {
      const count = lines.get(id) ?? 0;
      // What is seen again goes to the end: a Map keeps the order of insertion.
      lines.delete(id);
      lines.set(id, count + 1);
    }
    if (lines.size > 2 * MAX_IDS) forgetOldest(lines);
    at = nextLate(text, end);
  }
  forgetOldest(lines);
}

function nextLate(text: string, from: number): number {
  LATE.lastIndex = from;
  return LATE.exec(text)?.index ?? -1;
}

function forgetOldest(lines: Map<string, number>): void {
  for (const id of lines.keys()) {
    if (lines.size <= MAX_IDS) return;
    lines.delete(id);
  }
}
