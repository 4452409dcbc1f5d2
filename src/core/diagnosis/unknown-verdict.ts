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

interface Words {
  readonly summary: string;
  readonly recommendation: string;
}

const BRING = 'Take two goroutine dumps of the kubelet (debug=2) 10 seconds apart, and ask the runtime (crictl pods).';

/** A cause that the logs name, and after which its work has succeeded. */
export interface Past {
  readonly cause: string;
  readonly summary: string;
  /** As the log writes it; empty: the line has no time. */
  readonly until: string;
}

/** As it stands in the line; empty: it has none. */
export function clockTimeIn(line: string): string {
  return /\d\d:\d\d:\d\d/.exec(line)?.[0] ?? '';
}

export interface Seen {
  readonly past: Past | undefined;
  /** A goroutine of the kubelet has waited for minutes in a call that should have come back. */
  readonly hasOpenCall: boolean;
}

export function unknownVerdict(facts: Facts, { past, hasOpenCall }: Seen): Words {
  return ofStacks(facts, hasOpenCall) ?? ofPast(facts, past) ?? ofLogs(facts);
}

function ofPast({ logs }: Facts, past: Past | undefined): Words | undefined {
  if (past === undefined || logs.pleg.goesOn) return undefined;
  const when = past.until === '' ? 'for a while' : `until ${past.until}`;
  return {
    summary: `It was at fault ${when}, and works again: ${past.cause}. ${past.summary}`,
    recommendation: `It may come back: have dumps taken when it does. ${BRING}`,
  };
}

function ofStacks({ kubelet, isWhole, relist, stacks }: Facts, hasOpenCall: boolean): Words | undefined {
  if (relist?.place === 'idle' && hasOpenCall)
    return {
      summary: 'No known cause fits; relist is idle, and a call of the kubelet has not come back for minutes.',
      recommendation: `See whom that goroutine asks, and whether the node can reach it. ${BRING}`,
    };
  if (relist !== undefined)
    return { summary: `No known cause fits; relist is ${PLACES[relist.place]}.`, recommendation: BRING };
  if (kubelet?.dump.isCut === true) {
    const summary = 'No known cause fits; the dump of the kubelet is cut, and what is left of it shows no relist.';
    return { summary, recommendation: `The part that is missing may have it. ${BRING}` };
  }
  if (kubelet !== undefined) {
    const what = isWhole ? 'the dump of the kubelet shows' : 'the stacks that are here show';
    return { summary: `No known cause fits, and ${what} no relist.`, recommendation: BRING };
  }
  const other = stacks[0];
  if (other === undefined) return undefined;
  const name = other.process === 'other' ? 'a program that is not known here' : other.process;
  return { summary: `No known cause fits; the dump is of ${name}, not of a kubelet.`, recommendation: BRING };
}

function ofLogs({ logs, hasLogs }: Facts): Words {
  if (logs.pleg.goesOn) {
    const summary = 'PLEG is not healthy, but without a goroutine dump nothing shows why.';
    return { summary, recommendation: BRING };
  }
  if (logs.pleg.until !== undefined) {
    const when = logs.pleg.until === '' ? 'for a while' : `until ${logs.pleg.until}`;
    const summary = `PLEG was not healthy ${when}, and is again; the log does not show why.`;
    return { summary, recommendation: `It may come back: have dumps taken when it does. ${BRING}` };
  }
  const summary = hasLogs
    ? 'There is no goroutine dump, and the text names no known cause.'
    : 'There is neither a goroutine dump nor a log in what was given.';
  return { summary, recommendation: BRING };
}
