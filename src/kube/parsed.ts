/** An object of the wire, as its parser takes it or refuses it. */
import * as z from 'zod/mini';
import type { KubeObject, Malformed, Resource } from '../ports/cluster.ts';
import { malformedError } from './errors.ts';
import { refKey } from './paths.ts';

export type Parsed<T> =
  { readonly kind: 'object'; readonly object: T } | { readonly kind: 'malformed'; readonly malformed: Malformed };

/** What is left of an object that its parser refused. */
const Named = z.object({
  metadata: z.object({ name: z.string(), namespace: z.optional(z.string()), uid: z.optional(z.string()) }),
});

export function tryParse<T extends KubeObject>(resource: Resource<T>, raw: unknown): Parsed<T> {
  try {
    return { kind: 'object', object: resource.parse(raw) };
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 512) : String(error);
    return { kind: 'malformed', malformed: { name: identityOf(raw).name, message, raw } };
  }
}

/** @throws `E_KUBE_MALFORMED`. @param what the request, for the message. */
export function parseObject<T extends KubeObject>(resource: Resource<T>, what: string, raw: unknown): T {
  try {
    return resource.parse(raw);
  } catch (error) {
    throw malformedError(what, error);
  }
}

/** As far as it has one. `key` is that of `keyOf`. */
export function identityOf(raw: unknown): { readonly name: string; readonly key: string; readonly uid?: string } {
  const named = Named.safeParse(raw);
  if (!named.success) return { name: '', key: '' };
  const { name, namespace, uid } = named.data.metadata;
  return { name, key: refKey(name, namespace), ...(uid === undefined ? {} : { uid }) };
}
