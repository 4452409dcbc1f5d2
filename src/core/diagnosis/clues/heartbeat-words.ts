/**
 * What a kubelet says when it cannot renew its Lease or post its status, and what that tells of its way to the API server.
 *
 * Sources of the words: k8s.io/component-helpers apimachinery/lease/controller.go, pkg/kubelet/kubelet_node_status.go; of the
 * errors: net, net/http, crypto/x509 and golang.org/x/net/http2, and what an API server answers.
 */
import type { HostSummary, LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { ownWords } from './own-words.ts';

/**
 * In klog's text and in its JSON. What follows with the count of its tries says nothing of why, and a patch that failed is some
 * KiB long before it does: the Lease, which fails as well, says it shortly.
 */
export const HEARTBEAT_FAILED =
  /(?:controller|kubelet_node_status)\.go:\d{1,5}(?:\] "?|","msg":")(?:Failed to (?:update|ensure) (?:node )?lease(?! using)|Error updating node status(?![^\n]{0,32}failed to patch))[^\n]{0,360}/gi;

/**
 * - `dead`: nothing comes back on a connection that is thought to be open.
 * - `unreachable`: a new connection is not to be had either.
 * - `refused`: it is answered, and not obeyed.
 *
 * An error of which none is known says nothing.
 */
export type HeartbeatFault = 'dead' | 'unreachable' | 'refused';

const UNREACHABLE =
  /dial (?:tcp|udp)|no such host|connection refused|no route to host|network is unreachable|handshake timeout|while waiting for connection|connection reset|\bEOF\b|proxyconnect/;
const DEAD =
  /context deadline exceeded|Client\.Timeout|use of closed network connection|http2: client connection|request canceled|i\/o timeout|timed out waiting/;

const REFUSED =
  /Unauthorized|forbidden|x509|\btls: |webhook|denied|not found|already exists|Too many requests|is invalid|cannot be fulfilled|unable to (?:return a response|handle the request)|the server |etcdserver/i;

/** undefined: the line is about something else. */
export function heartbeatFault(line: string): HeartbeatFault | undefined {
  return faultIn(ownWords(line));
}

/** @param own of the line: what `ownWords` gives. */
export function faultIn(own: string): HeartbeatFault | undefined {
  HEARTBEAT_FAILED.lastIndex = 0;
  const [words] = HEARTBEAT_FAILED.exec(own) ?? [];
  if (words === undefined) return undefined;
  if (UNREACHABLE.test(words)) return 'unreachable';
  if (REFUSED.test(words)) return 'refused';
  return DEAD.test(words) ? 'dead' : undefined;
}

export interface HeartbeatWords {
  readonly fault: HeartbeatFault;
  readonly line: string;
}

/** What was said longer before the end of the log is of the past, in milliseconds: it is tried every 10 s. */
const LATELY_MS = 60_000;
/** A restart does not help where one of the first was said lately, whatever else was. */
const ORDER: readonly HeartbeatFault[] = ['refused', 'unreachable', 'dead'];

function isLately({ lastBeforeEnd }: LogClue): boolean {
  return lastBeforeEnd !== undefined && durationMs(lastBeforeEnd) <= LATELY_MS;
}

/** undefined: it says nothing of it. */
export function heartbeatWords(host: HostSummary | undefined): HeartbeatWords | undefined {
  const said = (host?.logClues ?? [])
    .filter((clue) => isLately(clue))
    .flatMap(({ line }): readonly HeartbeatWords[] => {
      const fault = heartbeatFault(line);
      return fault === undefined ? [] : [{ fault, line }];
    });
  return ORDER.flatMap((fault) => said.findLast((one) => one.fault === fault) ?? [])[0];
}
