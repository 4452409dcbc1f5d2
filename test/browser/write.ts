/** Writes the example of a report and its pictures: `node test/browser/write.ts`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportDocument } from '../../src/cli/report/document.ts';
import { startBrowser } from '../support/browser.ts';
import { recovered } from '../support/report/scenarios.ts';

const EXAMPLE = new URL('../../examples/reports/recovered.html', import.meta.url);
const image = (name: string): string => fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url));

writeFileSync(EXAMPLE, reportDocument(recovered()));
const browser = await startBrowser();
for (const colorScheme of ['light', 'dark'] as const) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1_120, height: 900 } });
  const page = await context.newPage();
  await page.goto(EXAMPLE.href);
  await page.screenshot({ path: image(`report-${colorScheme}`) });
  if (colorScheme === 'light') {
    const folder = mkdtempSync(join(tmpdir(), 'medic-report-'));
    await page.pdf({ path: join(folder, 'x.pdf'), format: 'A4', printBackground: true });
    // Debian's poppler-utils.
    execFileSync('pdftoppm', [
      '-r',
      '80',
      '-f',
      '1',
      '-l',
      '1',
      '-singlefile',
      '-png',
      join(folder, 'x.pdf'),
      image('report-print').replace(/\.png$/, ''),
    ]);
    rmSync(folder, { recursive: true });
  }
  await context.close();
}
await browser.close();
