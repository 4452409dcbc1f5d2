/** The slices of core and coordination objects that kubelet-medic reads, besides Node. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../meta.ts';

/** coordination.k8s.io/v1. Times are MicroTime text: exactly six digits of a second when written. */
export const Lease = z.object({
  metadata: ObjectMeta,
  spec: z._default(
    z.object({
      holderIdentity: z._default(z.string(), ''),
      leaseDurationSeconds: z._default(z.number(), 0),
      acquireTime: z.optional(z.string()),
      renewTime: z.optional(z.string()),
      leaseTransitions: z._default(z.number(), 0),
    }),
    { holderIdentity: '', leaseDurationSeconds: 0, leaseTransitions: 0 },
  ),
});
export type Lease = z.infer<typeof Lease>;

/** Only whether it is there. */
export const Namespace = z.object({ metadata: ObjectMeta });
export type Namespace = z.infer<typeof Namespace>;

export const ConfigMap = z.object({
  metadata: ObjectMeta,
  data: z._default(z.record(z.string(), z.string()), {}),
});
export type ConfigMap = z.infer<typeof ConfigMap>;

export const Event = z.object({
  metadata: ObjectMeta,
  type: z._default(z.string(), ''),
  reason: z._default(z.string(), ''),
  message: z._default(z.string(), ''),
  count: z._default(z.number(), 1),
  involvedObject: z._default(
    z.object({ kind: z._default(z.string(), ''), name: z._default(z.string(), ''), uid: z._default(z.string(), '') }),
    { kind: '', name: '', uid: '' },
  ),
});
export type Event = z.infer<typeof Event>;
