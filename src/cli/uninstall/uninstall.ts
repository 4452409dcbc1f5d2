/** `kubectl medic uninstall`: what kubelet-medic has left in a cluster, and its removal. */
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { type Command } from 'commander';
import { MedicError } from '../../ports/errors.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { EXIT } from '../exit.ts';
import { readLeader } from '../fleet/leader.ts';
import { serverNow } from '../fleet/read-fleet.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import type { Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { objections } from './objections.ts';
import { abandonedText, beyondReach, isToGo, remainsText } from './remains-text.ts';
import { readRemains, type Remains } from './remains.ts';
import { remove } from './remove.ts';

interface Flags extends ConnectionFlags {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly keepRecords: boolean;
}

export function addUninstall(program: Command, { connect, stdin }: ProgramContext, finish: Finish): void {
  withConnection(program.command('uninstall'))
    .description('list what kubelet-medic leaves in the cluster when its release is gone, and remove it')
    .option('--dry-run', 'only list it', false)
    .option('--yes', 'do not ask', false)
    .option('--keep-records', 'leave incidents and evidence, with their CRDs', false)
    .action(async ({ dryRun, yes, keepRecords, ...flags }: Flags) => {
      finish(await uninstall(await connect(flags), { isDry: dryRun, isSure: yes, keepRecords, stdin }));
    });
}

interface Options {
  readonly isDry: boolean;
  readonly isSure: boolean;
  readonly keepRecords: boolean;
  readonly stdin: Readable;
}

async function whyNot(session: Session, { open, closed, blind, elections }: Remains): Promise<readonly string[]> {
  const now = serverNow(session);
  const namespaces = elections.map(({ metadata }) => metadata.namespace ?? '');
  const leaders = await Promise.all(namespaces.map((namespace) => readLeader(session, namespace, now)));
  return objections({ open, closed, blind }, leaders, now);
}

/** Anything but `yes`, and the end of the input, is no. */
async function ask({ terminal }: Session, stdin: Readable): Promise<boolean> {
  terminal.note('Remove all that is not said to stay? It cannot be brought back. Type yes: ');
  const lines = createInterface({ input: stdin });
  for await (const line of lines) {
    lines.close();
    return line.trim() === 'yes';
  }
  return false;
}

function refuse(reasons: readonly string[]): never {
  const message = `nothing is removed: ${reasons.map(oneLine).join('; ')}`;
  throw new MedicError('E_CLI_NOT_NOW', 'conflict', message);
}

/** @returns the exit code. @throws `E_CLI_NOT_NOW` while an incident acts or a controller leads, and where that cannot be seen. */
async function uninstall(session: Session, options: Options): Promise<number> {
  const { terminal } = session;
  const { isDry, isSure, keepRecords, stdin } = options;
  const remains = await readRemains(session);
  terminal.out(remainsText(remains, keepRecords));
  const reasons = await whyNot(session, remains);
  if (reasons.length === 0) terminal.out(abandonedText(remains));
  if (isDry) {
    for (const reason of reasons) terminal.note(`would be refused now: ${oneLine(reason)}\n`);
    terminal.out(beyondReach(remains));
    return EXIT.ok;
  }
  if (reasons.length > 0) refuse(reasons);
  if (!isSure && isToGo(remains, keepRecords) && !(await ask(session, stdin))) {
    terminal.note('nothing is removed\n');
    return EXIT.failed;
  }
  // Whoever was asked took his time: what is there now is removed, not what was there then.
  const found = isSure ? remains : await readRemains(session);
  const late = isSure ? [] : await whyNot(session, found);
  if (late.length > 0) refuse(late);
  const failed = await remove(session, found, keepRecords);
  terminal.out(beyondReach(found));
  if (failed + found.unseen.length === 0) return EXIT.ok;
  terminal.note('not all is removed: run it again when what is said above is mended\n');
  return EXIT.failed;
}
