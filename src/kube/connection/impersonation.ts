/** As whom requests are made: `--as` and its like, or `as` of a kubeconfig. Source: Kubernetes, "User impersonation". */
import * as z from 'zod/mini';
import { MedicError } from '../../ports/errors.ts';

export interface Impersonation {
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

const InKubeconfig = z.object({
  as: z.optional(z.string()),
  'as-groups': z.optional(z.array(z.string())),
  'as-uid': z.optional(z.string()),
  'as-user-extra': z.optional(z.record(z.string(), z.array(z.string()))),
});

/** @param user of a kubeconfig. @throws where a field is of another type. */
export function impersonationOf(user: unknown): Impersonation {
  const { as, 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra } = InKubeconfig.parse(user ?? {});
  return { user: as, groups, uid, extra };
}

type Headers = Readonly<Record<string, string | string[]>>;

/** Each flag stands in the place of what the kubeconfig says. @throws `E_KUBE_CONFIG` for groups or the like of nobody. */
export function impersonationHeaders(stored: Impersonation, flags: Impersonation): Headers {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const { user = '', groups = [], uid = '', extra = {} }: Impersonation = { ...stored, ...given };
  const more = {
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
    ...(uid === '' ? {} : { 'Impersonate-Uid': uid }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, [...values]]),
    ),
  };
  if (user !== '') return checked({ 'Impersonate-User': user, ...more });
  if (Object.keys(more).length === 0) return {};
  throw configError('groups, a UID or more are given to impersonate, and no user: --as names one');
}

function checked(headers: Readonly<Record<string, string | readonly string[]>>): Headers {
  const written = Object.entries(headers).map(([name, value]): [string, string | string[]] => [
    name,
    typeof value === 'string' ? headerValue(name, value) : value.map((one) => headerValue(name, one)),
  ]);
  return Object.fromEntries<string | string[]>(written);
}

/**
 * The API server takes the bytes of a header for UTF-8, as kubectl sends them; Node writes a byte for each character.
 * Blanks at an end would be lost on the way (RFC 9110, 5.5), and with them the name be another one.
 */
function headerValue(name: string, value: string): string {
  const isLost = /\p{Cc}|\p{Cs}/v.test(value) || value !== value.replaceAll(/^ +| +$/g, '');
  if (!isLost) return Buffer.from(value).toString('latin1');
  const shown = JSON.stringify(value.slice(0, 100));
  throw configError(`${name}: ${shown} has a control character or a blank at an end, which no header may have`);
}

function configError(message: string): MedicError {
  return new MedicError('E_KUBE_CONFIG', 'terminal', message);
}
