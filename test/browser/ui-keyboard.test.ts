/** Where the focus of the page is, what its frame leads to, and what its tab says. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createSystemClock } from '../../src/platform/clock.ts';
import { startBrowser } from '../support/browser.ts';
import { createLocalCluster, type LocalCluster } from '../support/local-cluster.ts';
import { aHeldIncident, plantFleet, plantIncident } from '../support/ui/fleet-seeds.ts';
import { openLivePage } from '../support/ui/live-page.ts';
import { quickClock } from '../support/ui/quick-clock.ts';
import { servePage, type ServedPage } from '../support/ui/served-page.ts';

let browser: Browser;
let local: LocalCluster;
let served: ServedPage;
let page: Page;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  local = createLocalCluster(createSystemClock());
  plantFleet(local.seeds, 60);
  plantIncident(local.seeds, aHeldIncident());
  served = await serve();
  page = await openLivePage(browser, served);
});
afterEach(async () => {
  await page.context().close();
  await served.stop();
});

async function serve(): Promise<ServedPage> {
  const clock = quickClock(20);
  return await servePage(local.clusterFor(clock), { clock });
}

test('a new address in the same tab is taken, and is not left in the address bar', async () => {
  await page.goto(`${served.origin}/#${'x'.repeat(43)}`);
  await page.getByRole('alert').filter({ hasText: 'open the address that was printed' }).waitFor();
  expect(page.url()).toBe(`${served.origin}/`);
  await page.goto(served.url);
  await page.getByText('live', { exact: true }).waitFor();
  expect(page.url()).toBe(`${served.origin}/`);
});
