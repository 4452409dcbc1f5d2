/**
 * The connection of a person: a kubeconfig, with whatever it asks for (client certificates, tokens, exec plugins).
 * It imports the typed client, as `kube/exec.ts` does. That costs 88 MB of memory (docs/adr/0003), so programs import this
 * file only when they are given a kubeconfig.
 */
import { validateHeaderValue } from 'node:http';
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Context, KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../ports/clock.ts';
import { MedicError } from '../../ports/errors.ts';
import type { Connection, TlsMaterial } from './connection.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';
import { loadKubeconfigs, type LoadedFiles } from './kubeconfig-files.ts';
import { proxyFor, type ProxyEnvironment } from './proxy.ts';

export interface KubeconfigOptions {
  /** As in `KUBECONFIG`: the first file that sets something wins, and files that do not exist are skipped. */
  readonly files: readonly string[];
  /** Default: the current context of the files. */
  readonly context?: string;
  /** What the flags say; it goes before what the files say. */
  readonly impersonate?: Impersonation;
  /** Default: no proxy but `proxy-url`. */
  readonly proxyEnvironment?: ProxyEnvironment;
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
  const loaded = load(options);
  let { config } = loaded;
  let last: Credentials | undefined;
  const target = targetOf(loaded, options);

  async function credentials(refused: boolean): Promise<Credentials> {
    const now = options.clock.monotonic();
    if (last !== undefined && !refused && now - last.at < REREAD_MS) return last;
    // A plugin's token is kept within the KubeConfig until it expires, so a refused one needs a new KubeConfig.
    if (refused) config = load(options).config;
    last = { ...(await ask(config, options.files, last?.material)), at: now };
    return last;
  }

  return {
    ...target,
    tls: async () => (await credentials(false)).material,
    authorization: async (refused) => (await credentials(refused !== undefined)).authorization,
  };
}

function configError(message: string, cause?: unknown): MedicError {
  return new MedicError('E_KUBE_CONFIG', 'terminal', message, { cause });
}

/** The files, and the context that is asked for. */
function load({ files, context }: KubeconfigOptions): LoadedFiles {
  const loaded = loadKubeconfigs(files);
  if (context !== undefined) loaded.config.setCurrentContext(context);
  return loaded;
}

interface Target extends Pick<Connection, 'server' | 'proxy' | 'headers'> {
  readonly namespace: string | undefined;
}

function targetOf({ config, impersonations }: LoadedFiles, options: KubeconfigOptions): Target {
  const files = options.files.join(', ');
  const name: string | undefined = config.getCurrentContext();
  if (!name) throw configError(`no current context is set in ${files}: --context names one`);
  const context = contextOf(config, name, files);
  const where = `context "${name}" of ${files}`;
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) {
    throw configError(`${where} names no cluster that is there and has a server ("${context.cluster || ''}")`);
  }
  if (context.user && config.getUser(context.user) === null) {
    throw configError(`${where} names the user "${context.user}", and no file has it`);
  }
  const { server, proxyUrl } = cluster;
  if (!server.startsWith('https://') || !URL.canParse(server)) {
    throw configError(`${where}: the server ${server} is no https URL`);
  }
  const proxy = proxyFor({ server, proxyUrl, where }, options.proxyEnvironment ?? {});
  const headers = impersonationHeaders(impersonations.get(context.user) ?? {}, options.impersonate ?? {});
  return { server, proxy, headers, namespace: context.namespace };
}

function contextOf(config: KubeConfig, name: string, files: string): Context {
  const context = config.getContextObject(name);
  if (context !== null) return context;
  const there = config.getContexts().map((one) => one.name);
  throw configError(`there is no context "${name}" in ${files}; there are: ${there.join(', ') || 'none'}`);
}

async function ask(
  config: KubeConfig,
  files: readonly string[],
  known: TlsMaterial | undefined,
): Promise<Omit<Credentials, 'at'>> {
  const asked: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(asked);
  } catch (error) {
    throw configError(`${files.join(', ')}: no credentials (a file is not there, or its exec plugin fails)`, error);
  }
  const next = materialOf(asked);
  const authorization = authorizationOf(asked);
  assertUsable(next, authorization, files);
  const material = known !== undefined && isSame(known, next) ? known : next;
  return { material, authorization };
}

/** Neither the text of a certificate nor that of a token is in the error. */
function assertUsable(
  { ca, cert, key, passphrase }: TlsMaterial,
  authorization: string | undefined,
  files: readonly string[],
): void {
  const where = files.join(', ');
  try {
    createSecureContext({ ca, cert, key, passphrase });
  } catch (error) {
    throw configError(`${where}: a certificate or a key of the user or of the cluster cannot be read`, error);
  }
  try {
    if (authorization !== undefined) validateHeaderValue('authorization', authorization);
  } catch {
    throw configError(`${where}: the token or the password of the user has characters that none can have`);
  }
}

function authorizationOf({ auth, headers }: RequestOptions): string | undefined {
  if (typeof auth === 'string') return `Basic ${Buffer.from(auth).toString('base64')}`;
  const [, value] = Object.entries(headers ?? {}).find(([name]) => name === 'Authorization') ?? [];
  // A file of a token ends in a new line as often as not.
  return typeof value === 'string' ? value.trim() : undefined;
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
