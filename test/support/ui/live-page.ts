/** The page in a browser, as a person has it before him. */
import type { Browser, Page } from 'playwright-core';
import type { PageAddress } from './page-client.ts';

export async function openLivePage(browser: Browser, { origin, token }: PageAddress): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${origin}/#${token}`);
  await page.getByText('live', { exact: true }).waitFor();
  await page.locator('#grid [role=gridcell]').first().waitFor();
  return page;
}

/** What has the focus: its id, or its name, or its text. */
export async function focused(page: Page): Promise<unknown> {
  return await page.evaluate(
    `(({ id, ariaLabel, dataset, textContent, tagName }) => id || dataset.name || ariaLabel || (tagName === 'BODY' ? 'BODY' : textContent))(document.activeElement)`,
  );
}
