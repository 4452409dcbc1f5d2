/** Arguments of `history` and `show`. */
import { type Command, Option } from 'commander';
import { runHistory } from '../history/show-history.ts';
import type { ProgramContext } from '../program-context.ts';
import { runShow } from './show-incident.ts';
import type { Format } from '../structured.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';

interface HistoryFlags extends ConnectionFlags {
  readonly output: Format;
  readonly showManagedFields: boolean;
}

interface ShowFlags extends HistoryFlags {
  readonly verbose: boolean;
}

function outputOption(formats: readonly Format[]): Option {
  return new Option('-o, --output <format>', 'form of the output').choices(formats).default('text');
}

function managedFieldsOption(): Option {
  return new Option('--show-managed-fields', 'in JSON and YAML: who wrote which field').default(false);
}

export function addHistory(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('history'))
    .description('list incidents, newest first, and the faults that they have in common')
    .argument('[NODE]', 'only those of one node')
    .addOption(outputOption(['text', 'wide', 'json', 'yaml', 'name']))
    .addOption(managedFieldsOption())
    .action(async (node: string | undefined, flags: HistoryFlags) => {
      await runHistory(await connect(flags), node, {
        format: flags.output,
        showManagedFields: flags.showManagedFields,
      });
    });
}

export function addShow(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('show'))
    .description('show one incident: what happened when, why, and what can be done now')
    .argument('<INCIDENT>', 'its name')
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .addOption(managedFieldsOption())
    .option('-v, --verbose', 'the whole stack, and each artifact', false)
    .action(async (name: string, flags: ShowFlags) => {
      const { output, verbose, showManagedFields } = flags;
      await runShow(await connect(flags), name, { format: output, verbose, showManagedFields });
    });
}
