/** The command line: what there is, and which function does it. */
import { Command, CommanderError } from 'commander';
import { addCapture } from './capture/capture-flags.ts';
import { runComplete } from './complete/complete.ts';
import { addDecisions } from './decide/decide-flags.ts';
import { addDiagnose } from './diagnose/diagnose-flags.ts';
import { addDrill } from './drill/drill-flags.ts';
import { addExclude } from './exclude/exclude-node.ts';
import { addEvidence } from './evidence/evidence-flags.ts';
import { addPreflight } from './preflight/preflight-flags.ts';
import { addReport } from './report/report-flags.ts';
import { addHistory, addShow } from './show/show-flags.ts';
import { addStacks } from './stacks/stacks-flags.ts';
import { addStatus } from './status/status-flags.ts';
import { addUi } from './ui/ui-flags.ts';
import { addUninstall } from './uninstall/uninstall.ts';
import { addWatch } from './watch/watch-fleet.ts';
import { MedicError } from '../ports/errors.ts';
import { EXIT } from './exit.ts';
import type { Finish, ProgramContext } from './program-context.ts';
import { oneLine, printable, type Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  kubectl medic status                           the fleet on one screen
  kubectl medic preflight node-1                 would a recovery work here, and if not why
  kubectl medic history                          incidents of all nodes, newest first, and what they have in common
  kubectl medic show node-1-4kq8z                one incident as a timeline, with the blocked stack
  kubectl medic evidence node-1-4kq8z -o bundle  every artifact, checksums verified
  kubectl medic report node-1-4kq8z -o x.html    one incident as one file of HTML, to send and to print
  kubectl medic approve node-1-4kq8z             restore a node that is held for diagnosis
  kubectl medic capture node-1                   save evidence of a node now, and touch nothing
  kubectl medic exclude node-1 --reason upgrade  keep hands off a node, until --undo
  kubectl medic watch                            incidents and nodes as they change
  kubectl medic ui                               the same as a page of this machine, with reports, approve and reject
  kubectl medic drill node-1 --fault frozen-kubelet   rehearse a recovery on a node that is labelled for it
  kubectl medic uninstall --dry-run              what is left when the release is gone
  kubectl medic diagnose bundle                  read goroutine dumps and logs, without a cluster
  curl -sk ... 'https://127.0.0.1:10250/debug/pprof/goroutine?debug=2' | kubectl medic diagnose -
  kubectl-medic stacks --unit kubelet.service --diagnose   on the node: of a kubelet that does not answer

Exit codes: 0 done; 1 the cluster refuses or does not answer, stacks cannot be read, or a drill
was refused or failed; 2 a mistake on the command line, or unreadable input;
3 diagnose: no cause found, or only a hint of one; 4 evidence: an artifact is not what was sealed;
5 preflight: a node would not be recovered.
`;

/** @param argv without the program's own name. @returns the exit code. */
export async function runProgram(argv: readonly string[], context: ProgramContext): Promise<number> {
  const { terminal, version } = context;
  let code: number = EXIT.ok;
  const finish: Finish = (result) => {
    code = result;
  };
  const program = new Command('kubectl medic')
    .description('What happened to stuck kubelets, why, and what to do about it.')
    .version(version, '--version', 'print the version')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help says more)')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.note });
  addStatus(program, context);
  addPreflight(program, context, finish);
  addHistory(program, context);
  addShow(program, context);
  addEvidence(program, context, finish);
  addReport(program, context);
  addDecisions(program, context);
  addCapture(program, context);
  addExclude(program, context);
  addWatch(program, context);
  addUi(program, context);
  addDrill(program, context, finish);
  addDiagnose(program, context, finish);
  addStacks(program, context, finish);
  addUninstall(program, context, finish);
  if (argv[0] === '__complete') {
    await runComplete(program, argv.slice(1), context);
    return EXIT.ok;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, terminal);
  }
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof MedicError)) throw error;
  terminal.note(`error: ${printable(error.message)}\n`);
  const { cause } = error;
  if (cause instanceof Error && !error.message.includes(cause.message)) terminal.note(`  ${oneLine(cause.message)}\n`);
  return error.code.startsWith('E_CLI_') && error.class === 'invalid' ? EXIT.usage : EXIT.failed;
}
