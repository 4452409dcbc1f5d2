/** Only the kubelet's own words count. What users can make it log is in every place and form here, and none of it counts. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseKubeletRecord } from '../../../src/core/detection/kubelet-record.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const TEXT = 'PLEG is not healthy: pleg was last seen active 3m5.320829963s ago; threshold is 3m0s';
const HEAD = 'E1124 10:09:33.815416      95';
const OWN = `${HEAD} kubelet.go:2646] "Skipping pod synchronization" err="${TEXT}"`;

const OWN_JSON = `{"ts":1745319662553.9,"caller":"kubelet/kubelet.go:2646","msg":"Skipping pod synchronization","err":"${TEXT}"}`;

describe("the kubelet's own words", () => {
  test.each([
    ['1.7 to 1.12', `I0902 22:01:59.607732    9010 kubelet.go:1752] skipping pod synchronization - [${TEXT}]`],
    ['1.11, of two', `${HEAD} kubelet.go:1752] skipping pod synchronization - [container runtime is down ${TEXT}]`],
    ['1.14, bare', `E1020 11:05:30.012345    9010 kubelet.go:1844] skipping pod synchronization - ${TEXT}`],
    ['1.16, of two', `${HEAD} kubelet.go:1846] skipping pod synchronization - [container runtime is down, ${TEXT}]`],
    ['structured', OWN],
    ['structured, of two', OWN.replace(TEXT, `[container runtime is down, ${TEXT}]`)],
    ['with the folder of the file', OWN.replace('kubelet.go', 'kubelet/kubelet.go')],
    ['of a logger with a name', OWN.replace('err=', 'logger="kubelet" err=')],
    ['of a logger with a name before it', OWN.replace('Skipping', 'kubelet: Skipping')],
    ['with a value before it in which the same key is', OWN.replace('err=', 'why="a \\" err=\\"b" err=')],
    [
      'JSON',
      `{"ts":1745319662553.9,"caller":"kubelet/kubelet.go:2646","msg":"Skipping pod synchronization","err":"${TEXT}"}`,
    ],
    ['with a bare value before it', OWN.replace('err=', 'v=1 err=')],
    ['JSON of a kubelet in a container', `2026-11-24T10:09:33.815416123Z stderr F ${OWN_JSON}`],
    [
      'JSON of a kubelet in a container of Docker',
      JSON.stringify({ log: `${OWN_JSON}\n`, stream: 'stderr', time: 'x' }),
    ],
    ['JSON in syslog', `Nov 24 10:09:33 node-1 kubelet[95]: ${OWN_JSON}`],
    ['syslog', `Nov 24 10:09:33 node-1 kubelet[95]: ${OWN}`],
    ['syslog of now', `2026-11-24T10:09:33.815416+00:00 node-1 k3s-agent[95]: ${OWN}`],
    ['a kubelet in a container', `2026-11-24T10:09:33.815416123Z stderr F ${OWN}`],
    ['a kubelet in a container of Docker', JSON.stringify({ log: `${OWN}\n`, stream: 'stderr', time: 'x' })],
    [
      'the condition that it reports, to 1.19',
      `I1 kubelet_node_status.go:682] Node became not ready: {Type:Ready Status:False Reason:KubeletNotReady Message:${TEXT}}`.replace(
        'I1',
        HEAD,
      ),
    ],
    [
      'the condition that it reports',
      `${HEAD} setters.go:600] "Node became not ready" node="n" condition={"type":"Ready","status":"False","message":"${TEXT}"}`,
    ],
  ])('are read: %s', (_form, line) => {
    expect(parseKubeletRecord(line)).toMatchObject({
      kind: 'breach',
      elapsedText: '3m5.320829963s',
      thresholdMs: 180_000,
    });
  });

  test.each([
    [`${HEAD} kubelet.go:2646] "Skipping pod synchronization" err="container runtime is down"`, 'runtime-down'],
    [
      `${HEAD} kubelet.go:2646] "Skipping pod synchronization" err="PLEG is not healthy: pleg has yet to be successful"`,
      'never-relisted',
    ],
    [
      `${HEAD} kubelet.go:2646] "Skipping pod synchronization" err="EventedPLEG is not healthy: EventedPLEG: pleg event channel capacity is full with 1000 events"`,
      'evented-full',
    ],
    [`${HEAD} generic.go:312] "GenericPLEG: Unable to retrieve pods" err="rpc error"`, 'relist-failed'],
    [`${HEAD} generic.go:193] GenericPLEG: Unable to retrieve pods: rpc error: code = Unknown`, 'relist-failed'],
    [`I${HEAD.slice(1)} server.go:545] "Kubelet version" kubeletVersion="v1.36.3"`, 'kubelet-start'],
    ['{"ts":1,"caller":"app/server.go:545","msg":"Kubelet version","kubeletVersion":"v1.36.3"}', 'kubelet-start'],
    [`${HEAD} kubelet.go:1820] Starting kubelet main sync loop.`, 'kubelet-start'],
    [`${HEAD} kubelet.go:2646] "SyncLoop (PLEG): event for pod" pod="default/p1"`, 'none'],
    ['', 'none'],
    ['{', 'none'],
    ['{"log":"{\\"log\\":\\"x\\"}","stream":"stderr"}', 'none'],
  ])('%s', (line, kind) => {
    expect(parseKubeletRecord(line).kind).toBe(kind);
  });
});

/** What a user can plant, and how far a breach line would be forged with it. */
const PLANTED = [
  TEXT,
  `[${TEXT}]`,
  `skipping pod synchronization - [${TEXT}]`,
  `"Skipping pod synchronization" err="${TEXT}"`,
  OWN,
  `x" err="${TEXT}`,
  `x\\" err=\\"${TEXT}`,
  `${HEAD} setters.go:600] "Node became not ready" condition={"message":"${TEXT}"}`,
  'container runtime is down',
  'Starting kubelet main sync loop.',
  '"Kubelet version" kubeletVersion="v1.36.3"',
  'GenericPLEG: Unable to retrieve pods',
  `{"caller":"kubelet/kubelet.go:2646","msg":"Skipping pod synchronization","err":"${TEXT}"}`,
];

