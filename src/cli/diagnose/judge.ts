/** A verdict for each node, and the one of them that a person has to see first. */
import type { Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { DiagnosisInput } from '../../core/diagnosis/diagnosis-input.ts';
import type { NodeInput } from './node-inputs.ts';

export interface NodeVerdict {
  /** undefined: nothing says which. */
  readonly node: string | undefined;
  readonly files: readonly string[];
  readonly verdict: Diagnosis;
}

export interface Judged {
  readonly verdict: Diagnosis;
  /** That the verdict is made from. */
  readonly input: DiagnosisInput;
  /** Empty where all that was given may be of one node. */
  readonly nodes: readonly NodeVerdict[];
}

/** A fault before no answer, and that before a kubelet that is well. */
function weight({ class: found, confidence }: Diagnosis): number {
  if (found === 'Healthy') return 0;
  return found === 'Unknown' ? 1 : { Low: 2, Medium: 3, High: 4 }[confidence];
}

export function judge(inputs: readonly NodeInput[]): Judged {
  const judged = inputs.map(({ node, files, input }) => ({ node, files, input, verdict: diagnose(input) }));
  const [first, ...others] = judged;
  if (first === undefined) throw new Error('there is nothing to judge');
  const worst = others.reduce((best, one) => (weight(one.verdict) > weight(best.verdict) ? one : best), first);
  const nodes = others.length === 0 ? [] : judged.map(({ node, files, verdict }) => ({ node, files, verdict }));
  return { verdict: worst.verdict, input: worst.input, nodes };
}
