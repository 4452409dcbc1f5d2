/** What the collectors share. */
import type { Clock } from '../../ports/clock.ts';
import type { Collected, UnitFacts, UnitRole } from '../../ports/host.ts';
import type { FoundProcess } from '../process/find-process.ts';
import type { Commands } from '../command.ts';
import type { HostNamespaces } from '../namespaces.ts';
import { messageOf } from '../system-error.ts';

export interface CollectorContext {
  readonly namespaces: HostNamespaces;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly unit: (role: UnitRole, signal: AbortSignal) => Promise<UnitFacts | undefined>;
  readonly process: (role: UnitRole, signal: AbortSignal) => Promise<FoundProcess | undefined>;
  readonly endpoint: (signal: AbortSignal) => Promise<string | undefined>;
  /** The unit that logs for the kubelet; undefined: the one in which it runs. */
  readonly logUnit: string | undefined;
  /** The files of the kubelet's log; undefined: it is in journald. */
  readonly logPattern: string | undefined;
}

export function collectedText(text: string, message = ''): Collected {
  return { bytes: Buffer.from(text), truncated: false, message };
}

/** The whole lines of the first `maxBytes`, with a mark where they end: half a secret would not be seen as one. */
export function firstPart(bytes: Buffer, maxBytes: number, wasCut = false): Collected {
  if (bytes.length <= maxBytes && !wasCut) return { bytes, truncated: false, message: '' };
  const mark = `\n... cut at ${String(maxBytes)} bytes ...\n`;
  return {
    bytes: Buffer.concat([bytes.subarray(0, lineEndWithin(bytes, maxBytes)), Buffer.from(mark)]),
    truncated: true,
    message: mark.trim(),
  };
}

/** Of a line that is longer than all of it, the whole words. */
function lineEndWithin(bytes: Buffer, maxBytes: number): number {
  const newline = bytes.lastIndexOf('\n', maxBytes - 1);
  return newline === -1 ? Math.max(0, bytes.lastIndexOf(' ', maxBytes - 1)) : newline;
}

/** A failure as a line of the artifact, so that the other parts are saved without this one. */
export async function orSay(what: string, part: Promise<string>, signal: AbortSignal): Promise<string> {
  try {
    return await part;
  } catch (error) {
    signal.throwIfAborted();
    return `${what}: not available: ${messageOf(error)}\n`;
  }
}
