import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPersonsConnection } from '../../../src/kube/connection/person.ts';
import { createKubeconfigConnection, type KubeconfigOptions } from '../../../src/kube/connection/kubeconfig.ts';
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

/** A kubeconfig whose only context is made of these. */
function writeRaw(file: string, cluster: object, user: object, more: object = {}): string {
  const path = join(folder, file);
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://api.example.com:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
    ...more,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const open = (file: string, options: Partial<KubeconfigOptions> = {}): ReturnType<typeof createKubeconfigConnection> =>
  createKubeconfigConnection({ files: [file], clock: createFakeClock(), ...options });

describe('a kubeconfig as kubectl reads it', () => {
  test('may have files that say nothing, and entries that nobody uses', () => {
    writeFileSync(join(folder, 'empty'), '');
    const odd = { clusters: [{ name: 'odd', cluster: {} }], users: [{ user: {} }] };
    writeFileSync(join(folder, 'odd'), JSON.stringify(odd));
    const good = writeRaw('good', {}, { token: 't' });
    expect(connect([join(folder, 'empty'), join(folder, 'odd'), good]).server).toBe('https://api.example.com:6443');
  });

  test('has the first of a name within one file as well, and a context of one file with a cluster of another', () => {
    const cluster = (server: string): object => ({ name: 'c', cluster: { server } });
    const file = writeRaw('a', {}, {}, { clusters: [cluster('https://1'), cluster('https://2')], contexts: [] });
    const context = join(folder, 'b');
    writeFileSync(context, JSON.stringify({ contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }] }));
    expect(connect([file, context]).server).toBe('https://1');
  });

  test('reads a tokenFile beside the file that names it', async () => {
    writeFileSync(join(folder, 'token'), 'of-the-file\n');
    const file = writeRaw('a', {}, { tokenFile: 'token', token: 'not this' });
    expect(await open(file).authorization()).toBe('Bearer of-the-file');
  });

  test.each<[string, () => string, string]>([
    [
      'a file that is no YAML',
      () => (writeFileSync(join(folder, 'f'), 'a: [b'), 'f'),
      'the kubeconfig FILE cannot be read',
    ],
    [
      'a file that is a list',
      () => (writeFileSync(join(folder, 'f'), '- a'), 'f'),
      'the kubeconfig FILE cannot be read',
    ],
    ['a folder', () => (mkdirSync(join(folder, 'f')), 'f'), 'the kubeconfig FILE cannot be read'],
    [
      'no current context',
      () => (writeRaw('f', {}, {}, { 'current-context': '' }), 'f'),
      'no current context is set in FILE',
    ],
    [
      'a context that is not there',
      () => (writeRaw('f', {}, {}, { 'current-context': 'y' }), 'f'),
      'there is no context "y" in FILE; there are: x',
    ],
    [
      'a cluster that is not there',
      () => (writeRaw('f', {}, {}, { clusters: [] }), 'f'),
      'context "x" of FILE names no cluster',
    ],
    [
      'a user that is not there',
      () => (writeRaw('f', {}, {}, { users: [] }), 'f'),
      'context "x" of FILE names the user "u"',
    ],
    [
      'plain HTTP',
      () => (writeRaw('f', { server: 'http://a' }, {}), 'f'),
      'context "x" of FILE: the server http://a is no https',
    ],
    [
      'a proxy of SOCKS',
      () => (writeRaw('f', { 'proxy-url': 'socks5://p' }, {}), 'f'),
      'context "x" of FILE: proxy-url is a socks5: proxy',
    ],
  ])('of %s says which file', (_, make, words) => {
    const file = join(folder, make());
    expect(() => open(file)).toThrow(words.replace('FILE', file));
  });

  test.each([
    [
      'a certificate that is none',
      { 'client-certificate-data': 'bm9uZQ==', 'client-key-data': 'bm9uZQ==' },
      /certificate or a key/,
    ],
    ['a token in two lines', { token: 'first\nsecond' }, /token or the password/],
    ['a token with a letter that no header may have', { token: 'tołken' }, /token or the password/],
  ])('of %s says which file, and nothing of the secret', async (_, user, words) => {
    const path = write('a', 'one', 'one');
    const config = JSON.parse(readFileSync(path, 'utf8')) as { users: { user: object }[] };
    config.users[0]!.user = user;
    writeFileSync(path, JSON.stringify(config));
    const error: unknown = await connect([path])
      .authorization()
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'E_KUBE_CONFIG', message: expect.stringMatching(words) });
    expect(String(error)).toContain(path);
    expect(String(error)).not.toMatch(/bm9uZQ|second|tołken/);
  });

  test('of credentials that are not there says which file', async () => {
    const file = writeRaw('f', {}, { tokenFile: 'nope' });
    await expect(open(file).authorization()).rejects.toThrow(`${file}: no credentials`);
  });
});

