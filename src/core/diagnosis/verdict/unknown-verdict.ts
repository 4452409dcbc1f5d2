/** What to say where no cause is found: what was seen, and what would help. */
import type { Facts } from '../analysis/facts.ts';
import type { RelistPlace } from '../analysis/relist.ts';
import { askFor } from './ask-for.ts';

const PLACES: Readonly<Record<RelistPlace, string>> = {
  'event-send': 'in relist itself, which a kubelet of this release does not do for long',
  cri: 'in a call to the container runtime',
  lock: 'at a lock',
  idle: 'idle',
  other: 'within relist, at a place that the catalogue does not know',
};

interface Words {
  readonly summary: string;
  /** Before what is asked for. */
  readonly advice?: string;
}

const MAY_COME_BACK = 'It may come back: have dumps taken when it does.';

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

export function unknownVerdict(
  facts: Facts,
  { past, hasOpenCall }: Seen,
): { readonly summary: string; readonly recommendation: string } {
  const { summary, advice } = ofStacks(facts, hasOpenCall) ?? ofPast(facts, past) ?? ofLogs(facts);
  return { summary, recommendation: advice === undefined ? askFor(facts) : `${advice} ${askFor(facts)}` };
}

function ofPast({ logs }: Facts, past: Past | undefined): Words | undefined {
  if (past === undefined || logs.pleg.goesOn) return undefined;
  const when = past.until === '' ? 'for a while' : `until ${past.until}`;
  return {
    summary: `It was at fault ${when}, and works again: ${past.cause}. ${past.summary}`,
    advice: MAY_COME_BACK,
  };
}

function ofStacks({ kubelet, isWhole, relist, stacks }: Facts, hasOpenCall: boolean): Words | undefined {
  if (relist?.place === 'idle' && hasOpenCall)
    return {
      summary: 'No known cause fits; relist is idle, and a call of the kubelet has not come back for minutes.',
      advice: 'See whom that goroutine asks, and whether the node can reach it.',
    };
  if (relist !== undefined) return { summary: `No known cause fits; relist is ${PLACES[relist.place]}.` };
  if (kubelet?.dump.isCut === true) {
    const summary = 'No known cause fits; the dump of the kubelet is cut, and what is left of it shows no relist.';
    return { summary, advice: 'The part that is missing may have it.' };
  }
  if (kubelet !== undefined) {
    const what = isWhole ? 'the dump of the kubelet shows' : 'the stacks that are here show';
    return { summary: `No known cause fits, and ${what} no relist.` };
  }
  const other = stacks[0];
  if (other === undefined) return undefined;
  const name = other.process === 'other' ? 'a program that is not known here' : other.process;
  return { summary: `No known cause fits; the dump is of ${name}, not of a kubelet.` };
}

function ofLogs({ logs, hasLogs }: Facts): Words {
  if (logs.pleg.goesOn) {
    const summary = 'PLEG is not healthy, but without a goroutine dump nothing shows why.';
    return { summary };
  }
  if (logs.pleg.until !== undefined) {
    const when = logs.pleg.until === '' ? 'for a while' : `until ${logs.pleg.until}`;
    const summary = `PLEG was not healthy ${when}, and is again; the log does not show why.`;
    return { summary, advice: MAY_COME_BACK };
  }
  const summary = hasLogs
    ? 'There is no goroutine dump, and the text names no known cause.'
    : 'There is neither a goroutine dump nor a log in what was given.';
  return { summary };
}
