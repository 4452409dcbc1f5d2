/** The slice of a core/v1 Pod that kubelet-medic reads, before a drill: whether a restart on its node would harm it. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../meta.ts';

const Owner = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z._default(z.boolean(), false),
});

const Toleration = z.object({
  key: z._default(z.string(), ''),
  effect: z._default(z.string(), ''),
  tolerationSeconds: z.optional(z.number()),
});

/** Quantities are text or numbers; only their names are read. */
const Container = z.object({
  resources: z._default(z.object({ limits: z._default(z.record(z.string(), z.unknown()), {}) }), { limits: {} }),
});

const Volume = z.object({ hostPath: z.optional(z.object({ path: z._default(z.string(), '') })) });

const Spec = z.object({
  nodeName: z._default(z.string(), ''),
  containers: z._default(z.array(Container), []),
  initContainers: z._default(z.array(Container), []),
  tolerations: z._default(z.array(Toleration), []),
  volumes: z._default(z.array(Volume), []),
  resourceClaims: z._default(z.array(z.unknown()), []),
});

export const Pod = z.object({
  metadata: z.extend(ObjectMeta, { ownerReferences: z._default(z.array(Owner), []) }),
  spec: z.prefault(Spec, {}),
  status: z._default(z.object({ phase: z._default(z.string(), '') }), { phase: '' }),
});
export type Pod = z.infer<typeof Pod>;
