import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInClusterConnection } from '../../../src/kube/connection/in-cluster.ts';
import { createFakeClock } from '../../support/clock.ts';

let folder: string;
const write = (name: string, text: string): void => {
  writeFileSync(join(folder, name), text);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-medic-account-'));
  write('token', 'first\n');
  write('ca.crt', 'CA 1');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  ['10.96.0.1', 'https://10.96.0.1:443'],
  ['fd00::1', 'https://[fd00::1]:443'],
])('the server at %s is %s', (host, server) => {
  expect(createInClusterConnection({ host, port: '443', folder, clock: createFakeClock() }).server).toBe(server);
});

test('the token is read anew after a minute, and at once when it was refused', async () => {
  const clock = createFakeClock();
  const connection = createInClusterConnection({ host: 'h', port: '1', folder, clock });
  expect(await connection.authorization()).toBe('Bearer first');
  write('token', 'second');
  expect(await connection.authorization()).toBe('Bearer first');
  await clock.advance(60_000);
  expect(await connection.authorization()).toBe('Bearer second');
  write('token', 'third');
  expect(await connection.authorization('Bearer second')).toBe('Bearer third');
});

test('TLS material is the same object until the CA file changes', async () => {
  const clock = createFakeClock();
  const connection = createInClusterConnection({ host: 'h', port: '1', folder, clock });
  const first = await connection.tls();
  await clock.advance(61_000);
  expect(await connection.tls()).toBe(first);
  write('ca.crt', 'CA 2');
  await clock.advance(61_000);
  expect(await connection.tls()).toEqual({ ca: 'CA 2' });
});

test('outside a pod, or without its files, it says what is missing', async () => {
  const clock = createFakeClock();
  expect(() => createInClusterConnection({ host: undefined, port: '443', clock })).toThrow('KUBERNETES_SERVICE_HOST');
  rmSync(join(folder, 'token'));
  const connection = createInClusterConnection({ host: 'h', port: '1', folder, clock });
  await expect(connection.authorization()).rejects.toMatchObject({ code: 'E_KUBE_CONFIG', class: 'transient' });
});
