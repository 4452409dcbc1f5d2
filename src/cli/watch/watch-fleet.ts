/** `kubectl medic watch`: incidents and what agents say, a line for each change, across broken connections. */
import type { Command } from 'commander';
import { HEALTHS, INCIDENTS } from '../../api/resources.ts';
import type { Mirror } from '../../ports/cluster.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { durationFlag } from '../duration-flag.ts';
import type { ProgramContext } from '../program-context.ts';
import type { Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { healthChanges, incidentChanges } from './changes.ts';

interface Flags extends ConnectionFlags {
  readonly timeout?: number;
}

export function addWatch(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('watch'))
    .description('follow incidents and the health of nodes as they change, until it is interrupted')
    .argument('[NODE]', 'only what is of one node')
    .option('--timeout <duration>', 'end after so long, for example 5m; default: never', durationFlag)
    .action(async (node: string | undefined, { timeout, ...flags }: Flags) => {
      const session = await connect(flags);
      const end = new AbortController();
      if (timeout !== undefined) {
        void session.clock.sleep(timeout, end.signal).then(
          () => {
            end.abort();
          },
          () => undefined,
        );
      }
      await runWatch(session, node, end.signal);
    });
}

/** Bookmarks come once a minute, so a copy of this age has no connection. */
export const STALE_MS = 120_000;
const LOOK_MS = 5_000;

/** Ends with the signal. @throws `E_KUBE_DENIED` where incidents or healths may not be listed. */
export async function runWatch(session: Session, node: string | undefined, signal: AbortSignal): Promise<void> {
  const { cluster, terminal, clock } = session;
  const say = (lines: readonly string[]): void => {
    const at = new Date(clock.now()).toISOString().slice(11, 19);
    for (const line of lines) terminal.out(`${at}  ${oneLine(line)}\n`);
  };
  // A mirror tries again whatever it meets; who may not list is told.
  const none = { fieldSelector: 'metadata.name=none' };
  await Promise.all([cluster.list(INCIDENTS, none), cluster.list(HEALTHS, none)]);
  const ofNode = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` };
  const named = node === undefined ? {} : { fieldSelector: `metadata.name=${node}` };
  const incidents = cluster.mirror(INCIDENTS, ofNode, signal);
  const healths = cluster.mirror(HEALTHS, named, signal);
  // What is there at first is told as far as it is not well, or open.
  let isFirst = { incidents: true, healths: true };
  incidents.onChange((current, previous) => {
    say(incidentChanges(current, previous, isFirst.incidents));
  });
  healths.onChange((current, previous) => {
    say(healthChanges(current, previous, isFirst.healths));
  });
  void incidents.whenSynced().then(
    () => (isFirst = { ...isFirst, incidents: false }),
    () => undefined,
  );
  void healths.whenSynced().then(
    () => (isFirst = { ...isFirst, healths: false }),
    () => undefined,
  );
  await tellSilence(session, [incidents, healths], signal);
}

/** Of the oldest copy, in milliseconds; one that was never read does not count. @param now on the monotonic clock. */
export function ageOf(mirrors: readonly Pick<Mirror<never>, 'freshAt'>[], now: number): number {
  return Math.max(...mirrors.map((mirror) => now - (mirror.freshAt() ?? now)));
}

/** A watch that says nothing looks like a fleet that is well. */
async function tellSilence(
  { clock, terminal }: Session,
  mirrors: readonly Pick<Mirror<never>, 'freshAt'>[],
  signal: AbortSignal,
): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    const isSilent = ageOf(mirrors, clock.monotonic()) > STALE_MS;
    if (isSilent === isTold) continue;
    terminal.note(isSilent ? 'no word from the API server for 2 minutes; trying again\n' : 'the API server is back\n');
    isTold = isSilent;
  }
}
