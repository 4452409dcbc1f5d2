/** The connection of a pod: the token and CA that the kubelet mounts into it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Connection, TlsMaterial } from './connection.ts';

/** Kubernetes: the service account admission controller mounts them here. */
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The kubelet renews a bound token at 80 % of its life (one hour by default), so a minute is soon enough. */
const REREAD_MS = 60_000;

export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST`. */
  readonly host: string | undefined;
  /** `KUBERNETES_SERVICE_PORT`. */
  readonly port: string | undefined;
  /** The folder of `token` and `ca.crt`. */
  readonly folder?: string;
  readonly clock: Clock;
}

/** @throws `E_KUBE_CONFIG` if this is not a pod. */
export function createInClusterConnection(options: InClusterOptions): Connection {
  const { host, port, clock } = options;
  const folder = options.folder ?? SERVICE_ACCOUNT_FOLDER;
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw new MedicError(
      'E_KUBE_CONFIG',
      'terminal',
      'this process does not run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  }
  const token = rereadFile(join(folder, 'token'), clock);
  const ca = rereadFile(join(folder, 'ca.crt'), clock);
  let material: TlsMaterial = {};
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async tls(): Promise<TlsMaterial> {
      const text = await ca(false);
      if (material.ca !== text) material = { ca: text };
      return material;
    },
    async authorization(refused): Promise<string> {
      return `Bearer ${(await token(refused !== undefined)).trim()}`;
    },
  };
}

/** A file that changes now and then: read again when it is old, or when its content was refused. */
export function rereadFile(path: string, clock: Clock): (refused: boolean) => Promise<string> {
  let last: { readonly text: string; readonly at: number } | undefined;
  return async (refused) => {
    const now = clock.monotonic();
    if (last !== undefined && !refused && now - last.at < REREAD_MS) return last.text;
    last = { text: await readText(path), at: now };
    return last.text;
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new MedicError('E_KUBE_CONFIG', 'transient', `cannot read ${path}`, { cause: error });
  }
}
