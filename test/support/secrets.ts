/** Secrets, for tests of the adapter and of what is refused: no program of ours reads or writes one. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../src/api/meta.ts';

/** `data` is base64. */
const Secret = z.object({
  metadata: ObjectMeta,
  data: z._default(z.record(z.string(), z.string()), {}),
});
type Secret = z.infer<typeof Secret>;

export const SECRETS = {
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  parse: (raw: unknown): Secret => Secret.parse(raw),
} as const;
