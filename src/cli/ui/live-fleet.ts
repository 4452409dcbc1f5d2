/** The fleet as it changes, read with the person's own rights, and whether what is known of it is of now. */
import { INCIDENTS, OPEN_INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isGoodEnd } from '../../core/decision/record/outcomes.ts';
import type { Mirror } from '../../ports/cluster.ts';
import { fleetOf, serverNow, unreadOf, type Fleet } from '../fleet/read-fleet.ts';
import type { Session } from '../session.ts';
import { ageOf, STALE_MS } from '../watch/watch-fleet.ts';
import { followLeader } from './follow-leader.ts';
import { shown } from './page-state.ts';
import { openQuestions, type Questions } from './questions.ts';
import { KIND_NAMES, KINDS } from './rights.ts';
import type { EndedCard, Link } from './wire.ts';

export interface LiveFleet extends Pick<Questions, 'denials' | 'keepAsking'> {
  /** As it is known now. */
  read(): Fleet;
  /** The newest first. */
  ended(): readonly EndedCard[];
  link(): Link;
}

const FIRST_LIST_MS = 60_000;
const MAX_ENDED = 20;
const PAGE = 500;

/**
 * @param tell called at each change of an object, of what may be read, and when the API server is away or back.
 * @throws `MedicError` where the API server is not there, does not know the person, or lets him list nothing at all.
 */
export async function openLiveFleet(session: Session, tell: () => void, signal: AbortSignal): Promise<LiveFleet> {
  const { cluster, clock } = session;
  const questions = await openQuestions(session, tell, signal);
  const mirrors = {
    nodes: cluster.mirror(KINDS.nodes, { pageSize: PAGE }, signal),
    healths: cluster.mirror(KINDS.healths, { pageSize: PAGE }, signal),
    policies: cluster.mirror(KINDS.policies, {}, signal),
    incidents: cluster.mirror(KINDS.incidents, { fieldSelector: OPEN_INCIDENTS }, signal),
  };
  for (const kind of KIND_NAMES) mirrors[kind].onChange(tell);
  const ended = followEnds(session, mirrors.incidents, tell, signal);

  function readable(): readonly Pick<Mirror<never>, 'freshAt' | 'whenSynced'>[] {
    const denials = questions.denials();
    return KIND_NAMES.filter((kind) => denials[kind] === undefined).map((kind) => mirrors[kind]);
  }
  await firstLists(session, readable(), signal);
  const leader = await followLeader(session, () => mirrors.healths.list(), tell, signal);

  return {
    ...questions,
    ended,
    read(): Fleet {
      const seen = {
        nodes: mirrors.nodes.list(),
        healths: mirrors.healths.list(),
        policies: mirrors.policies.list(),
        incidents: mirrors.incidents.list(),
      };
      const unread = KIND_NAMES.flatMap((kind) =>
        unreadOf(KINDS[kind].kind.toLowerCase(), { malformed: mirrors[kind].malformed() }),
      );
      return { ...fleetOf(seen, serverNow(session)), leader: leader(), unread };
    },
    link(): Link {
      const trouble = questions.trouble();
      if (trouble?.isOver === false) return { kind: 'lost', since: trouble.at, why: shown(trouble.why) };
      const ageMs = ageOf(readable(), clock.monotonic());
      // It answers again, and a watch may not have caught up yet.
      const isBehind = trouble !== undefined && clock.monotonic() - ageMs < trouble.askedAt;
      if (isBehind) return { kind: 'lost', since: trouble.at, why: 'it is back, and is being read again' };
      if (ageMs <= STALE_MS) return { kind: 'live' };
      return { kind: 'lost', since: clock.now() - ageMs, why: 'a watch has had no word for 2 minutes' };
    },
  };
}

/** A big fleet comes in many pages; what is not here in a minute comes later. */
async function firstLists(
  { clock }: Session,
  mirrors: readonly Pick<Mirror<never>, 'whenSynced'>[],
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const late = clock.sleep(FIRST_LIST_MS, AbortSignal.any([signal, over.signal])).catch(() => undefined);
  await Promise.race([Promise.all(mirrors.map((mirror) => mirror.whenSynced())), late]);
  over.abort();
}

/** An incident that is over leaves the list of open ones: how it ended is read once. */
function followEnds(
  { cluster }: Session,
  incidents: Mirror<KubeletIncident>,
  tell: () => void,
  signal: AbortSignal,
): () => readonly EndedCard[] {
  let cards: readonly EndedCard[] = [];
  const add = async ({ metadata }: KubeletIncident): Promise<void> => {
    const found = await cluster.get(INCIDENTS, { name: metadata.name }, { signal });
    const outcome = found?.status.outcome;
    if (found === undefined || outcome === undefined || found.metadata.uid !== metadata.uid) return;
    const card = {
      name: shown(metadata.name),
      node: shown(found.spec.nodeName),
      outcome: shown(outcome),
      isGood: isGoodEnd(outcome),
    };
    cards = [card, ...cards.filter(({ name }) => name !== card.name)].slice(0, MAX_ENDED);
    tell();
  };
  incidents.onChange((current, previous) => {
    // It only adds to what is shown: `history` has them all.
    if (current === undefined && previous !== undefined) add(previous).catch(() => undefined);
  });
  return () => cards;
}
