/** The files of KUBECONFIG as one, by kubectl's precedence. Source: k8s.io/client-go/tools/clientcmd, ClientConfigLoadingRules. */
import { readFileSync, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod/mini';
import { MedicError } from '../../ports/errors.ts';
import { impersonationOf, type Impersonation } from './impersonation.ts';

export interface LoadedFiles {
  readonly config: KubeConfig;
  /** As whom a user of the files acts, by its name. */
  readonly impersonations: ReadonlyMap<string, Impersonation>;
}

/** What client-node does not read. */
const Raw = z.nullish(
  z.looseObject({
    users: z.nullish(
      z.array(
        z.looseObject({
          name: z.optional(z.string()),
          user: z.nullish(z.looseObject({ tokenFile: z.optional(z.string()) })),
        }),
      ),
    ),
  }),
);

/**
 * The first file that names a thing has it whole; files that are not there are left out, and empty ones say nothing.
 * @throws `E_KUBE_CONFIG` with the file that cannot be read; where none is there.
 */
export function loadKubeconfigs(files: readonly string[]): LoadedFiles {
  const present = files.filter((file) => existsSync(file));
  if (present.length === 0) throw configError(`no kubeconfig is there: ${files.join(', ')}`);
  const loaded = present.map(loadFile);
  const config = new KubeConfig();
  const impersonations = new Map<string, Impersonation>();
  for (const one of loaded) {
    config.clusters = [...config.clusters, ...newIn(config.clusters, one.config.clusters)];
    config.users = [...config.users, ...newIn(config.users, one.config.users)];
    config.contexts = [...config.contexts, ...newIn(config.contexts, one.config.contexts)];
    // Go's zero value: an empty name is none.
    if (!config.getCurrentContext()) config.setCurrentContext(one.config.getCurrentContext());
    for (const [name, who] of one.impersonations) if (!impersonations.has(name)) impersonations.set(name, who);
  }
  return { config, impersonations };
}

/** Within one file the first of a name counts, too. */
function newIn<T extends { readonly name: string }>(known: readonly T[], more: readonly T[]): readonly T[] {
  const seen = new Set(known.map(({ name }) => name));
  return more.filter(({ name }) => !seen.has(name) && seen.add(name));
}

function loadFile(file: string): LoadedFiles {
  try {
    return read(file);
  } catch (error) {
    throw configError(`the kubeconfig ${file} cannot be read`, error);
  }
}

function read(file: string): LoadedFiles {
  const text = readFileSync(file, 'utf8');
  const raw = Raw.parse(parseYaml(text));
  const config = new KubeConfig();
  if (raw === null || raw === undefined) return { config, impersonations: new Map() };
  // An entry that nobody uses may be anything.
  config.loadFromString(text, { onInvalidEntry: 'filter' });
  config.makePathsAbsolute(dirname(file));
  const users = raw.users ?? [];
  const files = new Map(users.map(({ name, user }) => [name, user?.tokenFile]));
  config.users = config.users.map((user) => {
    const tokenFile = files.get(user.name);
    if (tokenFile === undefined || tokenFile === '') return user;
    // client-node reads such a file for this provider alone.
    const { token: _, ...rest } = user;
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dirname(file), tokenFile) } } };
  });
  const acting = users.map(({ name, user }) => [name ?? '', impersonationOf(user)] as const).reverse();
  return { config, impersonations: new Map(acting) };
}

function configError(message: string, cause?: unknown): MedicError {
  return new MedicError('E_KUBE_CONFIG', 'terminal', message, { cause });
}
