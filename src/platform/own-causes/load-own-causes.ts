/** The user's own causes, as a program that runs for long has them. */
import { NO_OWN_CAUSES, type OwnCauses, type OwnCausesFile } from '../../core/diagnosis/catalogue/own-causes.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';

/** Loaded on demand: a parser of YAML is memory that nobody needs without a file. */
async function read(path: string): Promise<OwnCausesFile> {
  const { readOwnCauses } = await import('./read-own-causes.ts');
  return readOwnCauses(path);
}

/**
 * It never throws: a node is recovered by the catalogue alone, and not at all by a program that does not start. What is wrong is
 * an error in the log, `own_causes_refused`, and the condition OwnCausesRead of each policy.
 * @param path undefined: there are none.
 */
export async function loadOwnCauses(
  path: string | undefined,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<OwnCauses> {
  const file = path === undefined ? undefined : await read(path);
  metrics.gauge('own_causes', file?.kind === 'causes' ? file.causes.length : 0);
  metrics.gauge('own_causes_refused', file?.kind === 'refused' ? 1 : 0);
  if (file === undefined) return NO_OWN_CAUSES;
  if (file.kind === 'causes') return { causes: file.causes };
  log.error('Causes of your own are refused, and the catalogue alone is used', { err: file.message });
  return { causes: [], problem: file.message };
}
