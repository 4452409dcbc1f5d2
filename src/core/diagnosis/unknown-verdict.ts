/** What to say where no cause is found: what was seen, and what would help. */
import type { Facts } from './analysis/facts.ts';
import type { RelistPlace } from './analysis/relist.ts';

const PLACES: Readonly<Record<RelistPlace, string>> = {
  'event-send': 'in relist itself, which a kubelet of this release does not do for long',
  cri: 'in a call to the container runtime',
  lock: 'at a lock',
  idle: 'idle',
  other: 'within relist, at a place that the catalogue does not know',
};

export function unknownVerdict(facts: Facts): { readonly summary: string; readonly recommendation: string } {
  const { kubelet, relist, stacks, logs, hasLogs } = facts;
  const recommendation =
    'Take two goroutine dumps of the kubelet (debug=2) 10 seconds apart, and ask the runtime (crictl pods).';
  if (relist !== undefined)
    return { summary: `No known cause fits; relist is ${PLACES[relist.place]}.`, recommendation };
  if (kubelet?.dump.isCut === true) {
    const summary = 'No known cause fits; the dump of the kubelet is cut, and what is left of it shows no relist.';
    return { summary, recommendation: `The part that is missing may have it. ${recommendation}` };
  }
  if (kubelet !== undefined && !facts.isWhole) {
    return { summary: 'No known cause fits, and the stacks that are here show no relist.', recommendation };
  }
  if (kubelet !== undefined)
    return { summary: 'No known cause fits, and the dump of the kubelet shows no relist.', recommendation };
  const other = stacks[0];
  if (other !== undefined) {
    const name = other.process === 'other' ? 'a program that is not known here' : other.process;
    return { summary: `No known cause fits; the dump is of ${name}, not of a kubelet.`, recommendation };
  }
  if (logs.pleg.goesOn) {
    return { summary: 'PLEG is not healthy, but without a goroutine dump nothing shows why.', recommendation };
  }
  if (hasLogs) return { summary: 'There is no goroutine dump, and the log names no known cause.', recommendation };
  return { summary: 'There is neither a goroutine dump nor a log in what was given.', recommendation };
}
