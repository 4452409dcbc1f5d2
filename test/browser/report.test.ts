/** A report in a real Chromium: what is planted in an incident does nothing there, and it prints on two pages. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { reportDocument } from '../../src/cli/report/document.ts';
import { startBrowser } from '../support/browser.ts';
import { FAINT } from '../support/faint.ts';
import { PAYLOADS, withTexts } from '../support/report/hostile.ts';
import { recovered, SCENARIOS } from '../support/report/scenarios.ts';

let browser: Browser;
let folder = '';
beforeAll(async () => {
  browser = await startBrowser();
  folder = mkdtempSync(join(tmpdir(), 'medic-browser-'));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** All that the page asked for, itself aside, and all that it said. */
  readonly leaks: string[];
}

async function open(document: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
  const file = join(folder, 'report.html');
  writeFileSync(file, document);
  const address = pathToFileURL(file).href;
  const context = await browser.newContext({ colorScheme, viewport: { width: 1_200, height: 900 } });
  const page = await context.newPage();
  const leaks: string[] = [];
  page.on('request', (request) => {
    if (request.url() !== address) leaks.push(`request ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    leaks.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => leaks.push('popup'));
  page.on('pageerror', ({ message }) => leaks.push(`error ${message}`));
  page.on('console', (message) => leaks.push(`console ${message.text()}`));
  page.on('framenavigated', (frame) => {
    if (frame.url() !== address) leaks.push(`navigated to ${frame.url()}`);
  });
  await page.goto(address, { waitUntil: 'load' });
  return { page, leaks };
}

/** Pages of a PDF. */
async function pagesOf(page: Page, format: 'A4' | 'Letter'): Promise<number> {
  const pdf = await page.pdf({ format, printBackground: true });
  return (pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;
}

/** What is in the page besides what the program wrote. */
const FOREIGN = `[...document.querySelectorAll('script, img, iframe, link, form, input, base, object, embed, animate, style + style')].length
  + [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on') || name === 'style')).length`;

const planted: readonly (readonly [string, () => string])[] = [
  [
    'each payload in turn',
    (() => {
      let next = 0;
      return () => PAYLOADS[next++ % PAYLOADS.length]!;
    })(),
  ],
  ...PAYLOADS.map((payload) => [JSON.stringify(payload).slice(0, 50), () => payload] as const),
  ['a MiB of one word', () => 'A'.repeat(1_048_576)],
  ['a MiB of markup', () => '<script>document.title="owned"</script>'.repeat(26_887)],
  ['a MiB of lines', () => 'x\n'.repeat(524_288)],
];

test.each(planted)('nothing runs and no request leaves with %s', async (_name, text) => {
  const { page, leaks } = await open(reportDocument(withTexts(recovered(), text, false)));
  expect(await page.evaluate(FOREIGN)).toBe(0);
  expect(await page.title()).not.toBe('owned');
  // What a person may touch: each element under the pointer, and each key that moves the focus.
  await page.mouse.move(300, 300);
  await page.mouse.move(600, 500);
  for (let i = 0; i < 5; i++) await page.keyboard.press('Tab');
  expect(leaks).toEqual([]);
  expect(await pagesOf(page, 'A4')).toBe(2);
  await page.context().close();
});

test('its policy refuses a script, an image and a style that somebody adds to the file', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/x.png`;
  const added = `<script>document.title = "owned"</script><img src="${address}" onerror="document.title='owned'"><p id="added" style="color: red">x`;
  const document = reportDocument(recovered()).replace('</main>', `</main>${added}`);
  const guarded = await open(document);
  expect(await guarded.page.title()).not.toBe('owned');
  expect(await guarded.page.evaluate('getComputedStyle(added).color')).not.toBe('rgb(255, 0, 0)');
  expect(asked).toBe(0);
  await guarded.page.context().close();
  // Without the policy they do what they were made for, so that this test can fail.
  const bare = await open(document.replace('http-equiv="Content-Security-Policy"', 'name="nothing"'));
  expect(await bare.page.title()).toBe('owned');
  expect(asked).toBeGreaterThan(0);
  await bare.page.context().close();
  server.close();
});

describe.each(Object.entries(SCENARIOS))('of an incident that is %s', (_name, make) => {
  test('it prints on two pages of A4 and of Letter', async () => {
    const { page, leaks } = await open(reportDocument(make()));
    expect(await pagesOf(page, 'A4')).toBe(2);
    expect(await pagesOf(page, 'Letter')).toBe(2);
    expect(leaks).toEqual([]);
    await page.context().close();
  });

  test.each([390, 1_200])('it is no wider than a screen of %d', async (width) => {
    const { page } = await open(reportDocument(make()));
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.context().close();
  });
});

test('it is light or dark as the reader has it, and can be read in both', async () => {
  const backs: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    const { page } = await open(reportDocument(recovered()), scheme);
    backs.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    expect(await page.evaluate(FAINT)).toEqual([]);
    await page.context().close();
  }
  expect(backs).toEqual(['rgb(255, 255, 255)', 'rgb(20, 23, 27)']);
});

test('the timeline is a table for who does not see the drawing, and each section has a name', async () => {
  const { page } = await open(reportDocument(recovered()));
  expect(await page.getByRole('img', { name: /first sign to the end: 2026-11-24 .* UTC/ }).count()).toBe(1);
  expect(await page.getByRole('row', { name: /2026-11-24 13:23:37\.989 .*Ready/ }).count()).toBe(1);
  expect(await page.getByRole('region', { name: 'Timeline' }).count()).toBe(1);
  expect(await page.getByRole('heading', { level: 1, name: 'Recovered node-2' }).count()).toBe(1);
  await page.context().close();
});
