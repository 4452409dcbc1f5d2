/** Where the commands of the documents are typed: a folder that looks like a clone, with the files that they name. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fixture } from '../../support/report/scenarios.ts';
import { ROOT } from '../../support/documents/markdown.ts';
import { mustRun, type Machine } from './machine.ts';

export interface Workshop {
  readonly env: NodeJS.ProcessEnv;
  /** A clone as it is at first, with the files that documents name, those aside that the commands are about to write. */
  tidy(commands: readonly string[]): void;
  /** Types a line into bash. What it prints comes in the order in which it was printed. */
  type(line: string): Promise<{ readonly exit: number; readonly printed: string }>;
  /** Types a line, and interrupts it as Ctrl-C does. `isLate`: it had not ended by itself until then. */
  interrupt(line: string, afterSeconds: number): Promise<{ readonly isLate: boolean; readonly printed: string }>;
}

/** What a clone has not, or what a build writes anew. */
const NOT_OF_A_CLONE = ['dist', '.git', '.stryker', 'coverage'];
const FROZEN = 'kubelet/1.36.3-connection-frozen-215s';
/** No command of a document takes longer, the clean-up of an uninstall aside, which has two minutes. */
const LIMIT_MS = 150_000;
/** Of timeout(1), where it had to end the command. */
const TIMED_OUT = 124;

function link(folder: string): void {
  const root = fileURLToPath(ROOT);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const name of readdirSync(root).filter((one) => !NOT_OF_A_CLONE.includes(one))) {
    symlinkSync(join(root, name), join(folder, name));
  }
}

/** By name: dumps and a log of a kubelet, as a person has them at hand, and what the pages tell him to write. */
function files(): Readonly<Record<string, string | Buffer>> {
  const [first, second, log] = ['goroutines-1.txt.gz', 'goroutines-2.txt.gz', 'kubelet.log.gz'].map((name) =>
    fixture(`${FROZEN}/${name}`),
  ) as [Buffer, Buffer, Buffer];
  const text = gunzipSync(first);
  return {
    ...{ 'dump.txt': text, 'goroutines.txt': text, 'goroutines-1.txt': text, 'goroutines-2.txt.gz': second },
    ...{
      'kubelet.log': gunzipSync(log),
      'own-causes.yaml': readFileSync(new URL('examples/values/own-causes.yaml', ROOT)),
    },
    ...{ 'bundle/goroutines-1.txt.gz': first, 'bundle/goroutines-2.txt.gz': second, 'bundle/kubelet.log.gz': log },
  };
}

/** @param helm the path of the program. */
export function openWorkshop(machine: Machine, helm: string): Workshop {
  const at = (name: string): string => join(machine.plane.folder, name);
  const [clone, built, bin, home] = ['kubelet-medic', 'built', 'bin', 'home'].map(at) as [
    string,
    string,
    string,
    string,
  ];
  for (const one of [bin, home]) mkdirSync(one);
  const path = [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const env: NodeJS.ProcessEnv = {
    ...{ PATH: path, HOME: home, KUBECONFIG: machine.kubeconfig, NO_COLOR: '1', LANG: 'C.UTF-8' },
    ...{ HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
  };
  link(built);
  mustRun(process.execPath, ['scripts/build.mjs'], env, built);
  const programs = { kubectl: machine.kubectl, helm, 'kubectl-medic': join(built, 'dist/kubectl-medic.js') };
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(bin, name));
  const content = files();

  const type: Workshop['type'] = async (line) =>
    await new Promise((resolve) => {
      const argv = ['-o', 'pipefail', '-c', `{ ${line}\n} 2>&1`];
      const child = execFile('bash', argv, { cwd: clone, env, timeout: LIMIT_MS, maxBuffer: 1 << 26 }, (_e, out) => {
        resolve({ exit: child.exitCode ?? -1, printed: out });
      });
      child.stdin?.end();
    });

  return {
    env,
    tidy(commands): void {
      link(clone);
      const written = commands.flatMap((text) =>
        [...text.matchAll(/(?:-o|>)\s+(?:\.\/)?([\w.-]+)/g)].map(([, name]) => name),
      );
      for (const [name, bytes] of Object.entries(content)) {
        if (written.includes(name.split('/')[0])) continue;
        mkdirSync(dirname(join(clone, name)), { recursive: true });
        writeFileSync(join(clone, name), bytes);
      }
    },
    type,
    async interrupt(line, afterSeconds) {
      const quoted = `'${line.replaceAll("'", "'\\''")}'`;
      // A person's input stays open.
      const { exit, printed } = await type(`timeout -s INT -k 20 ${afterSeconds} bash -c ${quoted} < /dev/null`);
      return { isLate: exit === TIMED_OUT, printed };
    },
  };
}
