/** Where the focus of the page is, what its frame leads to, and what its tab says. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { INCIDENTS } from '../../src/api/resources.ts';
import { createSystemClock } from '../../src/platform/clock.ts';
import { anIncident } from '../support/builders/objects.ts';
import { startBrowser } from '../support/browser.ts';
import { createLocalCluster, type LocalCluster } from '../support/local-cluster.ts';
import { aHeldIncident, HELD, nodeName, plantFleet, plantIncident } from '../support/ui/fleet-seeds.ts';
import { focused, openLivePage } from '../support/ui/live-page.ts';
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

describe('the focus', () => {
  test('stays in a row that is moved', async () => {
    plantIncident(local.seeds, anIncident({ name: 'node-0050-a', node: nodeName(50) }));
    plantIncident(local.seeds, anIncident({ name: 'node-0051-b', node: nodeName(51) }));
    const report = page.getByRole('button', { name: 'Report of node-0051-b' });
    await report.focus();
    const { status } = aHeldIncident();
    local.seeds.edit(INCIDENTS, { name: 'node-0051-b' }, (draft) => Object.assign(draft, { status }));
    await page.getByRole('button', { name: 'Approve node-0051-b…' }).waitFor();
    expect(await focused(page)).toBe('Report of node-0051-b');
  });

  test('goes to the incidents where a dialog closes whose button is gone', async () => {
    await page.getByRole('button', { name: `Approve ${HELD}…` }).focus();
    await page.keyboard.press('Enter');
    local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
      Object.assign(draft['spec'] as object, { approval: { decision: 'Reject', by: 'bob' } });
    });
    await page.getByRole('alert').filter({ hasText: 'has been rejected by bob' }).waitFor();
    await page.locator('#incident-rows .Approve').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await expect(page.locator('#incidents-title:focus').waitFor({ timeout: 5_000 })).resolves.toBeUndefined();
  });

  test('goes back to the button of a dialog that is still there', async () => {
    await page.getByRole('button', { name: `Approve ${HELD}…` }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe(`Approve ${HELD}…`);
  });

  test('comes from the frame of a report to Close by one key', async () => {
    await page.getByRole('button', { name: `Report of ${HELD}` }).click();
    await page.frameLocator('#report-frame').getByRole('heading', { level: 1 }).click();
    expect(await focused(page)).toBe('report-frame');
    await page.keyboard.press('Shift+Tab');
    expect(await focused(page)).toBe('report-close');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('goes to a node that a filter hides, which is put away', async () => {
    await page.getByLabel('Name').fill('node-0030');
    await page.getByRole('button', { name: 'healthy' }).click();
    await page.getByText('1 of 60 nodes').waitFor();
    await page.getByRole('button', { name: 'node-0001', exact: true }).click();
    await page.getByText('60 nodes', { exact: true }).waitFor();
    expect(await focused(page)).toBe('node-0001');
    expect(await page.getByLabel('Name').inputValue()).toBe('');
    expect(await page.locator('#legend [aria-pressed=true]').count()).toBe(0);
  });

  test('is told of what is known of a node by its heading', async () => {
    expect(await page.getByRole('complementary', { name: 'Node', exact: true }).count()).toBe(1);
    await page.getByRole('button', { name: 'node-0001', exact: true }).click();
    await expect(page.getByRole('complementary', { name: 'Node node-0001' }).waitFor()).resolves.toBeUndefined();
  });
});

test('a new address in the same tab is taken, and is not left in the address bar', async () => {
  await page.goto(`${served.origin}/#${'x'.repeat(43)}`);
  await page.getByRole('alert').filter({ hasText: 'open the address that was printed' }).waitFor();
  expect(page.url()).toBe(`${served.origin}/`);
  await page.goto(served.url);
  await page.getByText('live', { exact: true }).waitFor();
  expect(page.url()).toBe(`${served.origin}/`);
});

test('a report in the frame leads nowhere', async () => {
  await page.getByRole('button', { name: `Report of ${HELD}` }).click();
  const frame = page.frameLocator('#report-frame');
  await frame.getByRole('heading', { level: 1 }).waitFor();
  await frame
    .getByText(/^https:\/\//)
    .first()
    .click();
  await frame.getByRole('heading', { level: 1, name: 'Held node-0001' }).waitFor();
  expect(await frame.locator('a').count()).toBe(0);
  expect(page.frames().map((one) => one.url())).toEqual([`${served.origin}/`, 'about:srcdoc']);
});

describe('what is not of now', () => {
  test('is in the title of the tab, which may be all that is seen', async () => {
    expect(await page.title()).toBe('(1 held) kubelet-medic');
    await served.stop();
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toBe('(not current) kubelet-medic');
  });

  test('is said with one full stop', async () => {
    await page.route('**/api/events', async (route) => {
      await route.fulfill({ status: 503, json: { error: 'Too many pages are open: close one.' } });
    });
    await served.stop();
    const alert = page.getByRole('alert').filter({ hasText: 'Too many pages are open' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/close one\. What is shown is of /);
  });
});
