/** Files of several nodes: each is judged by its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOffline } from './cli-harness.ts';

function fixture(name: string): string {
  const bytes = readFileSync(new URL(`../../fixtures/kubelet/${name}.gz`, import.meta.url));
  return gunzipSync(bytes).toString('utf8');
}

const WELL = fixture('1.34.4-idle/goroutines-1.txt');
const WELL_AGAIN = fixture('1.34.4-idle/goroutines-2.txt');
const ALSO_WELL = fixture('1.34.4-idle-again/goroutines.txt');
const HUNG = fixture('1.36.3-connection-frozen-215s/goroutines-1.txt');
const ALSO_HUNG = fixture('1.34.4-connection-frozen-215s/goroutines-1.txt');
const HUNG_STILL = fixture('1.36.3-connection-frozen-215s/goroutines-2.txt');

interface Verdict {
  readonly class: string;
  readonly cause: string;
  readonly confidence: string;
  readonly relist?: string;
}

interface Printed {
  readonly verdict: Verdict;
  readonly nodes?: readonly { readonly node?: string; readonly files: readonly string[]; readonly verdict: Verdict }[];
}

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'medic-nodes-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(root, 'd-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

async function judged(files: Readonly<Record<string, string>>): Promise<Printed> {
  const { out } = await runOffline(['diagnose', folderOf(files), '-o', 'json']);
  return JSON.parse(out) as Printed;
}

function summary({ nodes = [] }: Printed): readonly string[] {
  return nodes.map(({ node = '?', verdict }) => `${node} ${verdict.class}`);
}

describe('a folder of two nodes', () => {
  test.each([
    ['folders', 'node-a/goroutines.txt', 'node-b/goroutines.txt'],
    ['names', 'goroutines-node-a.txt', 'goroutines-node-b.txt'],
  ])('by %s: the well one stays well, and the stuck one stuck', async (_, a, b) => {
    const printed = await judged({ [a]: WELL, [b]: HUNG });
    expect(summary(printed)).toEqual(['node-a Healthy', 'node-b RuntimeHung']);
    expect(printed.verdict.class).toBe('RuntimeHung');
  });

  test('the order of their names does not matter', async () => {
    const printed = await judged({ 'node-a/goroutines.txt': HUNG, 'node-b/goroutines.txt': WELL });
    expect(summary(printed)).toEqual(['node-a RuntimeHung', 'node-b Healthy']);
    expect(printed.verdict.class).toBe('RuntimeHung');
  });

  test('a well fleet is well', async () => {
    const printed = await judged({ 'node-a/goroutines.txt': WELL, 'node-b/goroutines.txt': ALSO_WELL });
    expect(summary(printed)).toEqual(['node-a Healthy', 'node-b Healthy']);
  });

  test('that nothing names is told apart by the goroutines', async () => {
    const printed = await judged({ 'x.txt': HUNG, 'y.txt': WELL });
    expect(summary(printed)).toEqual(['? RuntimeHung', '? Healthy']);
    expect(printed.nodes?.map(({ files }) => files)).toEqual([['x.txt'], ['y.txt']]);
  });

  test('in one file are two as well', async () => {
    expect(summary(await judged({ 'x.txt': `${HUNG}\n\n${WELL}` }))).toEqual(['? RuntimeHung', '? Healthy']);
  });

  test('two looks at each are compared with one another', async () => {
    const printed = await judged({
      'node-a/1.txt': HUNG,
      'node-b/1.txt': WELL,
      'node-a/2.txt': HUNG_STILL,
      'node-b/2.txt': WELL_AGAIN,
    });
    expect(printed.nodes?.map(({ verdict }) => verdict.relist)).toEqual(['Stuck', 'Moving']);
  });

  test('lines of several hosts in one log are those of each', async () => {
    const fault =
      'E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"';
    const works = Array.from(
      { length: 12 },
      (_, at) =>
        `Nov 24 10:${String(at + 10)}:00 hippo kubelet[9]: I1124 10:${String(at + 10)}:00.000001       9 kubelet.go:2500] "SyncLoop (PLEG): event for pod" pod="default/a"`,
    );
    const log = `Nov 24 10:09:30 giraffe kubelet[95]: ${fault}\n${works.join('\n')}\n`;
    const printed = await judged({ 'all.log': log });
    expect(summary(printed)).toEqual(['giraffe Configuration', 'hippo Healthy']);
  });

  test('lines of a journal as JSON are told apart by the machine', async () => {
    const record = (host: string, machine: string, words: string): string =>
      JSON.stringify({
        __REALTIME_TIMESTAMP: '1795946970514715',
        _HOSTNAME: host,
        _MACHINE_ID: machine,
        SYSLOG_IDENTIFIER: 'kernel',
        MESSAGE: words,
      });
    const printed = await judged({
      'journal.json': [
        record('localhost', 'aa', 'Linux version 6.1'),
        record('hippo', 'aa', 'Out of memory: Killed process 77 (java)'),
        record('giraffe', 'bb', 'INFO: task kubelet:77 blocked for more than 120 seconds.'),
      ].join('\n'),
    });
    expect(printed.nodes?.map(({ node }) => node)).toEqual(['hippo', 'giraffe']);
  });

  test('a person is told of each', async () => {
    const { out } = await runOffline([
      'diagnose',
      folderOf({ 'node-a/goroutines.txt': WELL, 'node-b/goroutines.txt': HUNG }),
    ]);
    expect(out).toMatch(/2 nodes or processes[^]*node-b \(node-b\/goroutines.txt\)[^]*node-a \([^)]*\): Healthy/);
  });
});

describe('a folder of one node', () => {
  test('is one, and two looks are compared', async () => {
    const printed = await judged({ '1.txt': HUNG, '2.txt': HUNG_STILL });
    expect(printed.nodes).toBeUndefined();
    expect(printed.verdict.relist).toBe('Stuck');
  });

  test('is one where its rounds are called like nodes', async () => {
    const printed = await judged({ 'goroutines-node-1-1.txt': HUNG, 'goroutines-node-1-2.txt': HUNG_STILL });
    expect(printed.nodes).toBeUndefined();
    expect(printed.verdict.relist).toBe('Stuck');
  });

  test('that is a bundle is judged by the kubelet that runs, whatever came before it', async () => {
    const manifest = JSON.stringify({ node: 'node-a', probe: 'Answered' });
    const printed = await judged({ 'manifest.json': manifest, 'goroutines-1.txt': HUNG, 'goroutines-2.txt': WELL });
    expect(printed.nodes).toBeUndefined();
    expect(printed.verdict).toMatchObject({ class: 'Healthy' });
  });

  test('bundles of two nodes have each their own facts', async () => {
    const manifest = (node: string, probe: string): string => JSON.stringify({ node, probe });
    const printed = await judged({
      'first/manifest.json': manifest('node-a', 'Timeout'),
      'first/goroutines-1.txt': HUNG,
      'second/manifest.json': manifest('node-b', 'Answered'),
      'second/goroutines-1.txt': ALSO_HUNG,
    });
    expect(printed.nodes?.map(({ node, verdict }) => [node, verdict.cause])).toEqual([
      ['node-a', 'runtime-hung'],
      ['node-b', 'kubelet-cri-connection-dead'],
    ]);
  });
});
