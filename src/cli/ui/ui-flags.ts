/** Arguments of `ui`. */
import { type Command, InvalidArgumentError } from 'commander';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import type { ProgramContext } from '../program-context.ts';
import { runUi } from './run-ui.ts';

interface Flags extends ConnectionFlags {
  readonly port: number;
}

const HELP = `
It prints an address and serves it until Ctrl-C, on 127.0.0.1 alone. The address has a token of this run: who has it sees
what you may see, and may approve and reject as you may. No browser is opened. From another machine, with the same port on
both sides: ssh -t -o ExitOnForwardFailure=yes -L 8901:127.0.0.1:8901 HOST kubectl medic ui --port 8901
`;

export function addUi(program: Command, { terminal, connect, version, serveLocally, inputEnd }: ProgramContext): void {
  withConnection(program.command('ui'))
    .description('serve a page on this machine: the fleet, open incidents, their reports, and approve and reject')
    .option('--port <number>', 'the port; 0: any that is free', port, 0)
    .addHelpText('after', HELP)
    .action(async ({ port: wanted, ...flags }: Flags) => {
      const session = await connect(flags);
      const end = inputEnd();
      await runUi(session, { port: wanted, version, serve: await serveLocally() }, end);
      if (end.aborted) terminal.note('Its standard input is closed, so it ends: with < /dev/null it goes on.\n');
    });
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  return number;
}
