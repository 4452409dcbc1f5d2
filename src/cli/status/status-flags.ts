/** `kubectl medic status`: arguments, and the run. */
import { type Command, Option } from 'commander';
import { API_VERSION } from '../../api/v1alpha1/words/names.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { readFleet } from '../fleet/read-fleet.ts';
import type { ProgramContext } from '../program-context.ts';
import type { Session } from '../session.ts';
import { incidentRef, writeNames, writeStructured, type Format } from '../structured.ts';
import { oneLine } from '../terminal.ts';
import { fleetStatus } from './fleet-status.ts';
import { statusPage } from './status-page.ts';

interface Flags extends ConnectionFlags {
  readonly output: Format;
}

export function addStatus(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('status'))
    .description(
      'the fleet on one screen: policies and budgets, nodes that are not healthy, what happens next and why not',
    )
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['text', 'wide', 'json', 'yaml', 'name'] satisfies Format[])
        .default('text'),
    )
    .action(async (flags: Flags) => {
      await runStatus(await connect(flags), flags.output);
    });
}

async function runStatus(session: Session, format: Format): Promise<void> {
  const { terminal } = session;
  const fleet = await readFleet(session);
  const status = fleetStatus(fleet);
  for (const line of status.unread) terminal.note(`not shown: ${oneLine(line)}\n`);
  const nodes = status.notHealthy.map(({ name }) => `node/${name}`);
  const incidents = status.incidents.map(({ name }) => incidentRef(name));
  if (writeNames(terminal, format, [...nodes, ...incidents])) return;
  if (writeStructured(terminal, format, { apiVersion: API_VERSION, kind: 'FleetStatus', ...status })) return;
  terminal.out(statusPage(terminal, status, { now: fleet.now, wide: format === 'wide' }));
}