/** As klog writes a value: strconv.Quote. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Where the kubelet logs what users say: command, name, image, label, event, volume, path of a log, environment. */
const PLACES: readonly [string, (planted: string) => string][] = [
  [
    'an error of the runtime',
    (p) =>
      `${HEAD} log.go:32] "StartContainer from runtime service failed" err=${quoted(`rpc error: exec: "${p}": not found`)} containerID="a"`,
  ],
  [
    'an error that is the text',
    (p) => `${HEAD} pod_workers.go:1301] "Error syncing pod, skipping" err=${quoted(p)} pod="default/p"`,
  ],
  ['a pod', (p) => `${HEAD} kubelet.go:2410] "SyncLoop ADD" source="api" pods=[${quoted(p)}]`],
  ['an image', (p) => `${HEAD} kuberuntime_image.go:55] "Failed to pull image" err="rpc error" image=${quoted(p)}`],
  [
    'an event',
    (p) => `${HEAD} event.go:389] "Event occurred" object="default/p" kind="Pod" reason="Failed" message=${quoted(p)}`,
  ],
  [
    'a volume',
    (p) =>
      `${HEAD} nestedpendingoperations.go:348] Operation for "{volumeName:${p} podName:x}" failed. No retries permitted`,
  ],
  ['a path', (p) => `${HEAD} kubelet.go:1511] "Failed to read log" path=${quoted(`/var/log/pods/${p}/0.log`)}`],
  [
    'a struct',
    (p) =>
      `${HEAD} kuberuntime_manager.go:1358] "Unhandled Error" err=<\n\tcontainer &Container{Name:c,Command:[${p}],Env:[]EnvVar{EnvVar{Name:A,Value:${p},}}} start failed\n >`,
  ],
  [
    'an old unquoted call',
    (p) =>
      `${HEAD} pod_workers.go:191] Error syncing pod 1 ("p"), skipping: failed to "StartContainer" for "c" with: "${p}"`,
  ],
  ['an old unquoted call of that text alone', (p) => `${HEAD} status_manager.go:1] Status for pod: ${p}`],
  [
    'JSON',
    (p) =>
      JSON.stringify({
        ts: 1,
        caller: 'kubelet/pod_workers.go:1301',
        msg: 'Error syncing pod, skipping',
        err: p,
        pod: { name: p },
      }),
  ],
  [
    'JSON of Docker',
    (p) => JSON.stringify({ log: `${HEAD} pod_workers.go:191] Error syncing pod: ${p}\n`, stream: 'stderr' }),
  ],
  [
    'the HTTP log',
    (p) => `${HEAD} request.go:1212] "Response Body" body=${quoted(JSON.stringify({ status: { message: p } }))}`,
  ],
  ['a line that goes on', (p) => `\t${p}`],
  ['a line that goes on with spaces', (p) => ` ${p}`],
  ['another program’s syslog', (p) => `Nov 24 10:09:33 node-1 app[95]: ${p}`],
];

