/** Drawings of documents in a real Chromium: as a page shows them, in light and in dark. */
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.ts';

const ROOT = new URL('../../', import.meta.url);
const drawings = globSync('docs/images/*.svg', { cwd: fileURLToPath(ROOT) }).sort();

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});

async function open(path: string, colorScheme: 'light' | 'dark'): Promise<Page> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1_000, height: 800 } });
  const page = await context.newPage();
  await page.goto(new URL(path, ROOT).href);
  return page;
}

/** Texts that lie over one another, or stand out of the drawing. */
const CROWDED = `(() => {
  const { width, height } = document.documentElement.viewBox.baseVal;
  const texts = [...document.querySelectorAll('text')].map((one) => ({ words: one.textContent, box: one.getBBox() }));
  const out = texts.filter(({ box }) => box.x < 4 || box.y < 0 || box.x + box.width > width - 4 || box.y + box.height > height);
  const over = (a, b) => Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 4;
  const pairs = texts.flatMap((a, i) => texts.slice(i + 1).filter((b) => over(a.box, b.box)).map((b) => a.words + ' / ' + b.words));
  return [...out.map(({ words }) => words), ...pairs];
})()`;

/** Texts below the contrast of WCAG 2.2 AA (4.5) on any ground of the drawing that they lie on. */
const FAINT = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (text) => rgb(text).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const grounds = [...document.querySelectorAll('rect, path')].filter((one) => !one.closest('marker') && getComputedStyle(one).fill !== 'none');
  const holds = (a, b) => a.x <= b.x + 2 && a.y <= b.y + 2 && a.x + a.width >= b.x + b.width - 2 && a.y + a.height >= b.y + b.height - 2;
  return [...document.querySelectorAll('text')].flatMap((one) => {
    const below = grounds.filter((ground) => holds(ground.getBBox(), one.getBBox())).at(-1);
    const [a, b] = [light(getComputedStyle(one).fill), light(getComputedStyle(below).fill)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    return contrast < 4.5 ? [one.textContent + ' ' + contrast.toFixed(2)] : [];
  });
})()`;

describe.each(drawings)('%s', (path) => {
  test.each(['light', 'dark'] as const)(
    'can be read in %s: no text over another or out of the drawing, none faint',
    async (scheme) => {
      const page = await open(path, scheme);
      expect(await page.evaluate(CROWDED)).toEqual([]);
      expect(await page.evaluate(FAINT)).toEqual([]);
      await page.context().close();
    },
  );

  test('is well formed, and asks for nothing besides itself', async () => {
    const page = await (await browser.newContext()).newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const address = new URL(path, ROOT).href;
    await page.goto(address);
    expect(await page.evaluate('document.querySelectorAll("parsererror").length')).toBe(0);
    expect(asked).toEqual([address]);
    await page.context().close();
  });
});

test('a drawing that is not well formed, or crowded, would be seen', async () => {
  const page = await (await browser.newContext()).newPage();
  const show = async (svg: string): Promise<void> => {
    await page.goto(`data:image/svg+xml,${encodeURIComponent(svg)}`);
  };
  const of = (body: string): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><rect width="200" height="100" fill="#fff"/>${body}</svg>`;
  await show(of('<text x="20" y="50">one</text><text x="24" y="52">two</text>'));
  expect(await page.evaluate(CROWDED)).toEqual(['one / two']);
  await show(of('<text x="190" y="50" fill="#ccc">outside</text>'));
  expect(await page.evaluate(CROWDED)).toEqual(['outside']);
  await show(of('<text x="20" y="50" fill="#ccc">faint</text>'));
  expect(await page.evaluate(FAINT)).toEqual([expect.stringMatching(/^faint 1\./)]);
  await show(of('<text x="20" y="50">open'));
  expect(await page.evaluate('document.querySelectorAll("parsererror").length')).toBe(1);
});
