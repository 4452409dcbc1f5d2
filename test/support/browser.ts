/** Debian's Chromium, without a window. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';

const PACKAGES = fileURLToPath(new URL('../lab/packages.sh', import.meta.url));

/**
 * Debian's package is installed where it is missing, as the lab does with its own.
 * @throws with the name of the package where that cannot be done.
 */
export async function startBrowser(): Promise<Browser> {
  const { status, stderr } = spawnSync('bash', [PACKAGES, 'chromium'], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`Debian's package chromium is needed for the tests in a browser: ${stderr}`);
  // Root has no sandbox there, and the files that it opens are made by the test.
  return await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}