describe('the words of others', () => {
  test.each(PLACES)('do not count: in %s', (_place, put) => {
    for (const planted of PLANTED) {
      for (const text of [planted, `a\n${planted}`, `${planted}\n`, `a"${planted}"`]) {
        // journald has a record a line.
        for (const line of put(text).split('\n').slice(0, 1))
          expect([line, parseKubeletRecord(line).kind]).toEqual([line, 'none']);
      }
    }
  });

  test('do not count on lines that klog goes on with after a newline', () => {
    for (const planted of PLANTED) {
      const lines = `${HEAD} x.go:1] "Unhandled Error" err=<\n\ta\n\t${planted}\n >`.split('\n');
      expect(lines.map((line) => parseKubeletRecord(line).kind)).toEqual(lines.map(() => 'none'));
    }
  });

  test.each([
    ['E1124 10:09:33.815416      95 rest/warnings.go:70] ', 'an error that is printed alone'],
    ['E1124 10:09:33.815416      95 nestedpendingoperations.go:348] ', 'an operation of a volume'],
    ['E1124 10:09:33.815416      95 my_kubelet.go:1] ', 'a file of another name'],
  ])('do not count where a call of another file begins with them: %s', (head) => {
    for (const message of [
      `skipping pod synchronization - [${TEXT}]`,
      `"Skipping pod synchronization" err="${TEXT}"`,
      `"Node became not ready" condition={"message":"${TEXT}"}`,
      'GenericPLEG: Unable to retrieve pods: x',
      'Starting kubelet main sync loop.',
    ]) {
      expect([message, parseKubeletRecord(head + message).kind]).toEqual([message, 'none']);
    }
    const json = { caller: head.split(' ').at(-2)?.replace(']', ''), msg: 'Skipping pod synchronization', err: TEXT };
    expect(parseKubeletRecord(JSON.stringify(json)).kind).toBe('none');
  });

  test('without a header are nobody’s', () => {
    for (const planted of PLANTED.filter(
      (text) => text !== OWN && !text.startsWith('E1124') && !text.startsWith('{'),
    )) {
      expect([planted, parseKubeletRecord(planted).kind]).toEqual([planted, 'none']);
    }
  });

  test('do not count beside any other message, whatever the key', () => {
    const messages = fc
      .string({ unit: 'binary', maxLength: 40 })
      .filter(
        (text) =>
          !/^([\w.-]{1,64}: )?(skipping pod|Node became|GenericPLEG|Kubelet version|Starting kubelet)/i.test(text),
      );
    fc.assert(
      fc.property(
        messages,
        fc.constantFrom(...PLANTED),
        fc.constantFrom('err', 'error', 'condition', 'msg'),
        (message, planted, key) => {
          const line = `${HEAD} x.go:1] ${quoted(message)} ${key}=${quoted(planted)}`.split('\n')[0] ?? '';
          expect(parseKubeletRecord(line).kind).toBe('none');
        },
      ),
    );
  });
});

test('JSON that is nested deeper than a stack is high makes it say nothing', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"message":', '}'],
  ] as const) {
    for (const key of ['err', 'error', 'condition', 'msg', 'log']) {
      const value = open.repeat(6_000) + '1' + close.repeat(6_000);
      for (const msg of ['Skipping pod synchronization', 'Node became not ready']) {
        const line = `{"caller":"kubelet/kubelet.go:1","msg":"${msg}","${key}":${value}}`;
        expect(parseKubeletRecord(line).kind).toBe('none');
        expect(parseKubeletRecord(line.replace('kubelet.go', 'setters.go')).kind).toBe('none');
      }
    }
  }
});

test('no text makes it throw, and one of megabytes takes no more than a look', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => ['breach', 'none'].includes(parseKubeletRecord(text).kind)),
  );
  const took = cpuMs(() => {
    for (const hostile of ['"'.repeat(4e6), '\\'.repeat(4e6), ' a="'.repeat(1e6), 'k'.repeat(4e6), '{'.repeat(4e6)]) {
      for (const head of [
        '',
        `${HEAD} kubelet.go:1] `,
        `${HEAD} kubelet.go:1] "Skipping pod synchronization"`,
        'Nov 24 10:09:33 n kubelet',
      ]) {
        parseKubeletRecord(head + hostile);
      }
    }
  });
  expect(took).toBeLessThan(1_000);
});
