/** The parts of `ObjectMeta` that kubelet-medic reads. */
import * as z from 'zod/mini';

const ManagedFieldsEntry = z.object({
  manager: z._default(z.string(), ''),
  operation: z._default(z.string(), ''),
  subresource: z.optional(z.string()),
  time: z.optional(z.string()),
  fieldsV1: z.optional(z.record(z.string(), z.unknown())),
});

const OwnerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
});

export const ObjectMeta = z.object({
  name: z.string(),
  namespace: z.optional(z.string()),
  uid: z._default(z.string(), ''),
  resourceVersion: z._default(z.string(), ''),
  generation: z._default(z.number(), 0),
  creationTimestamp: z._default(z.string(), ''),
  deletionTimestamp: z.optional(z.string()),
  labels: z._default(z.record(z.string(), z.string()), {}),
  annotations: z._default(z.record(z.string(), z.string()), {}),
  ownerReferences: z._default(z.array(OwnerReference), []),
  managedFields: z._default(z.array(ManagedFieldsEntry), []),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;
