/** Composition root of the kubectl plugin. */
import { fstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ConnectionFlags } from '../cli/connection-flags.ts';
import { runProgram } from '../cli/program.ts';
import type { Session } from '../cli/session.ts';
import { createTerminal } from '../cli/terminal.ts';
import { createSystemClock } from '../platform/clock.ts';
import { readOwnCauses } from '../platform/own-causes/read-own-causes.ts';
import { createSystemRandom } from '../platform/random.ts';
import type { ServeLocally } from '../ports/local-http.ts';
import type { LocalProcesses } from '../ports/stacks.ts';

const terminal = createTerminal(process.stdout, process.stderr, process.env);

/** kubectl: `--kubeconfig`, then the files of KUBECONFIG, then ~/.kube/config. */
function kubeconfigFiles({ kubeconfig }: ConnectionFlags): readonly string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  return listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')];
}

/** `stacks` alone needs this machine. */
async function openLocalProcesses(): Promise<LocalProcesses> {
  const { createLocalProcesses } = await import('../host/stacks/local-processes.ts');
  return createLocalProcesses(createSystemClock());
}

/** `ui` alone serves anything. */
async function openLoopback(): Promise<ServeLocally> {
  const { serveLoopback } = await import('../platform/loopback-server.ts');
  return serveLoopback;
}

/** ssh without a terminal hands over no signal: it closes the pipes. /dev/null, a file and a terminal are none. */
function inputEnd(): AbortSignal {
  const end = new AbortController();
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) {
    process.stdin.on('close', () => {
      end.abort();
    });
    process.stdin.resume();
  }
  return end.signal;
}

/** What speaks to a cluster takes half a second to load, which `diagnose` does not need. */
async function connect(flags: ConnectionFlags): Promise<Session> {
  const [{ createPersonsConnection }, { createCluster }, { createLog }] = await Promise.all([
    import('../kube/connection/person.ts'),
    import('../kube/cluster.ts'),
    import('../platform/log.ts'),
  ]);
  const clock = createSystemClock();
  const { context, as: user, asGroup: groups, asUid: uid } = flags;
  const connection = createPersonsConnection({
    files: kubeconfigFiles(flags),
    context,
    isNamed: flags.kubeconfig !== undefined,
    impersonate: { user, groups, uid },
    env: process.env,
    clock,
  });
  const log = createLog({ level: 'error' });
  return {
    cluster: createCluster(connection, { clock, random: createSystemRandom(), log }),
    clock,
    terminal,
    server: connection.server,
  };
}

// A reader that has seen enough, such as `head`, ends the output, not in an error.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}
void runProgram(process.argv.slice(2), {
  terminal,
  stdin: process.stdin,
  clock: createSystemClock(),
  version: process.env['KUBELET_MEDIC_VERSION'] ?? 'dev',
  connect,
  readOwnCauses,
  processes: openLocalProcesses,
  serveLocally: openLoopback,
  inputEnd,
}).then((code) => {
  process.exitCode = code;
});
