/** What a deep capture consists of, and what of it is next for an incident. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isAct, isActStep } from '../../core/decision/actions.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { HOST_STEP } from '../../core/decision/record/step-names.ts';
import type { UnitRole } from '../../ports/host.ts';
import { agentPartOf, findRecord } from '../record.ts';
import { DUMP_TARGETS } from './stack-dumps.ts';

export type DeepWork =
  | { readonly kind: 'round'; readonly round: number }
  /** For ten seconds: another capture may come between those of two programs. */
  | { readonly kind: 'samples'; readonly role: UnitRole }
  | { readonly kind: 'summary' };

export const ROUNDS = 5;
export const SUMMARY = 'deep-capture.txt';

/** What runs while the node is stuck is asked once, as soon as there is a first round. */
const WORK: readonly DeepWork[] = [
  { kind: 'round', round: 1 },
  ...DUMP_TARGETS.map(({ role }): DeepWork => ({ kind: 'samples', role })),
  ...Array.from({ length: ROUNDS - 1 }, (_, i): DeepWork => ({ kind: 'round', round: i + 2 })),
  { kind: 'summary' },
];

/** Names in the bundle, without `.gz`. */
function filesOf(work: DeepWork): readonly string[] {
  switch (work.kind) {
    case 'round':
      return DUMP_TARGETS.map(({ file }) => deepFile(file(work.round)));
    case 'samples':
      return [samplesFile(work.role)];
    case 'summary':
      return [SUMMARY];
  }
}

/** @param file of a dump. */
export function deepFile(file: string): string {
  return `deep-${file}`;
}

export function samplesFile(role: UnitRole): string {
  return deepFile(`samples-${role}.folded`);
}

/** undefined: nothing, or nothing any more. What is reported already is not done again. */
export function deepWorkOf(incident: KubeletIncident): DeepWork | undefined {
  const { spec, status } = incident;
  if (spec.plan.strategy !== 'DiagnoseFirst' || !isOpen(incident)) return undefined;
  if (findRecord(incident, HOST_STEP) === undefined) return undefined;
  if ((status.steps ?? []).some(isActStep) || (status.actions ?? []).some(isAct)) return undefined;
  const names = new Set(agentPartOf(incident).evidence.map(({ name }) => name));
  return WORK.find((work) => filesOf(work).some((file) => !names.has(`${file}.gz`)));
}
