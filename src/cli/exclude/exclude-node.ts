/** `kubectl medic exclude`: keeps kubelet-medic's hands off a node, or takes that back. */
import { type Command } from 'commander';
import type { Node } from '../../api/kubernetes/node.ts';
import { NODES } from '../../api/resources.ts';
import { ANNOTATION_EXCLUDE, ANNOTATION_EXCLUDE_REASON } from '../../api/v1alpha1/words/names.ts';
import { isExcluded } from '../../core/decision/node-state.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import type { ProgramContext } from '../program-context.ts';
import { PLUGIN_MANAGER, type Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { whoAmI } from '../who-am-i.ts';

interface Flags extends ConnectionFlags {
  readonly undo: boolean;
  readonly reason?: string;
}

export function addExclude(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('exclude'))
    .description('keep hands off a node until it is undone: evidence is still saved, and nothing is restarted')
    .argument('<NODE>', 'its name')
    .option('--undo', 'let it be recovered again', false)
    .option('--reason <text>', 'why, for whoever finds it')
    .action(async (name: string, { undo, reason, ...flags }: Flags) => {
      const session = await connect(flags);
      if (undo) await include(session, name);
      else await exclude(session, name, reason);
    });
}

async function nodeOf({ cluster }: Session, name: string): Promise<Node> {
  const node = await cluster.get(NODES, { name });
  if (node !== undefined) return node;
  throw new MedicError('E_CLI_NOT_FOUND', 'absent', `there is no node ${name}`);
}

/** As long as a person reads. */
const MAX_REASON = 1_024;

/** The reason of now stands, whoever excluded the node before. */
async function exclude(session: Session, name: string, reason: string | undefined): Promise<void> {
  const { cluster, terminal } = session;
  const { metadata } = await nodeOf(session, name);
  const words = `${await whoAmI(session)}: ${reason ?? 'no reason given'}`.slice(0, MAX_REASON);
  const annotations = { [ANNOTATION_EXCLUDE]: 'true', [ANNOTATION_EXCLUDE_REASON]: words };
  // The UID keeps an apply from making a Node where this one has gone meanwhile.
  const manifest = { metadata: { name, uid: metadata.uid, annotations } };
  await asNode(name, () => cluster.apply(NODES, manifest, { manager: PLUGIN_MANAGER, force: true }));
  terminal.out(`node/${oneLine(name)} excluded\n`);
  terminal.note(`undo it with: kubectl medic exclude ${name} --undo\n`);
}

/** Takes back what the plugin or anybody else has written. */
async function include(session: Session, name: string): Promise<void> {
  const { cluster, terminal } = session;
  const node = await nodeOf(session, name);
  const { annotations } = node.metadata;
  const there = [ANNOTATION_EXCLUDE, ANNOTATION_EXCLUDE_REASON].filter((key) => key in annotations);
  const patch = there.flatMap((key) => {
    const path = `/metadata/annotations/${key.replaceAll('/', '~1')}`;
    return [{ op: 'test', path, value: annotations[key] } as const, { op: 'remove', path } as const];
  });
  if (patch.length > 0) {
    await asNode(name, () => cluster.jsonPatch(NODES, { name }, patch, { manager: PLUGIN_MANAGER }));
  }
  terminal.out(`node/${oneLine(name)} ${isExcluded(node) ? 'included again' : 'was not excluded'}\n`);
}

async function asNode(name: string, write: () => Promise<Node>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isMedicError(error, 'denied')) throw error;
    const message = `you may not patch the node ${name}: ${error.message}`;
    throw new MedicError(error.code, 'denied', message, { cause: error });
  }
}
