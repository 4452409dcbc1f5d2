/** Whether a controller leads, asked now and then. */
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import { type Leader, namespaceOf, readLeader } from '../fleet/leader.ts';
import { serverNow } from '../fleet/read-fleet.ts';
import type { Session } from '../session.ts';

const ASK_MS = 30_000;

/**
 * Asks once, and goes on until the signal. @param tell called when the answer is another.
 * @returns the last answer.
 */
export async function followLeader(
  session: Session,
  healths: () => readonly KubeletHealth[],
  tell: () => void,
  signal: AbortSignal,
): Promise<() => Leader> {
  let leader: Leader = { kind: 'unknown', why: 'the API server has not answered' };
  async function ask(): Promise<void> {
    const before = leader.kind;
    try {
      leader = await readLeader(session, namespaceOf(healths()), serverNow(session));
    } catch {
      // That the API server is away is told by others; what was known of the leader stays.
      return;
    }
    if (leader.kind !== before) tell();
  }
  async function keepAsking(): Promise<void> {
    for (;;) {
      await session.clock.sleep(ASK_MS, signal);
      await ask();
    }
  }
  await ask();
  // It ends with the signal alone.
  keepAsking().catch(() => undefined);
  return () => leader;
}
