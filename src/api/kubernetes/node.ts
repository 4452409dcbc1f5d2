/** The slice of a core/v1 Node that kubelet-medic reads. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../meta.ts';

/** Go writes a time that was never set as null: a condition that is not the kubelet's has no heartbeat. */
export const goTime = z.pipe(
  z.nullish(z.string()),
  z.transform((time) => time ?? ''),
);

export const NodeCondition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z._default(z.string(), ''),
  message: z._default(z.string(), ''),
  lastTransitionTime: goTime,
  lastHeartbeatTime: goTime,
});
export type NodeCondition = z.infer<typeof NodeCondition>;

const Taint = z.object({ key: z.string(), value: z._default(z.string(), ''), effect: z.string() });

export const Node = z.object({
  metadata: ObjectMeta,
  spec: z._default(
    z.object({
      unschedulable: z._default(z.boolean(), false),
      taints: z._default(z.array(Taint), []),
      providerID: z._default(z.string(), ''),
    }),
    { unschedulable: false, taints: [], providerID: '' },
  ),
  status: z._default(
    z.object({
      conditions: z._default(z.array(NodeCondition), []),
      nodeInfo: z.optional(
        z.object({
          kubeletVersion: z._default(z.string(), ''),
          containerRuntimeVersion: z._default(z.string(), ''),
          osImage: z._default(z.string(), ''),
          kernelVersion: z._default(z.string(), ''),
          bootID: z._default(z.string(), ''),
        }),
      ),
    }),
    { conditions: [] },
  ),
});
export type Node = z.infer<typeof Node>;
