/**
 * How far a cause of the user's own counts. It is named where it is the most likely one, and is no way around what the catalogue
 * is sure of: that all is well, or that a restart harms.
 */
import type { Diagnosis, RestartEffect } from '../../../api/v1alpha1/parts/diagnosis.ts';

/** What the API holds at most. */
const MAX_EVIDENCE = 32;

function isSure({ confidence, class: kind }: Diagnosis): boolean {
  return confidence !== 'Low' && kind !== 'Unknown';
}

function effectOf(own: RestartEffect, known: RestartEffect): RestartEffect {
  return known === 'Harms' ? known : own;
}

/**
 * @param known what the catalogue says alone.
 * @param all what it says together with the user's causes. One that is not sure would leave the act to the default.
 */
export function beside(known: Diagnosis, all: Diagnosis): Diagnosis {
  if (all.own !== true) return known;
  if (isSure(known) && (known.class === 'Healthy' || !isSure(all)))
    return { ...known, evidence: [...known.evidence.slice(0, MAX_EVIDENCE - 1), `also possible: ${all.cause}`] };
  return {
    ...all,
    restartKubelet: effectOf(all.restartKubelet, known.restartKubelet),
    restartRuntime: effectOf(all.restartRuntime, known.restartRuntime),
  };
}
