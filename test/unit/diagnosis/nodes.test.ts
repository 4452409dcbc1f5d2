/** Which node a file, a line or a dump is of; and that nothing is told apart that is of one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byNode, type Source } from '../../../src/core/diagnosis/nodes/by-node.ts';
import { hostOfLine, textsByHost } from '../../../src/core/diagnosis/nodes/hosts-of-text.ts';
import { kubeletRuns } from '../../../src/core/diagnosis/nodes/kubelet-runs.ts';
import { nodesOfPaths } from '../../../src/core/diagnosis/nodes/node-of-path.ts';

function groupsOf(names: readonly string[], hosts: Readonly<Record<string, string>> = {}): readonly string[][] {
  const sources: Source[] = names.map((name) => ({ name, host: hosts[name] }));
  return byNode(sources).map((group) => group.sources.map(({ name }) => name));
}

describe('by names of files and folders', () => {
  test.each([
    ['folders', 'node-a/kubelet.log', 'node-b/goroutines.txt'],
    ['names', 'node-a-kubelet.log', 'node-b-goroutines-1.txt.gz'],
    ['names behind the role', 'kubelet-worker1.log', 'goroutines_worker2.txt'],
    [
      'a must-gather',
      'must-gather.local.77/quay-io-x/nodes/hippo/hippo_logs_kubelet.gz',
      'must-gather.local.77/quay-io-x/nodes/giraffe/giraffe_logs_kubelet.gz',
    ],
    [
      'sos reports',
      'sosreport-ber1-2026-11-28-abcdefg/sos_commands/logs/journalctl_--no-pager',
      'sosreport-ber2-0123456-2026-11-28-hijklmn/var/log/messages',
    ],
    ['archives', 'ip-10-0-1-7.tar.gz/var/log/kubelet.log', 'ip-10-0-1-8.tar.gz/var/log/kubelet.log'],
    ['kind', 'logs/kind-control-plane/kubelet.log', 'logs/kind-worker2/kubelet.log'],
    ['addresses', '10.0.0.7/goroutines.txt', '10.0.0.8/goroutines.txt'],
    [
      'names that nobody knows, side by side',
      'fetched/hippo/var/log/kubelet.log',
      'fetched/giraffe/var/log/kubelet.log',
    ],
    ['the same in the names of files', 'hippo-kubelet.log', 'giraffe-kubelet.log'],
    ['roles', 'master/kubelet.log', 'worker/kubelet.log'],
    ['a common folder', 'node-7-incident/gke-pool-1-abcd/kubelet.log', 'node-7-incident/gke-pool-1-efgh/kubelet.log'],
  ])('%s are of two', (_, a, b) => {
    expect(groupsOf([a, b])).toEqual([[a], [b]]);
  });

  test.each([
    ['numbers', 'goroutines-1.txt', 'goroutines-2.txt'],
    ['letters', 'a.txt', 'b.txt'],
    ['rounds', 'round-1/goroutines.txt', 'round-2/goroutines.txt'],
    ['times', '2026-11-28T12:00:00Z/goroutines.txt', '2026-11-28T12:00:10Z/goroutines.txt'],
    ['before and after', 'before/kubelet.log', 'after/kubelet.log'],
    ['dates in names', 'kubelet-20261128.log.gz', 'kubelet-20261129.log'],
    ['rotations', 'var/log/kubelet.log.1', 'var/log/kubelet.log'],
    ['programs', 'kubelet-goroutines.txt', 'containerd-goroutines.txt'],
    ['rounds of one node', 'node-a/goroutines-1.txt', 'node-a/goroutines-2.txt'],
    ['what the agent saves', 'goroutines-1.txt.gz', 'runtime-goroutines-1.txt.gz'],
    ['its shims', 'goroutines-shim-0123456789ab-1.txt', 'goroutines-shim-ba9876543210-1.txt'],
    ['programs of a node', 'node-problem-detector.log', 'kubelet.log'],
    ['pods', 'pods/kube-system_calico-node-x1/0.log', 'pods/kube-system_calico-node-x2/0.log'],
    [
      'sos',
      'sosreport-x-2026-11-28-abc/logs/journalctl_--no-pager',
      'sosreport-x-2026-11-28-abc/logs/journalctl_--boot',
    ],
    ['levels', 'kubelet.INFO', 'kubelet.ERROR'],
  ])('%s are of one', (_, a, b) => {
    expect(groupsOf([a, b])).toEqual([[a, b]]);
  });

  test('what is of none goes to the only one, and to none of two', () => {
    expect(groupsOf(['dump.txt', 'node-a/kubelet.log'])).toHaveLength(1);
    expect(groupsOf(['dump.txt', 'node-a/kubelet.log', 'node-b/kubelet.log'])).toEqual([
      ['node-a/kubelet.log'],
      ['node-b/kubelet.log'],
      ['dump.txt'],
    ]);
  });

  test('the host that a log names is that of its folder, and of the rest of it', () => {
    const names = ['hippo/kubelet.log', 'hippo/goroutines.txt', 'giraffe/goroutines.txt'];
    expect(groupsOf(names, { 'hippo/kubelet.log': 'ip-10-0-0-1' })).toEqual([names.slice(0, 2), names.slice(2)]);
  });

  test('a short name and a full one are of one host', () => {
    expect(groupsOf(['a.log', 'b.log'], { 'a.log': 'node-1', 'b.log': 'node-1.example.com' })).toHaveLength(1);
    expect(groupsOf(['a.log', 'b.log'], { 'a.log': 'node-1', 'b.log': 'node-2' })).toHaveLength(2);
  });

  const word = fc.stringMatching(/^[a-z]{4,8}\d{0,2}$/);
  test('whatever nodes are called, files of one folder each stay together', () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 2, maxLength: 6 }), (nodes) => {
        const names = nodes.flatMap((node) => [`all/nodes/${node}/kubelet.log`, `all/nodes/${node}/dump.txt`]);
        const keys = nodesOfPaths(names);
        expect(new Set(keys).size).toBe(nodes.length);
        for (let at = 0; at < names.length; at += 2) expect(keys[at]).toBe(keys[at + 1]);
      }),
    );
  });

  test('no name is too odd', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 12 }), (names) => {
        expect(nodesOfPaths(names)).toHaveLength(names.length);
      }),
    );
  });
});

const LINES: readonly (readonly [form: string, line: (host: string) => string])[] = [
  ['short', (host) => `Nov 28 12:00:00 ${host} kubelet[95]: E1128 12:00:00.1 x`],
  ['short-precise', (host) => `Nov  8 12:00:00.123456 ${host} kernel: INFO: task x blocked`],
  ['short-iso', (host) => `2026-11-28T12:00:00+0000 ${host} containerd[8]: x`],
  ['short-full', (host) => `Sat 2026-11-28 12:00:00 UTC ${host} kubelet[95]: x`],
  ['RFC 3164 with a priority', (host) => `<30>Nov 28 12:00:00 ${host} dockerd[9]: x`],
  ['JSON', (host) => `{"time":"2026","hostname":"${host}","message":"x"}`],
  [
    'klog of a kubelet',
    (host) => `I1128 12:00:00.123456      95 kubelet_node_status.go:75] "Attempting to register node" node="${host}"`,
  ],
];

describe('by what is written before a line', () => {
  test.each(LINES)('%s', (_, line) => {
    expect(hostOfLine(line('node-1.example.com'))).toBe('node-1.example.com');
  });

  test.each([
    'Nov 28 12:00:00 localhost kernel: Linux version',
    '2026-11-28T12:00:00.123456789Z stderr F kubelet: x',
    '2026-11-28T12:00:00Z INFO main[1]: x',
    'E1128 12:00:00.123456      95 pod_workers.go:1] "Error" pod="a" err="Nov 28 12:00:00 node-2 kubelet[1]: x"',
    '{"ts":1,"caller":"x","host":"10.0.0.1"}',
    '{"msg":"\\"hostname\\":\\"planted\\""}',
  ])('none: %s', (line) => {
    expect(hostOfLine(line)).toBeUndefined();
  });

  test('each line of a text goes to its host, and keeps its number', () => {
    const host = fc.constantFrom('node-1', 'node-2.example.com', 'ip-10-0-0-3');
    const line = fc.tuple(host, fc.nat({ max: LINES.length - 1 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (all) => {
        const lines = all.flatMap(([one, form, goesOn]) => [LINES[form]![1](one), ...(goesOn ? [`\tof ${one}`] : [])]);
        const texts = [...textsByHost(lines.join('\n'))];
        const found = texts.flatMap(({ host: one, text }) =>
          text.split('\n').flatMap((words, at) => (words === '' ? [] : [{ at, words, one }])),
        );
        expect(found).toHaveLength(lines.length);
        for (const { at, words, one } of found) {
          expect(words).toBe(lines[at]);
          expect(words).toContain(one);
        }
      }),
    );
  });
});

describe('by what two kubelets cannot do', () => {
  const log = (pid: number, from: number, to: number): string =>
    Array.from({ length: to - from }, (_, at) => {
      const minute = String(from + at).padStart(2, '0');
      return `I1128 12:${minute}:00.123456     ${String(pid)} kubelet.go:2500] "SyncLoop ADD"\n`;
    }).join('');
  const source = (name: string, text: string): Source => ({ name, host: undefined, runs: kubeletRuns(text) });

  test('two that write at once are of two nodes', () => {
    expect(byNode([source('a', log(95, 0, 30)), source('b', log(4711, 10, 40))])).toHaveLength(2);
  });

  test('one that follows the other, and a copy of it, are of one', () => {
    const whole = log(95, 0, 20) + log(4711, 20, 40);
    expect(byNode([source('a', whole), source('b', log(95, 5, 20)), source('c', log(4711, 20, 50))])).toHaveLength(1);
  });
});
