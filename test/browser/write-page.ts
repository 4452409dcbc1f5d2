/** Writes the pictures of `kubectl medic ui`: `node test/browser/write-page.ts`. */
import { fileURLToPath } from 'node:url';
import { createSystemClock } from '../../src/platform/clock.ts';
import { anIncident, T0 } from '../support/builders/objects.ts';
import { startBrowser } from '../support/browser.ts';
import { createLocalCluster } from '../support/local-cluster.ts';
import { aHeldIncident, HELD, nodeName, plantFleet, plantIncident, plantNode } from '../support/ui/fleet-seeds.ts';
import { servePage } from '../support/ui/served-page.ts';

const image = (name: string): string => fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url));

const local = createLocalCluster(createSystemClock());
plantFleet(local.seeds, 1_200);
plantIncident(local.seeds, aHeldIncident());
const ago = Date.now() - T0;
for (const [index, state] of [
  [2, 'Waiting: budget'],
  [431, 'Restarting runtime'],
] as const) {
  const node = nodeName(index);
  plantNode(local.seeds, { name: node, ready: 'False', since: ago - 200_000 });
  plantIncident(local.seeds, anIncident({ name: `${node}-4kq8z`, node, createdAt: ago - 190_000, status: { state } }));
}
for (const index of [77, 78, 300, 615, 616, 900])
  plantNode(local.seeds, { name: nodeName(index), ready: 'False', since: ago - 90_000 });
for (const index of [205, 512]) plantNode(local.seeds, { name: nodeName(index), agent: 'silent' });

const served = await servePage(local.cluster);
const browser = await startBrowser();
for (const colorScheme of ['light', 'dark'] as const) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_280, height: 860 }, reducedMotion: 'reduce' });
  await page.goto(served.url);
  await page.getByRole('gridcell').first().waitFor();
  await page.locator(`[data-name="${nodeName(1)}"]`).focus();
  await page.locator('#details h3').waitFor();
  await page.screenshot({ path: image(`ui-${colorScheme}`) });
  if (colorScheme === 'light') {
    await page.getByRole('button', { name: `Approve ${HELD}…` }).click();
    await page.getByRole('button', { name: /^Approve: / }).waitFor();
    await page.screenshot({ path: image('ui-approve') });
  }
  await page.close();
}
await browser.close();
await served.stop();
