/**
 * By which process id the records of one process are signed. Klog puts its own into each header, and journald keeps that of
 * the sender beside each line, so a record with another id is no record of that process: it stands in the text of one, after
 * a newline that somebody has planted.
 *
 * A kubelet in a process id namespace, or behind a program that passes its lines on, never signs as journald calls it. So
 * the ids are compared only for a process that has been seen to sign as itself, and more than twice as often as by the other
 * id. Seconds are counted, not lines: each planted line comes with the record that it stands in, so whatever is planted,
 * and however much of it, is hardly ever seen in more seconds than the kubelet's own. So no words of a kubelet are lost
 * that way, and of what is planted nothing is let in once its first seconds are over.
 *
 * Source: systemd's journald-stream.c, which takes the sender of each message from its credentials, also where a child has
 * inherited the stream (seen so of systemd 252). Before 236 it is who opened the stream: there a kubelet behind a parent that
 * logs by klog itself is heard once it has written in half as many seconds as its parent.
 */

/** How often, in seconds of the log, and the last of them. */
interface Signer {
  readonly seconds: number;
  readonly last: number;
}

/** By the process as journald names it, those least recently seen first; then by what it signs with. */
export type Signatures = ReadonlyMap<number, ReadonlyMap<string, Signer>>;

export const NO_SIGNATURES: Signatures = new Map();

/** Of a record: `pid` is the sender's by journald's word, `signer` the record's own word, `at` milliseconds since 1970. */
export interface Signed {
  readonly pid: number;
  readonly signer: string;
  readonly at: number;
}

/** Programs that write into the log of one unit. */
const MAX_PROCESSES = 8;
/** What one of them signs with. Planted ones can be as many as there are lines. */
const MAX_SIGNERS = 64;
/** So many seconds show how a process signs. */
const KNOWN_SECONDS = 10;

/** Counts one more record. */
export function noteSignature(known: Signatures, { pid, signer, at }: Signed): Signatures {
  const signers = known.get(pid);
  const before = signers?.get(signer);
  const second = Math.floor(at / 1000);
  if (before?.last === second) return known;
  const next = new Map(signers).set(signer, { seconds: (before?.seconds ?? 0) + 1, last: second });
  if (next.size > MAX_SIGNERS) next.delete(rarest(next));
  const processes = new Map(known);
  // What is seen goes to the end: a Map keeps the order of insertion.
  processes.delete(pid);
  processes.set(pid, next);
  const [oldest] = processes.keys();
  if (processes.size > MAX_PROCESSES && oldest !== undefined) processes.delete(oldest);
  return processes;
}

function rarest(signers: ReadonlyMap<string, Signer>): string {
  return [...signers].reduce((least, one) => (one[1].seconds < least[1].seconds ? one : least))[0];
}

/** Whether the process that sent the record signs otherwise. */
export function isForeign(known: Signatures, { pid, signer }: Omit<Signed, 'at'>): boolean {
  if (signer === String(pid)) return false;
  const signers = known.get(pid);
  const own = signers?.get(String(pid))?.seconds ?? 0;
  return own >= KNOWN_SECONDS && own > 2 * (signers?.get(signer)?.seconds ?? 0);
}
