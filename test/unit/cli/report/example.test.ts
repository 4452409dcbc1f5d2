/** What examples/reports shows is what the command writes: `node test/browser/write.ts` writes it anew. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { reportDocument } from '../../../../src/cli/report/document.ts';
import { recovered } from '../../../support/report/scenarios.ts';

test('the example is the report of its incident', () => {
  const example = readFileSync(new URL('../../../../examples/reports/recovered.html', import.meta.url), 'utf8');
  expect(example).toBe(reportDocument(recovered()));
});
