/** A real helm and kubectl on a control plane of their own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from './control-plane.ts';

interface Ran {
  readonly status: number | null;
  /** Both streams. */
  readonly output: string;
}

export interface Helm {
  readonly plane: ControlPlane;
  /** Of the test: the kubeconfig of its admin is there. */
  readonly folder: string;
  readonly binaries: string;
  readonly env: NodeJS.ProcessEnv;
  helm(...argv: readonly string[]): Ran;
  kubectl(...argv: readonly string[]): Ran;
  stop(): Promise<void>;
}

/** A kubeconfig of the group system:masters. @returns its path. */
function writeKubeconfig(plane: ControlPlane): string {
  const file = join(plane.folder, 'kubeconfig');
  const cluster = {
    server: `https://127.0.0.1:${plane.port}`,
    'certificate-authority-data': Buffer.from(plane.ca).toString('base64'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token: 'admin' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export async function startHelm(): Promise<Helm> {
  const plane = await startControlPlane();
  const binaries = controlPlaneBinaries();
  const script = fileURLToPath(new URL('../lab/helm.sh', import.meta.url));
  const program = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const home = join(plane.folder, 'helm');
  const homes = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const env = { ...process.env, KUBECONFIG: writeKubeconfig(plane), ...homes };
  const run = (command: string, argv: readonly string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(command, argv, { env, encoding: 'utf8', timeout: 90_000 });
    return { status, output: stdout + stderr };
  };
  return {
    plane,
    folder: plane.folder,
    binaries,
    env,
    helm: (...argv) => run(program, argv),
    kubectl: (...argv) => run(join(binaries, 'kubectl'), argv),
    stop: () => plane.stop(),
  };
}
