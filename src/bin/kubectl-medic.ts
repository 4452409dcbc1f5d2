/** Composition root of the kubectl plugin. */
import { createTerminal } from '../cli/terminal.ts';
import { runProgram } from '../cli/program.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  terminal: createTerminal(process.stdout, process.stderr),
  stdin: process.stdin,
  version: process.env['KUBELET_MEDIC_VERSION'] ?? 'dev',
  connect: () => Promise.reject(new Error('not yet')),
});
