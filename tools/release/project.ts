/** What the project says of itself in package.json and package-lock.json: the one place of the version and of the address. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A version of the project, as the pattern of a regular expression. */
export const VERSION_PATTERN = String.raw`\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?`;

const Package = z.object({
  version: z
    .string()
    .check(
      z.regex(new RegExp(`^${VERSION_PATTERN}$`), 'must be like 1.2.3, 1.2.3-alpha.1, 1.2.3-beta.1 or 1.2.3-rc.1'),
    ),
  description: z.string(),
  repository: z.optional(z.union([z.string(), z.object({ url: z.string() })])),
});

const Lock = z.object({
  packages: z.record(z.string(), z.object({ version: z.optional(z.string()), integrity: z.optional(z.string()) })),
});

export interface Project {
  readonly version: string;
  readonly description: string;
  /** Where people find the repository, `https://` and no slash at its end; undefined: package.json names none. */
  readonly repository: string | undefined;
}

function parsed<T extends z.core.$ZodType>(schema: T, file: string): z.core.output<T> {
  const result = z.safeParse(schema, JSON.parse(readFileSync(ROOT + file, 'utf8')));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'cannot be read'}`);
}

/** @throws where package.json has no version or one of another form. */
export function readProject(): Project {
  const { version, description, repository } = parsed(Package, 'package.json');
  const url = typeof repository === 'string' ? repository : repository?.url;
  return { version, description, repository: url === undefined ? undefined : browsable(url) };
}

/** npm writes `git+https://HOST/PATH.git`. @throws unless it is an address of https. */
export function browsable(url: string): string {
  const address = url.replace(/^git\+/, '').replace(/(?:\.git)?\/*$/, '');
  if (!/^https:\/\/[^\s/]+\/\S+$/.test(address)) throw new Error(`repository: ${url}: must be like https://HOST/PATH`);
  return address;
}

export interface LockedPackage {
  readonly version: string;
  /** Of its archive, as npm writes it: `sha512-BASE64`. */
  readonly integrity: string;
}

/** @throws where package-lock.json has no such package. */
export function lockedPackage(name: string): LockedPackage {
  const { version, integrity } = parsed(Lock, 'package-lock.json').packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json: there is no ${name} in it`);
  return { version, integrity };
}
