import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { hostTimeZone, offsetOf } from '../../../src/host/log/time-zone.ts';

const WINTER = Date.UTC(2026, 0, 15);
const SUMMER = Date.UTC(2026, 6, 15);

test.each([
  ['Europe/Berlin', 60, 120],
  ['America/St_Johns', -210, -150],
  ['Asia/Kolkata', 330, 330],
  ['Etc/UTC', 0, 0],
  ['No/Such_Zone', 0, 0],
])('%s is ahead of UTC by %d minutes in winter and %d in summer', (zone, winter, summer) => {
  expect(offsetOf(zone)(WINTER)).toBe(winter);
  expect(offsetOf(zone)(SUMMER)).toBe(summer);
});

test('the host says its zone by the link of /etc/localtime, or /etc/timezone, or not at all', async () => {
  const root = await mkdtemp(join(tmpdir(), 'medic-zone-'));
  await mkdir(join(root, 'etc'));
  expect((await hostTimeZone(root))(SUMMER)).toBe(0);
  await writeFile(join(root, 'etc/timezone'), 'Asia/Tokyo\n');
  expect((await hostTimeZone(root))(SUMMER)).toBe(540);
  await symlink('/usr/share/zoneinfo/Europe/Berlin', join(root, 'etc/localtime'));
  expect((await hostTimeZone(root))(SUMMER)).toBe(120);
  await rm(root, { recursive: true });
});