describe('impersonation', () => {
  test('is what the kubeconfig says, and a flag goes before it', () => {
    const user = {
      as: 'jane',
      'as-groups': ['a', 'b'],
      'as-uid': '7',
      'as-user-extra': { 'example.com/x': ['1', '2'] },
    };
    const file = writeRaw('f', {}, user);
    const stored = {
      'Impersonate-User': 'jane',
      'Impersonate-Group': ['a', 'b'],
      'Impersonate-Uid': '7',
      'Impersonate-Extra-example.com%2Fx': ['1', '2'],
    };
    expect(open(file).headers).toEqual(stored);
    const flagged = open(file, { impersonate: { user: 'joe', groups: ['c'] } }).headers;
    expect(flagged).toEqual({ ...stored, 'Impersonate-User': 'joe', 'Impersonate-Group': ['c'] });
  });

  test('of nobody, or by a name that no header may have, is refused', () => {
    const file = writeRaw('f', {}, {});
    expect(open(file).headers).toEqual({});
    expect(() => open(file, { impersonate: { groups: ['a'] } })).toThrow('--as names one');
    for (const user of ['a\r\nb: c', 'a\0', 'a\t', 'a\u0085', 'a\ud800', ' a', 'a '])
      expect(() => open(file, { impersonate: { user } })).toThrow('no header may have');
    expect(() => open(file, { impersonate: { user: 'a', groups: ['b', 'c\n'] } })).toThrow('Impersonate-Group: "c\\n"');
  });

  test.each(['Jürgen', 'ÿ', '山田@example.com', 'Łukasz 🚑'])('by the name %s is by its bytes in UTF-8', (user) => {
    const file = writeRaw('f', {}, { as: user, 'as-user-extra': { k: [user] } });
    const { 'Impersonate-User': sent, 'Impersonate-Extra-k': extra } = open(file).headers ?? {};
    expect(Buffer.from(String(sent), 'latin1').toString('utf8')).toBe(user);
    expect(extra).toEqual([sent]);
  });
});

describe('the proxy', () => {
  const file = (cluster: object = {}): string => writeRaw('f', cluster, {});
  const through = (cluster: object, https: string | undefined, no?: string): string | undefined =>
    open(file(cluster), { proxyEnvironment: { https, no } }).proxy;

  test('is proxy-url whatever the environment says, then HTTPS_PROXY', () => {
    expect(through({ 'proxy-url': 'http://u:p@own:1' }, 'http://env:2', '*')).toBe('http://u:p@own:1');
    expect(through({}, 'http://env:2')).toBe('http://env:2');
    expect(through({}, 'env:2')).toBe('http://env:2');
    expect(through({}, undefined)).toBeUndefined();
  });

  test.each([
    ['api.example.com', true],
    ['example.com', true],
    ['.example.com', true],
    ['*.example.com', true],
    ['EXAMPLE.com', true],
    ['a, api.example.com:6443', true],
    ['*', true],
    ['api.example.com:443', false],
    ['ample.com', false],
    ['.api.example.com', false],
    ['10.0.0.0/8', false],
    ['', false],
  ])('is not taken to api.example.com:6443 with NO_PROXY %s: %s', (no, direct) => {
    expect(through({}, 'http://env:2', no) === undefined).toBe(direct);
  });

  test.each([
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3', '10.1.2.3:443', true],
    ['https://10.1.2.3', '10.1.2.3:6443', false],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/99', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', 'fd00::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://127.0.0.1:6443', '', true],
    ['https://localhost:6443', '', true],
  ])('is not taken to %s with NO_PROXY %s: %s', (server, no, direct) => {
    expect(through({ server }, 'http://env:2', no) === undefined).toBe(direct);
  });
});

describe('the connection of a person in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443', https_proxy: 'http://env:2' };
  const person = (more: Partial<Parameters<typeof createPersonsConnection>[0]> = {}): string =>
    createPersonsConnection({
      files: [join(folder, 'nope')],
      context: undefined,
      isNamed: false,
      impersonate: {},
      env,
      folder,
      clock: createFakeClock(),
      ...more,
    }).server;

  test("is the pod's where no kubeconfig is there, and none was asked for", () => {
    expect(person()).toBe('https://10.96.0.1:443');
    expect(person({ files: [writeRaw('f', {}, {})] })).toBe('https://api.example.com:6443');
    expect(() => person({ isNamed: true })).toThrow('no kubeconfig is there');
    expect(() => person({ context: 'x' })).toThrow('no kubeconfig is there');
    expect(() => person({ env: {} })).toThrow('no kubeconfig is there');
  });
});
