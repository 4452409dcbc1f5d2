/** Arguments of `diagnose`. */
import { type Command, Option } from 'commander';
import { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { Cause } from '../../core/diagnosis/catalogue/cause.ts';
import type { OwnCausesFile } from '../../core/diagnosis/catalogue/own-causes.ts';
import { MedicError } from '../../ports/errors.ts';
import { runDiagnose } from './diagnose-files.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import type { Format } from '../structured.ts';

interface Flags {
  readonly output: Format;
  readonly verbose: boolean;
  readonly probe?: ProbeState;
  readonly kubeletVersion?: string;
  readonly runtimeVersion?: string;
  readonly catalogue?: string;
}

const HELP = `
A FILE is a goroutine dump (pprof ?debug=2 or ?debug=1, or what SIGQUIT prints), a log of the kubelet, the runtime or the
kernel (text, journalctl, journalctl -o json), or a manifest of evidence; compressed by gzip or not, or in a tar archive. Any
other text is read for what it names. A DIR is read with all that is below it. Each file is taken for what its content says it
is. Of a long log the end is read, and all reading ends after some seconds. - is standard input.

Ask the runtime yourself, since a hung runtime and a dead connection look the same in a stack:
  crictl --timeout 5s pods >/dev/null && echo Answered || echo Timeout

Exit codes: 0 a cause was found, or nothing is wrong; 3 no cause was found, or only a hint of one (Low
confidence); 2 the input cannot be read.
`;

function causesOf(file: OwnCausesFile): readonly Cause[] {
  if (file.kind === 'causes') return file.causes;
  throw new MedicError('E_CLI_INPUT', 'invalid', file.message);
}

export function addDiagnose(
  program: Command,
  { terminal, stdin, clock, readOwnCauses }: ProgramContext,
  finish: Finish,
): void {
  program
    .command('diagnose')
    .description('say where a kubelet is stuck and why, from goroutine dumps and logs; needs no cluster')
    .argument('<FILE|DIR|-...>', 'dumps, logs, folders')
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(['text', 'json', 'yaml']).default('text'),
    )
    .addOption(new Option('--probe <state>', 'what a CRI call of your own says').choices(ProbeState.options))
    .option('--kubelet-version <version>', 'for example v1.36.3, where the files do not say')
    .option('--runtime-version <version>', 'for example "containerd 1.6.20"')
    .option('--catalogue <file>', 'causes of your own, YAML or JSON, beside those that are known')
    .option('-v, --verbose', 'the whole stack, and what each file was taken for', false)
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], flags: Flags) => {
      const { output, verbose, probe, kubeletVersion, runtimeVersion, catalogue } = flags;
      const own = catalogue === undefined ? {} : { ownCauses: causesOf(readOwnCauses(catalogue)) };
      const told = { probe, kubeletVersion, runtimeVersion, ...own };
      finish(await runDiagnose({ terminal, stdin, clock }, paths, { ...told, output, verbose }));
    });
}
