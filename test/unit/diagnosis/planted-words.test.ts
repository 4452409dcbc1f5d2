/** Names, images, commands and events are what users say: no cause is told by them. */
import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { ownWords } from '../../../src/core/diagnosis/clues/own-words.ts';
import { logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const HEAD = 'E1124 10:09:33.815416      95';
const PLEG = 'PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s';

/** Each is a sign of some cause. */
const PLANTED = [
  'task runc:1 blocked for more than 120 seconds',
  'Cannot connect to the Docker daemon',
  'inotify_init x too many open files',
  'nfs: server 10.0.0.1 not responding',
  'clock_step',
  'I/O error, dev sda',
  'Out of memory: Killed process',
  'fatal error: concurrent map writes',
  'failed to reserve sandbox name',
  'container runtime is down',
  'failed to setup network for sandbox: context deadline exceeded',
  'docker ps hangs',
  'ListContainers from runtime service failed: timed out',
  PLEG,
  'a\\b too many open files',
  'a"b too many open files',
  `${'x'.repeat(2_000)} too many open files`,
];

const quoted = (text: string): string => JSON.stringify(text);
const json = (fields: object): string => JSON.stringify({ ts: 1, caller: 'kubelet/a.go:1', ...fields });
const missing = (text: string): string => `rpc error: code = Unknown desc = exec: ${quoted(text)}: not found`;

const PLACES: readonly [string, (planted: string) => string][] = [
  ['a pod', (p) => `${HEAD} pod_workers.go:1301] "Error syncing pod" err="x" pod=${quoted(p)}`],
  ['an image', (p) => `${HEAD} kuberuntime_image.go:55] "Failed to pull image" err="x" image=${quoted(p)}`],
  ['a path', (p) => `${HEAD} kubelet.go:1511] "Failed to read log" path=${quoted(p)} err="x"`],
  [
    'a command',
    (p) => `${HEAD} log.go:32] "StartContainer from runtime service failed" err=${quoted(missing(p))} x="a"`,
  ],
  [
    'a command within two errors',
    (p) =>
      `${HEAD} pod_workers.go:1] "Error syncing pod" err=${quoted(`failed to "StartContainer" for "c" with RunContainerError: ${quoted(missing(p))}`)}`,
  ],
  ['an event', (p) => `${HEAD} event.go:389] "Event occurred" object="d/p" reason="Failed" message=${quoted(p)}`],
  [
    'an event of before',
    (p) =>
      `${HEAD} event.go:258] Event(v1.ObjectReference{Kind:"Pod", Name:"p"}): type: 'Warning' reason: 'Failed' ${p}`,
  ],
  ['a command in JSON', (p) => json({ msg: 'Failed', err: missing(p) })],
  ['a pod in JSON', (p) => json({ msg: 'Failed', image: p })],
  ['an event in JSON', (p) => json({ msg: 'Event occurred', message: p })],
  [
    'containerd',
    (p) => `time="2026-11-24T13:24:44Z" level=error msg="StartContainer failed" error=${quoted(missing(p))}`,
  ],
  [
    'a line that was cut',
    (p) => `${HEAD} log.go:32] "StartContainer failed" err="exec: ${quoted(quoted(p)).slice(1, -3)}`,
  ],
];

function verdictOf(line: string): { readonly cause: string | undefined; readonly clues: number } {
  const log = { name: 'kubelet.log', text: `${line}\n`.repeat(5) };
  const nothing = { dumps: [], host: undefined, kubeletVersion: undefined, runtimeVersion: undefined } as const;
  const { class: found } = diagnose({ ...nothing, logs: [log], probe: 'Answered' });
  return { cause: found, clues: logCluesOf(log).length };
}

describe('what users choose is no sign', () => {
  test.each(PLACES)('in %s', (_place, put) => {
    for (const planted of PLANTED) {
      expect([planted, verdictOf(put(planted))]).toEqual([planted, { cause: 'Unknown', clues: 0 }]);
    }
  });

  test('while the same words of the kubelet are', () => {
    expect(verdictOf(`${HEAD} kubelet.go:1] "Failed to watch" err="inotify_init: too many open files"`).clues).toBe(1);
    const error = 'failed to "KillContainer" for "c" with KillContainerError: "rpc error: code = DeadlineExceeded"';
    expect(ownWords(`${HEAD} a.go:1] "Error" err=${quoted(error)}`)).toContain('DeadlineExceeded');
    const wrapped = JSON.stringify({ log: `${HEAD} a.go:1] "x" err="too many open files"`, stream: 'stderr' });
    expect(verdictOf(wrapped).clues).toBe(1);
  });
});

test('a line keeps its length, whatever stands in it, and takes linear time', () => {
  const hostile = ['\\"', '\\\\"', '"', ' pod="', ' pod="\\', '"pod":"', '] Event(', '{"caller":', '\\'];
  for (const text of [...PLACES.flatMap(([, put]) => PLANTED.map(put)), ...hostile.map((one) => one.repeat(999))]) {
    expect(ownWords(text)).toHaveLength(text.length);
  }
  expect(cpuMs(() => hostile.map((one) => ownWords(`"${one.repeat(200_000)}`)))).toBeLessThan(2_000);
});
