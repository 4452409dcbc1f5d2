/** Conditions in the form of `metav1.Condition`. */
import * as z from 'zod/mini';
import { about, mapList, moment, text, whole } from '../../schema.ts';

const ConditionStatus = z.enum(['True', 'False', 'Unknown']);

/** Kubernetes: `k8s.io/apimachinery/pkg/apis/meta/v1.Condition`, with its bounds. */
export const Condition = z.object({
  type: text(316, 'What the condition speaks of, in CamelCase.'),
  status: ConditionStatus.check(about('Whether it holds; Unknown: nobody can tell.')),
  reason: text(1024, 'Why, as one CamelCase word that programs may rely on.'),
  message: text(4096, 'Why, for a person.'),
  lastTransitionTime: moment('When `status` last changed.'),
  observedGeneration: z.optional(whole(0, 9007199254740991, 'The generation of the spec that this was judged on.')),
});
export type Condition = z.infer<typeof Condition>;

export function conditionList(description: string): z.ZodMiniArray<typeof Condition> {
  return mapList(Condition, 'type', 16, description);
}
