import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeconfigConnection } from '../../../src/kube/connection/kubeconfig.ts';
import { createFakeClock } from '../../support/clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-medic-kubeconfig-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A kubeconfig with one context of this name, whose token and namespace are named after the file. */
function write(file: string, name: string, current: string | undefined): string {
  const path = join(folder, file);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `https://${file}.example.com` } }],
    users: [{ name, user: { token: `of-${file}` } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: file } }],
    ...(current === undefined ? {} : { 'current-context': current }),
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const connect = (files: readonly string[], context?: string): ReturnType<typeof createKubeconfigConnection> =>
  createKubeconfigConnection({ files, clock: createFakeClock(), ...(context === undefined ? {} : { context }) });

describe('several kubeconfig files, as in KUBECONFIG', () => {
  test('have the current context of the first that names one', () => {
    const files = [write('a', 'one', 'one'), write('b', 'two', 'two')];
    expect(connect(files).server).toBe('https://a.example.com');
    expect(connect([write('c', 'three', undefined), ...files]).server).toBe('https://a.example.com');
  });

  test('have each context of any of them', () => {
    const files = [write('a', 'one', 'one'), write('b', 'two', 'two')];
    expect(connect(files, 'two').server).toBe('https://b.example.com');
  });

  test('have what the first says where two give one name to different things', async () => {
    const connection = connect([write('a', 'same', undefined), write('b', 'same', 'same')]);
    expect([connection.server, connection.namespace]).toEqual(['https://a.example.com', 'a']);
    expect(await connection.authorization()).toBe('Bearer of-a');
  });

  test('may be missing, but not all of them', () => {
    const missing = join(folder, 'nope');
    expect(connect([missing, write('a', 'one', 'one')]).namespace).toBe('a');
    expect(() => connect([missing])).toThrow(`no kubeconfig is there: ${missing}`);
  });
});
