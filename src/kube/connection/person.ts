/** The connection of a person: a kubeconfig, or that of the pod in which the plugin runs. kubectl chooses in the same way. */
import { existsSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';
import type { Connection } from './connection.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';
import { createInClusterConnection } from './in-cluster.ts';
import { createKubeconfigConnection } from './kubeconfig.ts';
import { proxyEnvironment, proxyFor } from './proxy.ts';

export interface PersonOptions {
  /** In order; those that are not there are left out. */
  readonly files: readonly string[];
  readonly context: string | undefined;
  /** The file was named by a flag, so nothing else will do. */
  readonly isNamed: boolean;
  readonly impersonate: Impersonation;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the service account; default: where the kubelet mounts it. */
  readonly folder?: string;
  readonly clock: Clock;
}

/** @throws `E_KUBE_CONFIG` with the file at fault. */
export function createPersonsConnection(options: PersonOptions): Connection {
  const { files, context, impersonate, env, clock } = options;
  if (isPods(options)) return inPod(options);
  return createKubeconfigConnection({
    files,
    clock,
    impersonate,
    proxyEnvironment: proxyEnvironment(env),
    ...(context === undefined ? {} : { context }),
  });
}

/** client-go takes that of the pod where no kubeconfig is there and none is asked for. */
function isPods({ files, context, isNamed, env }: PersonOptions): boolean {
  if (isNamed || context !== undefined || files.some((file) => existsSync(file))) return false;
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
}

function inPod({ env, folder, impersonate, clock }: PersonOptions): Connection {
  const connection = createInClusterConnection({
    host: env['KUBERNETES_SERVICE_HOST'],
    port: env['KUBERNETES_SERVICE_PORT'],
    clock,
    ...(folder === undefined ? {} : { folder }),
  });
  const { server } = connection;
  const proxy = proxyFor({ server, proxyUrl: undefined, where: 'the pod' }, proxyEnvironment(env));
  return { ...connection, proxy, headers: impersonationHeaders({}, impersonate) };
}
