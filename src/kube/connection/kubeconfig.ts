/**
 * The connection of a person: a kubeconfig, with whatever it asks for (client certificates, tokens, exec plugins).
 * It imports the typed client, as `kube/exec.ts` does. That costs 88 MB of memory (docs/adr/0003), so programs import this
 * file only when they are given a kubeconfig.
 */
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Connection, TlsMaterial } from './connection.ts';

export interface KubeconfigOptions {
  /** As in `KUBECONFIG`: the first file that sets something wins, and files that do not exist are skipped. */
  readonly files: readonly string[];
  /** Default: the current context of the files. */
  readonly context?: string;
  readonly clock: Clock;
}

export interface KubeconfigConnection extends Connection {
  /** The namespace of the context. */
  readonly namespace: string | undefined;
}

interface Credentials {
  readonly material: TlsMaterial;
  readonly authorization: string | undefined;
  readonly at: number;
}

/**
 * How long credentials are used: then the certificates and tokens that the kubeconfig names as files are read again, and a
 * plugin is run if its token has expired. After a 401 the kubeconfig itself is read again too.
 */
const REREAD_MS = 60_000;

/** @throws `E_KUBE_CONFIG` if the files name no cluster that can be reached. */
export function createKubeconfigConnection(options: KubeconfigOptions): KubeconfigConnection {
  let config = load(options);
  let last: Credentials | undefined;
  const { server, namespace } = targetOf(config, options);

  async function credentials(refused: boolean): Promise<Credentials> {
    const now = options.clock.monotonic();
    if (last !== undefined && !refused && now - last.at < REREAD_MS) return last;
    // A plugin's token is kept within the KubeConfig until it expires, so a refused one needs a new KubeConfig.
    if (refused) config = load(options);
    last = { ...(await ask(config, last?.material)), at: now };
    return last;
  }

  return {
    server,
    namespace,
    tls: async () => (await credentials(false)).material,
    authorization: async (refused) => (await credentials(refused !== undefined)).authorization,
  };
}

function configError(message: string, cause?: unknown): MedicError {
  return new MedicError('E_KUBE_CONFIG', 'terminal', message, { cause });
}

function load({ files, context }: KubeconfigOptions): KubeConfig {
  const present = files.filter((file) => existsSync(file));
  const [first, ...others] = present;
  if (first === undefined) throw configError(`no kubeconfig is there: ${files.join(', ')}`);
  const config = loadFile(first);
  for (const file of others) merge(config, loadFile(file));
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

/**
 * Adds what the files before have not named, as kubectl does. client-node itself takes the last current context, and
 * throws on a name that is there already.
 */
function merge(config: KubeConfig, next: KubeConfig): void {
  const isNew =
    (known: readonly { readonly name: string }[]) =>
    ({ name }: { readonly name: string }): boolean =>
      known.every((one) => one.name !== name);
  next.clusters = next.clusters.filter(isNew(config.clusters));
  next.users = next.users.filter(isNew(config.users));
  next.contexts = next.contexts.filter(isNew(config.contexts));
  const hasContext = Boolean(config.currentContext);
  config.mergeConfig(next, hasContext);
}

function loadFile(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw configError(`the kubeconfig ${file} cannot be read`, error);
  }
  return config;
}

function targetOf(
  config: KubeConfig,
  { files }: KubeconfigOptions,
): { readonly server: string; readonly namespace: string | undefined } {
  const name = config.getCurrentContext();
  const where = `context "${name}" of ${files.join(', ')}`;
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw configError(`${where} names no cluster`);
  const { server, proxyUrl } = cluster;
  if (!server.startsWith('https://')) throw configError(`${where}: the server ${server} is not https`);
  if (proxyUrl !== undefined) throw configError(`${where}: proxy-url is not supported`);
  if (config.getCurrentUser()?.impersonateUser !== undefined) {
    throw configError(`${where}: impersonation is not supported`);
  }
  return { server, namespace: config.getContextObject(name)?.namespace };
}

async function ask(config: KubeConfig, known: TlsMaterial | undefined): Promise<Omit<Credentials, 'at'>> {
  const asked: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(asked);
  } catch (error) {
    throw configError('the kubeconfig gives no credentials (a file is not there, or its exec plugin fails)', error);
  }
  const next = materialOf(asked);
  const material = known !== undefined && isSame(known, next) ? known : next;
  return { material, authorization: authorizationOf(asked) };
}

function authorizationOf({ auth, headers }: RequestOptions): string | undefined {
  if (typeof auth === 'string') return `Basic ${Buffer.from(auth).toString('base64')}`;
  const [, value] = Object.entries(headers ?? {}).find(([name]) => name === 'Authorization') ?? [];
  return typeof value === 'string' ? value : undefined;
}

function materialOf({ ca, cert, key, passphrase, servername, rejectUnauthorized }: RequestOptions): TlsMaterial {
  return {
    ...(isPem(ca) ? { ca } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === false ? { insecure: true } : {}),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function isSame(a: TlsMaterial, b: TlsMaterial): boolean {
  const text = (material: TlsMaterial): string =>
    JSON.stringify([material.ca, material.cert, material.key, material.servername, material.insecure].map(String));
  return text(a) === text(b);
}
