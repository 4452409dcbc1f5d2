/** A drill: a fault that is made on purpose, and what came of it. */
import * as z from 'zod/mini';
import { about, atomicList, duration, moment, text } from '../../schema.ts';

/**
 * - `HungRuntime`: the main process of the container runtime is stopped (SIGSTOP).
 * - `FrozenKubelet`: the main process of the kubelet is.
 */
export const Fault = z.enum(['HungRuntime', 'FrozenKubelet']);
export type Fault = z.infer<typeof Fault>;

export const Drill = z
  .object({
    fault: Fault.check(about('The fault that is made.')),
    lastsFor: duration(
      "How long the fault may last. Then the host's own systemd undoes it, whoever is left to see that.",
    ),
    dryRun: z.optional(z.boolean().check(about('Only whether it would be refused now: no fault is made.'))),
  })
  .check(about('Drill: what is done to the node on purpose.'));
export type Drill = z.infer<typeof Drill>;

/** Of the spec of an incident. */
export const DRILL_RULES = [
  {
    rule: 'has(self.drill) == has(oldSelf.drill) && (!has(self.drill) || self.drill == oldSelf.drill)',
    message: 'the drill of an incident is immutable',
  },
  {
    rule: "has(self.drill) == (self.trigger.type == 'Drill')",
    message: 'an incident of trigger Drill says which fault, and no other one does',
  },
] as const;

const DrillTime = z.object({
  what: text(64, 'What was waited for, from the line before.'),
  took: z.optional(duration('How long it took; absent: it did not come.')),
  limit: duration('How long it may take by the policy.'),
});
export type DrillTime = z.infer<typeof DrillTime>;

export const DrillResult = z
  .object({
    incident: z.optional(text(253, 'The incident that was opened because of the fault.')),
    undoneBy: z.optional(moment("When the host's own systemd undoes the fault at the latest.")),
    times: z.optional(
      atomicList(DrillTime, 16, 'How long each part took, in order. It is there when the drill is over.'),
    ),
  })
  .check(about('Drill: what came of it.'));
export type DrillResult = z.infer<typeof DrillResult>;
