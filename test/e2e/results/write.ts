/** Keeps what a run has measured, and writes the pages anew. */
import { writeFileSync } from 'node:fs';
import { faultsPage, measurementsPage } from './pages.ts';
import { type MeasuredOf, merge, readResults, type Run, writeResults } from './results.ts';

const DOCS = new URL('../../../docs/', import.meta.url);

/** @param order the names of all scenarios. */
export function writePages(run: Run, measuredOf: MeasuredOf, order: readonly string[]): void {
  const results = merge(readResults(), run, measuredOf, order);
  writeResults(results);
  writeFileSync(new URL('measurements.md', DOCS), measurementsPage(results));
  writeFileSync(new URL('reference/faults.md', DOCS), faultsPage(results));
}
