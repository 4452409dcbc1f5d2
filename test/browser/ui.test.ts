/** `kubectl medic ui` in a real Chromium. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { INCIDENTS, NODES } from '../../src/api/resources.ts';
import { createSystemClock } from '../../src/platform/clock.ts';
import { anIncident, aNode } from '../support/builders/objects.ts';
import { startBrowser } from '../support/browser.ts';
import { createLocalCluster, type LocalCluster } from '../support/local-cluster.ts';
import { PAYLOADS } from '../support/report/hostile.ts';
import {
  aHeldIncident,
  HELD,
  nodeName,
  plant,
  plantFleet,
  plantIncident,
  plantNode,
} from '../support/ui/fleet-seeds.ts';
import { FAINT } from '../support/faint.ts';
import { quickClock } from '../support/ui/quick-clock.ts';
import { servePage, type ServedPage } from '../support/ui/served-page.ts';

const QUICK = 20;

let browser: Browser;
let local: LocalCluster;
let served: ServedPage;
let contexts: BrowserContext[];
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  contexts = [];
  local = createLocalCluster(createSystemClock());
  plantFleet(local.seeds, 200);
  plantIncident(local.seeds, aHeldIncident());
  served = await serve();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  await served.stop();
});

async function serve(options: { readonly may?: (verb: unknown) => boolean } = {}): Promise<ServedPage> {
  const clock = quickClock(QUICK);
  return await servePage(local.clusterFor(clock), { ...options, clock });
}

interface Opened {
  readonly page: Page;
  /** All that the page said, and all that it asked of anybody else. */
  readonly leaks: string[];
}

async function open(url = served.url, options: Parameters<Browser['newContext']>[0] = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  contexts.push(context);
  const page = await context.newPage();
  const leaks: string[] = [];
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== served.origin && !request.url().startsWith('about:srcdoc')) leaks.push(`request ${request.url()}`);
    if (request.url().includes(served.token)) leaks.push(`the token is in ${request.url()}`);
    const { referer = '' } = request.headers();
    if (referer !== '') leaks.push(`referer ${referer}`);
  });
  page.on('dialog', (dialog) => {
    leaks.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => leaks.push('popup'));
  page.on('pageerror', ({ message }) => leaks.push(`error ${message}`));
  page.on('console', (message) => leaks.push(`console ${message.text()}`));
  await page.goto(url);
  return { page, leaks };
}

async function openLive(options: Parameters<Browser['newContext']>[0] = {}): Promise<Opened> {
  const opened = await open(served.url, options);
  await opened.page.getByText('live', { exact: true }).waitFor();
  await opened.page.locator('#grid [role=gridcell]').first().waitFor();
  return opened;
}

function cell(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator(`#grid [data-name="${name}"]`);
}

