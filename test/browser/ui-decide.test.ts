/** Decisions on the page while answers are slow, or nobody answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { INCIDENTS, POLICIES } from '../../src/api/resources.ts';
import { createSystemClock } from '../../src/platform/clock.ts';
import { startBrowser } from '../support/browser.ts';
import { createLocalCluster, type LocalCluster } from '../support/local-cluster.ts';
import { aHeldIncident, HELD, nodeName, plantFleet, plantIncident } from '../support/ui/fleet-seeds.ts';
import { openLivePage } from '../support/ui/live-page.ts';
import { quickClock } from '../support/ui/quick-clock.ts';
import { servePage, type ServedPage } from '../support/ui/served-page.ts';

const OTHER = 'node-0002-held2';
const NOT_KNOWN = 'It is not known whether it was taken: look at the incident.';

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
  plantFleet(local.seeds, 10);
  plantIncident(local.seeds, aHeldIncident());
  plantIncident(local.seeds, aHeldIncident({ name: OTHER, node: nodeName(2) }));
  const clock = quickClock(20);
  served = await servePage(local.clusterFor(clock), { clock });
  page = await openLivePage(browser, served);
});
afterEach(async () => {
  await page.context().close();
  await served.stop();
});

const approvalOf = (name: string): unknown => local.read(INCIDENTS, name)?.spec.approval;
const confirm = (decision = 'Approve'): ReturnType<Page['locator']> =>
  page.getByRole('button', { name: new RegExp(`^${decision}: `) });

async function ask(incident: string, decision = 'Approve'): Promise<void> {
  await page.getByRole('button', { name: `${decision} ${incident}…` }).click();
  await confirm(decision).waitFor();
}

interface Slow {
  readonly sent: () => number;
  readonly release: () => void;
}

/** Decisions are sent on once they are let go. */
async function slowDecisions(): Promise<Slow> {
  const gate = Promise.withResolvers<undefined>();
  let sent = 0;
  await page.route('**/decision', async (route) => {
    sent += 1;
    await gate.promise;
    await route.continue();
  });
  return {
    sent: () => sent,
    release: () => {
      gate.resolve(undefined);
    },
  };
}

describe('whether it was taken', () => {
  test('is said not to be known where the connection breaks', async () => {
    await page.route('**/decision', async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
    await ask(HELD);
    await confirm().click();
    await page.getByRole('alert').filter({ hasText: NOT_KNOWN }).waitFor();
    expect(approvalOf(HELD)).toMatchObject({ decision: 'Approve' });
  });

  test('is said not to be known where the API server falls silent', async () => {
    await ask(HELD);
    local.setDown('read ECONNRESET');
    await confirm().click();
    await page
      .getByRole('alert')
      .filter({ hasText: `ECONNRESET. ${NOT_KNOWN}` })
      .waitFor();
  });

  test('is known where it is refused', async () => {
    await ask(HELD);
    await page.route('**/decision', async (route) => {
      await route.fulfill({ status: 409, json: { error: 'it is too late' } });
    });
    await confirm().click();
    await page
      .getByRole('alert')
      .filter({ hasText: /^it is too late$/ })
      .waitFor();
  });
});

describe('an answer that comes late', () => {
  test.each([
    ['is taken', (): void => undefined, 'spoken', `${HELD} is approved`],
    [
      'is refused',
      (): void => {
        local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
          Object.assign(draft['spec'] as object, { approval: { decision: 'Reject', by: 'bob' } });
        });
      },
      'late',
      `Approve ${HELD}: `,
    ],
  ])('changes nothing in the dialog of another incident where the first %s', async (_, before, where, said) => {
    const slow = await slowDecisions();
    await ask(HELD);
    await confirm().click();
    await page.keyboard.press('Escape');
    await ask(OTHER, 'Reject');
    before();
    slow.release();
    await page.locator(`#${where}`).filter({ hasText: said }).waitFor({ state: 'attached' });
    expect(await page.getByRole('dialog', { name: `Reject ${OTHER}` }).count()).toBe(1);
    expect(await page.locator('#decide-error').textContent()).toBe('');
    expect(approvalOf(OTHER)).toBeUndefined();
  });

  test('is waited for: what is typed meanwhile sends nothing again', async () => {
    const slow = await slowDecisions();
    await ask(HELD, 'Reject');
    await page.getByLabel(/^Reason/).fill('the disk');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' is full');
    expect(await confirm('Reject').isDisabled()).toBe(true);
    await page.keyboard.press('Enter');
    slow.release();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(slow.sent()).toBe(1);
    expect(approvalOf(HELD)).toMatchObject({ reason: 'the disk' });
  });
});

describe('while the API server is away', () => {
  test('the dialog says so, and nothing can be sent until it is back', async () => {
    await ask(HELD);
    expect(await confirm().isEnabled()).toBe(true);
    local.setDown('connect ECONNREFUSED');
    const stale = page.getByRole('dialog').getByText('The API server is not heard since');
    await stale.waitFor();
    await page.getByLabel(/^Reason/).fill('r');
    expect(await confirm().isDisabled()).toBe(true);
    local.setDown(undefined);
    await stale.waitFor({ state: 'hidden' });
    await expect(page.locator('#decide-confirm:enabled').waitFor()).resolves.toBeUndefined();
  });

  test('one that was opened then is filled once it is back', async () => {
    local.setDown('connect ECONNREFUSED');
    await page.getByRole('button', { name: `Approve ${HELD}…` }).click();
    const dialog = page.getByRole('dialog', { name: `Approve ${HELD}` });
    await dialog.getByRole('alert').filter({ hasText: 'It cannot be decided now' }).waitFor();
    expect(await dialog.innerText()).not.toContain('It is being read');
    local.setDown(undefined);
    await dialog.getByText('RestartKubelet on node-0001: ').waitFor();
    await page.locator('#decide-confirm:enabled').waitFor();
    expect(await page.locator('#decide-error').textContent()).toBe('');
  });
});

test('what would be done, and what stands in its way, describes the dialog to a screen reader', async () => {
  local.seeds.edit(POLICIES, { name: 'default' }, (draft) => {
    Object.assign(draft['spec'] as object, { paused: true });
  });
  await sleep(500);
  await ask(HELD);
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const described = nodes.find(({ role }) => role?.value === 'dialog')?.description?.value as unknown;
  expect(described).toMatch(/^Node node-0001; now: .*RestartKubelet on node-0001: .*the policy default is paused/);
});
