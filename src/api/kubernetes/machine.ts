/** The slice of a cluster.x-k8s.io Machine (Cluster API, v1beta1 and v1beta2) that kubelet-medic reads. */
import * as z from 'zod/mini';
import { ObjectMeta } from '../meta.ts';
import { goTime } from './node.ts';

/** Reason and message are Cluster API's own. */
const MachineCondition = z.object({ type: z.string(), status: z.string(), lastTransitionTime: goTime });

export type MachineCondition = z.infer<typeof MachineCondition>;

export const Machine = z.object({
  metadata: ObjectMeta,
  status: z._default(
    z.object({
      nodeRef: z.optional(z.object({ name: z._default(z.string(), '') })),
      conditions: z._default(z.array(MachineCondition), []),
    }),
    { conditions: [] },
  ),
});
export type Machine = z.infer<typeof Machine>;