describe('the fleet', () => {
  test('is a cell a node, told by a glyph and a name, and follows what changes', async () => {
    const { page, leaks } = await openLive();
    expect(await page.getByRole('gridcell').count()).toBe(200);
    expect(await cell(page, nodeName(0)).textContent()).toBe('×');
    expect(await cell(page, nodeName(1)).getAttribute('aria-label')).toMatch(/^node-0001, held: PLEG Unhealthy/);
    plantNode(local.seeds, { name: nodeName(100), ready: 'False' });
    await page.getByRole('gridcell', { name: 'node-0100, ill: NotReady' }).waitFor();
    expect(await page.getByRole('button', { name: '4 ill' }).count()).toBe(1);
    local.seeds.remove(NODES, { name: nodeName(199) });
    await page.getByText('199 nodes').waitFor();
    expect(leaks).toEqual([]);
  });

  test('is filtered by state and by name', async () => {
    const { page } = await openLive();
    await page.getByRole('button', { name: 'unknown' }).click();
    await page.getByText('2 of 200 nodes').waitFor();
    expect(await page.getByRole('gridcell').count()).toBe(2);
    expect(await page.getByRole('button', { name: 'unknown' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'unknown' }).click();
    await page.getByLabel('Name').fill('node-01');
    await page.getByText('100 of 200 nodes').waitFor();
    expect(await page.getByRole('gridcell').count()).toBe(100);
  });

  test('is reached and left by keys: one cell is in the order of Tab', async () => {
    const { page } = await openLive();
    const at = async (): Promise<unknown> =>
      await page.evaluate('document.activeElement.dataset.name ?? document.activeElement.id');
    await page.getByLabel('Name').focus();
    await page.keyboard.press('Tab');
    expect(await at()).toBe(nodeName(0));
    await page.keyboard.press('ArrowRight');
    expect(await at()).toBe(nodeName(1));
    const columns = Number(await page.locator('#grid').getAttribute('aria-colcount'));
    await page.keyboard.press('ArrowDown');
    expect(await at()).toBe(nodeName(1 + columns));
    await page.keyboard.press('Control+End');
    expect(await at()).toBe(nodeName(199));
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#grid [tabindex="0"]').count()).toBe(1);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    expect(await at()).toBe('details');
    expect(await page.locator('#details').innerText()).toContain(HELD);
    await page.keyboard.press('Escape');
    expect(await at()).toBe(nodeName(1));
    // A change of the whole grid leaves the focus where it is.
    local.seeds.remove(NODES, { name: nodeName(150) });
    await page.getByText('199 nodes').waitFor();
    expect(await at()).toBe(nodeName(1));
  });

  test('is said to who does not see it: names, a role for each part, and news in a live region', async () => {
    const { page } = await openLive();
    expect(await page.getByRole('grid', { name: 'Nodes, a cell each' }).count()).toBe(1);
    for (const name of ['Nodes', 'Policies'])
      expect(await page.getByRole('region', { name, exact: true }).count()).toBeGreaterThan(0);
    expect(await page.getByRole('row', { name: new RegExp(HELD) }).count()).toBe(1);
    expect(await page.getByRole('button', { name: `Approve ${HELD}…` }).count()).toBe(1);
    plantIncident(local.seeds, anIncident({ name: 'node-0050-new', node: nodeName(50) }));
    await expect(
      page.locator('#spoken').filter({ hasText: 'an incident of node-0050 is open: PLEGUnhealthy.' }).waitFor(),
    ).resolves.toBeUndefined();
    const unnamed = `[...document.querySelectorAll('button, input, iframe, dialog, aside, section')].filter((one) => one.checkVisibility() && one.textContent.trim() === '' && !one.labels?.length && !one.ariaLabel).length`;
    expect(await page.evaluate(unnamed)).toBe(0);
  });

  test('is light or dark, can be read in both, and moves nothing for who wants no motion', async () => {
    const backs: unknown[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openLive({ colorScheme, reducedMotion: 'reduce' });
      backs.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      await page.getByRole('button', { name: `Approve ${HELD}…` }).click();
      await page.getByRole('button', { name: 'Approve: RestartKubelet on node-0001' }).waitFor();
      expect(await page.evaluate(FAINT)).toEqual([]);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.evaluate(`document.querySelector('#grid [role=gridcell]').classList.add('changed')`);
      expect(await page.evaluate(`getComputedStyle(document.querySelector('.changed')).animationName`)).toBe('none');
    }
    expect(new Set(backs).size).toBe(2);
  });

  test.each([390, 800, 1_280])('is no wider than a screen of %d', async (width) => {
    const { page } = await openLive({ viewport: { width, height: 900 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});

describe('a decision', () => {
  test('is asked for by keys, names what would be done, and is seen in another tab', async () => {
    const [{ page, leaks }, other] = [await openLive(), await openLive()];
    await page.getByRole('button', { name: `Approve ${HELD}…` }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: `Approve ${HELD}` });
    await dialog.getByText('RestartKubelet on node-0001: systemd restarts the unit of the kubelet on it.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('decide-cancel');
    expect(await dialog.innerText()).toContain('Recorded as jane@example.com, on https://prod.example:6443');
    await dialog.getByLabel('RestartRuntime in its place').check();
    await dialog.getByLabel(/^Reason/).fill('the runtime is old');
    await dialog.getByRole('button', { name: 'Approve: RestartRuntime on node-0001' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(local.read(INCIDENTS, HELD)?.spec.approval).toEqual({
      decision: 'Approve',
      by: 'jane@example.com',
      action: 'RestartRuntime',
      reason: 'the runtime is old',
    });
    for (const tab of [page, other.page]) {
      await tab.getByText('approved by jane@example.com; Held').waitFor();
      expect(await tab.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
    }
    expect(leaks).toEqual([]);
  });

  test('to reject needs a reason', async () => {
    const { page } = await openLive();
    await page.getByRole('button', { name: `Reject ${HELD}…` }).click();
    const confirm = page.getByRole('button', { name: 'Reject: leave node-0001 as it is' });
    await confirm.waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel('Reason (needed)').fill('a disk is on its way');
    await confirm.click();
    await page.getByText('rejected by jane@example.com').waitFor();
    expect(local.read(INCIDENTS, HELD)?.spec.approval).toMatchObject({ decision: 'Reject' });
  });

  test('that another person takes meanwhile is said before this one is sent', async () => {
    const { page } = await openLive();
    await page.getByRole('button', { name: `Approve ${HELD}…` }).click();
    const confirm = page.getByRole('button', { name: 'Approve: RestartKubelet on node-0001' });
    await confirm.waitFor();
    local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
      Object.assign(draft['spec'] as object, { approval: { decision: 'Reject', by: 'bob' } });
    });
    await page.getByRole('alert').filter({ hasText: 'has been rejected by bob; a decision is made once' }).waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    expect(local.read(INCIDENTS, HELD)?.spec.approval).toMatchObject({ by: 'bob' });
  });

  test('is not offered as possible to who may not', async () => {
    const viewer = await serve({ may: () => false });
    const { page } = await open(viewer.url);
    await page.getByRole('button', { name: `Approve ${HELD}…` }).click();
    await page.getByRole('alert').filter({ hasText: 'jane@example.com may not patch kubeletincidents' }).waitFor();
    expect(await page.getByRole('button', { name: /^Approve: / }).isDisabled()).toBe(true);
    await viewer.stop();
  });
});

describe('a report', () => {
  test('stands in a frame, and is left by Escape', async () => {
    const { page, leaks } = await openLive();
    await page.getByRole('button', { name: `Report of ${HELD}` }).click();
    const frame = page.frameLocator('#report-frame');
    await frame.getByRole('heading', { level: 1, name: 'Held node-0001' }).waitFor();
    expect(await page.frames()[1]?.evaluate('getComputedStyle(document.body).maxWidth')).toBe('1120px');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a file' }).click();
    expect((await download).suggestedFilename()).toBe(`${HELD}.html`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(leaks).toEqual([]);
  });
});

/** What is in a page besides what the program wrote. */
const FOREIGN = `[...document.querySelectorAll('script:not([src="/page.js"]), img, link:not([href="/page.css"]), base, object, embed, svg, style, a, meta[http-equiv]')].length
  + [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on') || name === 'style')).length`;

test('nothing that is planted in an object runs, nor does a request leave', async () => {
  PAYLOADS.forEach((payload, index) => {
    const text = payload.toWellFormed();
    const name = `evil-${String(index)}`;
    plant(local.seeds, NODES, aNode({ name, ready: 'False', message: text }));
    const status = { state: text.slice(0, 60) };
    const trigger = { message: text };
    plantIncident(
      local.seeds,
      anIncident({
        name: `${name}-x`,
        node: name,
        trigger,
        status,
        approval: { decision: 'Approve', by: text.slice(0, 250), reason: text },
      }),
    );
  });
  const { page, leaks } = await openLive();
  await page.getByRole('row', { name: /evil-18-x/ }).waitFor();
  for (let index = 0; index < PAYLOADS.length; index++) {
    const name = `evil-${String(index)}`;
    await cell(page, name).focus();
    await page.locator('#details-body h3').filter({ hasText: name }).waitFor();
    await page
      .locator('#incident-rows')
      .getByRole('button', { name: `Report of ${name}-x` })
      .click();
    await page.frameLocator('#report-frame').getByRole('heading', { level: 1 }).waitFor();
    await page.mouse.move(600, 400);
    await page.getByRole('button', { name: 'Close' }).click();
    expect(await page.evaluate(FOREIGN)).toBe(0);
  }
  expect(await page.title()).toBe('(1 held) kubelet-medic');
  expect(leaks).toEqual([]);
});

describe('who else is on this machine', () => {
  test('the page runs no script that stands in it, and no text becomes markup', async () => {
    const { page, leaks } = await openLive();
    await page.evaluate(
      `{ const s = document.createElement('script'); try { s.text = 'document.title = "owned"'; } catch {} document.body.append(s); }`,
    );
    const thrown = await page.evaluate(
      `(() => { try { document.body.innerHTML = '<img src=x onerror="document.title=1">'; return ''; } catch (error) { return error.name; } })()`,
    );
    expect(thrown).toBe('TypeError');
    expect(await page.title()).not.toBe('owned');
    expect(leaks.filter((leak) => leak.startsWith('request'))).toEqual([]);
  });

  test('a page of another port reads nothing, decides nothing, and gets no frame of it', async () => {
    const evil = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe id="f" src="${served.origin}/"></iframe>`);
    }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const { page } = await open(`http://127.0.0.1:${String((evil.address() as AddressInfo).port)}/`);
    const attempt = `Promise.all([
      fetch('${served.origin}/api/incidents/${HELD}/choices').then(() => 'read', () => 'refused'),
      fetch('${served.origin}/page.js').then(() => 'read', () => 'refused'),
      fetch('${served.origin}/api/incidents/${HELD}/decision', { method: 'POST', mode: 'no-cors', body: '{}' }).then((a) => a.type, () => 'refused'),
      fetch('${served.origin}/api/incidents/${HELD}/decision', { method: 'POST', headers: { 'x-kubelet-medic-token': '${served.token}', 'content-type': 'application/json' }, body: '{}' }).then(() => 'sent', () => 'refused'),
    ])`;
    const said = await page.evaluate(attempt);
    expect(said).toEqual(['refused', 'refused', expect.stringMatching(/^(?:opaque|refused)$/), 'refused']);
    expect(await page.frames()[1]?.evaluate('document.getElementById("grid") === null')).toBe(true);
    expect(local.read(INCIDENTS, HELD)?.spec.approval).toBeUndefined();
    evil.close();
  });

  test('another name of this machine is not served, as after DNS rebinding', async () => {
    const { port } = new URL(served.origin);
    const { page } = await open(`http://rebound.localhost:${port}/#${served.token}`);
    expect(await page.evaluate('document.body.innerText')).toContain('This is served as http://127.0.0.1');
    const { page: named } = await open(`http://localhost:${port}/#${served.token}`);
    await named.getByText('live', { exact: true }).waitFor();
  });

  test.each([
    ['no token', (): string => served.origin],
    ['a token of an earlier run', (): string => `${served.origin}/#${'x'.repeat(43)}`],
  ])('%s shows nothing, and what to do', async (_, url) => {
    const { page } = await open(url());
    await page.getByRole('alert').filter({ hasText: 'open the address that was printed' }).waitFor();
    expect(await page.getByRole('gridcell').count()).toBe(0);
  });

  test('the token is not in the address once it is taken, and a reload needs none', async () => {
    const { page } = await openLive();
    expect(page.url()).toBe(`${served.origin}/`);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await page.getByText('live', { exact: true }).waitFor();
  });
});

describe('what is not of now', () => {
  test('is said while the API server is away, and no more when it is back', async () => {
    const { page } = await openLive();
    local.setDown('connect ECONNREFUSED 10.0.0.1:6443');
    const alert = page.getByRole('alert').filter({ hasText: 'The API server is not heard since' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/connect ECONNREFUSED .* What is shown is of then, and not of now\.$/);
    expect(await page.locator('#link').textContent()).toBe('not current');
    expect(await page.getByRole('gridcell').count()).toBe(200);
    plantNode(local.seeds, { name: nodeName(120), ready: 'False' });
    local.setDown(undefined);
    await alert.waitFor({ state: 'hidden' });
    await page.getByRole('gridcell', { name: 'node-0120, ill' }).waitFor();
  });

  test('is said when the plugin has ended', async () => {
    const { page } = await openLive();
    await served.stop();
    const alert = page.getByRole('alert').filter({ hasText: 'kubectl medic is not heard' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/What is shown is of \d\d:\d\d:\d\d, and not of now\.$/);
  });
});
