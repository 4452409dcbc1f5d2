/** Asks the API server now and then whether it is there, and whether each kind may still be listed. */
import { isMedicError, type MedicError } from '../../ports/errors.ts';
import type { Session } from '../session.ts';
import { KIND_NAMES, KINDS, tryList, type Denials, type KindName } from './rights.ts';

interface Trouble {
  /** Since when, milliseconds since 1970 by this machine's clock. */
  readonly at: number;
  /** The same on the monotonic clock: what was heard since then was heard after it. */
  readonly askedAt: number;
  readonly why: string;
  /** The API server answers again. */
  readonly isOver: boolean;
}

export interface Questions {
  denials(): Denials;
  /** The last one; undefined: there was none. */
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

  function heard({ kind, why, askedAt }: Asked): void {
    const isAnswer = why === undefined || why.code === 'E_KUBE_DENIED';
    const before = { denied: denials[kind], isLost: isLost() };
    if (isAnswer) {
      denials = withDenial(denials, kind, why);
      refusals = 0;
      if (trouble !== undefined) trouble = { ...trouble, isOver: true };
    } else {
      const begun = trouble?.isOver === false ? trouble : { at: clock.now(), askedAt };
      trouble = { ...begun, why: why.message, isOver: false };
      refusals = isMedicError(why, 'denied', 'terminal') ? refusals + 1 : 0;
    }
    if (before.denied !== denials[kind] || before.isLost !== isLost()) tell();
  }

  function isLost(): boolean {
    return trouble?.isOver === false;
  }

  function isForGood(): boolean {
    if (KIND_NAMES.every((kind) => denials[kind] !== undefined)) return true;
    const isAway = trouble?.isOver === false && clock.monotonic() - trouble.askedAt > GIVE_UP_MS;
    return refusals >= MAX_REFUSALS || isAway;
  }

  return {
    denials: () => denials,
    trouble: () => trouble,
    async keepAsking(): Promise<void> {
      for (let turn = 0; ; turn++) {
        await clock.sleep(ASK_MS, signal).catch(() => undefined);
        const asked = await ask(session, turn, signal);
        if (signal.aborted) return;
        heard(asked);
        if (asked.why !== undefined && isForGood()) throw asked.why;
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
  /** On the monotonic clock. */
  readonly askedAt: number;
}

/** Of each kind in turn. */
async function ask(session: Session, turn: number, signal: AbortSignal): Promise<Asked> {
  const kind = KIND_NAMES[turn % KIND_NAMES.length] ?? 'nodes';
  const askedAt = session.clock.monotonic();
  try {
    if (!signal.aborted) await tryList(session, kind, { deadlineMs: ANSWER_MS, signal });
    return { kind, why: undefined, askedAt };
  } catch (error) {
    if (signal.aborted) return { kind, why: undefined, askedAt };
    if (isMedicError(error)) return { kind, why: error, askedAt };
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
