/** Asks the API server now and then whether it is there, and whether each kind may still be listed. */
import { isMedicError, type MedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { KIND_NAMES, KINDS, tryList, type Denials, type KindName } from './rights.ts';

interface Trouble {
  /** Since when, milliseconds since 1970 by this machine's clock. */
  readonly at: number;
  readonly why: string;
}

export interface Questions {
  denials(): Denials;
  /** undefined: it answers. */
  trouble(): Trouble | undefined;
  /** Ends with the signal. @throws what will not go away by itself, and what has not for ten minutes. */
  keepAsking(): Promise<void>;
}

const ASK_MS = 5_000;
/** Of one question. */
const ANSWER_MS = 10_000;
/** Refusals in a row that a person has to end: a token that has expired, a certificate that is not good. */
const MAX_REFUSALS = 3;
/** An API server that is away for so long is not waited for any longer. */
const GIVE_UP_MS = 600_000;

/**
 * Asks for each kind once. @param tell called when what may be read has changed, and when the API server is away or back.
 * @throws `MedicError` where the API server is not there, does not know the person, or lets him list nothing at all.
 */
export async function openQuestions(session: Session, tell: () => void, signal: AbortSignal): Promise<Questions> {
  const { clock } = session;
  let denials = await firstDenials(session, signal);
  let trouble: Trouble | undefined;
  let refusals = 0;
  let lostAt = 0;

  function heard(kind: KindName, why: MedicError | undefined): void {
    const isAnswer = why === undefined || why.code === 'E_KUBE_DENIED';
    const before = { denied: denials[kind], trouble };
    denials = isAnswer ? withDenial(denials, kind, why) : denials;
    if (isAnswer) {
      trouble = undefined;
      refusals = 0;
    } else {
      if (trouble === undefined) lostAt = clock.monotonic();
      trouble = { at: trouble?.at ?? clock.now(), why: why.message };
      refusals = isMedicError(why, 'denied', 'terminal') ? refusals + 1 : 0;
    }
    if (before.denied !== denials[kind] || (before.trouble === undefined) !== (trouble === undefined)) tell();
  }

  function isForGood(): boolean {
    if (KIND_NAMES.every((kind) => denials[kind] !== undefined)) return true;
    return refusals >= MAX_REFUSALS || (trouble !== undefined && clock.monotonic() - lostAt > GIVE_UP_MS);
  }

  return {
    denials: () => denials,
    trouble: () => trouble,
    async keepAsking(): Promise<void> {
      for (let turn = 0; ; turn++) {
        await clock.sleep(ASK_MS, signal).catch(() => undefined);
        const { kind, why } = await ask(session, turn, signal);
        if (signal.aborted) return;
        heard(kind, why);
        if (why !== undefined && isForGood()) throw why;
      }
    },
  };
}

function withDenial(denials: Denials, kind: KindName, why: MedicError | undefined): Denials {
  const others = Object.fromEntries(Object.entries(denials).filter(([name]) => name !== kind));
  return why === undefined ? others : { ...others, [kind]: deniedText(kind, why) };
}

function deniedText(kind: KindName, error: MedicError): string {
  return `you may not list ${KINDS[kind].plural} (${error.message})`;
}

interface Asked {
  readonly kind: KindName;
  /** undefined: it was answered, or there is no time for an answer any more. */
  readonly why: MedicError | undefined;
}

/** Of each kind in turn. */
async function ask(session: Session, turn: number, signal: AbortSignal): Promise<Asked> {
  const kind = KIND_NAMES[turn % KIND_NAMES.length] ?? 'nodes';
  try {
    if (!signal.aborted) await tryList(session, kind, { deadlineMs: ANSWER_MS, signal });
    return { kind, why: undefined };
  } catch (error) {
    if (signal.aborted) return { kind, why: undefined };
    if (isMedicError(error)) return { kind, why: error };
    throw error;
  }
}

async function firstDenials(session: Session, signal: AbortSignal): Promise<Denials> {
  const asked = await Promise.all(KIND_NAMES.map(async (_, index) => await ask(session, index, signal)));
  const failed = asked.flatMap(({ kind, why }) => (why === undefined ? [] : [{ kind, why }]));
  const worst = failed.find(({ why }) => why.code !== 'E_KUBE_DENIED') ?? failed[KIND_NAMES.length - 1];
  if (worst !== undefined) throw worst.why;
  return Object.fromEntries(failed.map(({ kind, why }) => [kind, deniedText(kind, why)]));
}
