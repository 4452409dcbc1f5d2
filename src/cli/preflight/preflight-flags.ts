/** Arguments of `preflight`. */
import { type Command, Option } from 'commander';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import type { Format } from '../structured.ts';
import { runPreflight } from './preflight-nodes.ts';

interface Flags extends ConnectionFlags {
  readonly output: Format;
  readonly pods: boolean;
  readonly strict: boolean;
}

export function addPreflight(program: Command, { connect }: ProgramContext, finish: Finish): void {
  withConnection(program.command('preflight'))
    .description('say whether a recovery would work on a node, or on each, and if not why; changes nothing')
    .argument('[NODE...]', 'their names; default: all nodes')
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['text', 'wide', 'json', 'yaml', 'name'] satisfies Format[])
        .default('text'),
    )
    .option('--no-pods', 'do not look at the pods of the nodes, as in a cluster with very many')
    .option('--strict', 'a warning counts as a lack', false)
    .action(async (nodes: readonly string[], flags: Flags) => {
      const { output, pods, strict } = flags;
      finish(await runPreflight(await connect(flags), nodes, { format: output, pods, strict }));
    });
}
