/** What keeps a kubelet whose relist idles, or any other program, from being called what it is not. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { classify } from '../../../src/cli/diagnose/content/classify.ts';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import type { NamedText } from '../../../src/core/diagnosis/diagnosis-input.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const FOLDER = new URL('../../fixtures/kubelet/1.34.4-idle/', import.meta.url);
const IDLE: NamedText = (() => {
  const name = readdirSync(FOLDER).find((one) => /debug2|goroutine/.test(one)) ?? '';
  const bytes = readFileSync(new URL(name, FOLDER));
  return { name: 'goroutines.txt', text: (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') };
})();

function verdictOf(dumps: readonly NamedText[], log = ''): Diagnosis {
  const logs = log === '' ? [] : [{ name: 'kubelet.log', text: log }];
  return diagnose({
    dumps,
    logs,
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  });
}

/** So many times, a minute apart, to the end of the log. */
function said(words: string, times = 15): string {
  return Array.from({ length: times }, (_, at) => `E1124 10:${String(at + 10)}:31.514715     95 ${words}\n`).join('');
}

function waiting(state: string, ...calls: readonly string[]): string {
  return [
    `goroutine 900500 [${state}]:`,
    ...calls.flatMap((call, at) => [`${call}(0xc000)`, `\t/go/src/x/x${String(at)}.go:${String(at + 10)} +0x1f`]),
    '',
    '',
  ].join('\n');
}

const LOCKED = (id: number, minutes: number): string =>
  `goroutine ${String(id)} [sync.Mutex.Lock, ${String(minutes)} minutes]:
internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
	runtime/sema.go:95 +0x25
internal/sync.(*Mutex).lockSlow(0xc000000000)
	internal/sync/mutex.go:149 +0x15d
k8s.io/kubernetes/pkg/kubelet.(*podWorkers).podWorkerLoop(0xc0001)
	k8s.io/kubernetes/pkg/kubelet/pod_workers.go:1213 +0x1

`;

describe('a kubelet whose relist idles', () => {
  test('is well where nothing else is said', () => {
    expect(verdictOf([IDLE])).toMatchObject({ class: 'Healthy', confidence: 'High' });
  });

  test.each([
    [
      'cannot reach the API server',
      'controller.go:195] "Failed to ensure lease exists, will retry" err="Get \\"https://a:6443/apis\\": dial tcp 10.0.0.1:6443: connect: no route to host" interval="7s"',
    ],
    [
      'is reset by it',
      'controller.go:195] "Failed to update lease" err="Put \\"https://a:6443/apis\\": read tcp 10.0.0.2:40000->10.0.0.1:6443: read: connection reset by peer"',
    ],
    [
      'has no network plugin',
      'kubelet.go:3117] "Container runtime network not ready" networkReady="NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"',
    ],
  ])('is not well where it %s to the end', (_, words) => {
    expect(verdictOf([IDLE], said(words)).class).not.toBe('Healthy');
  });

  test('is not well where others of its goroutines have waited for a lock for hours', () => {
    const text = IDLE.text + Array.from({ length: 9 }, (_, at) => LOCKED(900_000 + at, 312)).join('');
    const { class: found, confidence } = verdictOf([{ ...IDLE, text }]);
    expect([found, confidence]).toEqual(['KubeletDeadlock', 'Medium']);
  });

  const NODE_STATUS = 'k8s.io/kubernetes/pkg/kubelet.(*Kubelet).tryUpdateNodeStatus';
  const RUN = 'k8s.io/kubernetes/pkg/kubelet.(*Kubelet).syncLoopIteration.worker';
  test.each([
    ['a request of its node status', 'select, 95 minutes', ['net/http.(*persistConn).roundTrip', NODE_STATUS]],
    ['the answer to it', 'IO wait, 95 minutes', ['internal/poll.runtime_pollWait', 'io.ReadAll', NODE_STATUS]],
    [
      'a request of its lease over HTTP/2',
      'select, 17 minutes',
      [
        'golang.org/x/net/http2.(*ClientConn).roundTrip',
        'k8s.io/client-go/rest.(*Request).Do',
        'k8s.io/component-helpers/apimachinery/lease.(*controller).retryUpdateLease',
      ],
    ],
    [
      'a request of anything else',
      'select, 31 minutes',
      ['net/http.(*Client).do', 'k8s.io/kubernetes/pkg/credentialprovider/gcp.(*metadataProvider).Enabled'],
    ],
    ['a driver of CSI', 'select, 40 minutes', ['google.golang.org/grpc.(*ClientConn).Invoke', 'x/csi.NodeStageVolume']],
  ])('is not well where it has waited for long for %s', (_, state, calls) => {
    const { class: found, evidence } = verdictOf([{ ...IDLE, text: IDLE.text + waiting(state, ...calls, RUN) }]);
    expect(found).not.toBe('Healthy');
    expect(evidence.join()).toContain('minutes');
  });

  test.each([
    ['a request that is new', 'select', ['net/http.(*persistConn).roundTrip', NODE_STATUS]],
    [
      'an image',
      'select, 25 minutes',
      [
        'google.golang.org/grpc.(*ClientConn).Invoke',
        'k8s.io/cri-api/pkg/apis/runtime/v1.(*imageServiceClient).PullImage',
      ],
    ],
    [
      'what a watch brings',
      'select, 90 minutes',
      ['net/http.(*http2clientStream).Read', 'k8s.io/client-go/tools/cache.(*Reflector).watchHandler'],
    ],
  ])('is well where it waits for %s', (_, state, calls) => {
    expect(verdictOf([{ ...IDLE, text: IDLE.text + waiting(state, ...calls, RUN) }]).class).toBe('Healthy');
  });

  test('is well where one waits for a lock for a moment', () => {
    const text = IDLE.text + LOCKED(900_000, 0).replace(', 0 minutes', '');
    expect(verdictOf([{ ...IDLE, text }]).class).toBe('Healthy');
  });
});

describe('a program that is none of the node', () => {
  const app = (frames: string): NamedText => ({
    name: 'app.txt',
    text: Array.from(
      { length: 120 },
      (_, at) =>
        `goroutine ${String(at + 1)} [select, 12 minutes]:\n${frames}main.worker${String(at)}()\n\t/src/backupd/main.go:${String(at + 10)} +0x1\n\n`,
    ).join(''),
  });

  test('may wait for a unit of systemd for as long as it takes', () => {
    const frames =
      'github.com/coreos/go-systemd/v22/dbus.(*Conn).startJob(0xc0)\n\t/src/go-systemd/dbus/methods.go:38 +0x1\n' +
      'github.com/coreos/go-systemd/v22/dbus.(*Conn).StartUnit(0xc0)\n\t/src/go-systemd/dbus/methods.go:80 +0x1\n';
    expect(verdictOf([app(frames)]).class).toBe('Unknown');
  });
});

describe('a runtime that did not answer', () => {
  const down = said(
    'log.go:32] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\\""',
    3,
  );

  test('is at fault where that goes on to the end', () => {
    expect(verdictOf([], down)).toMatchObject({ class: 'RuntimeHung' });
  });

  test('is not restarted for it where the sync loop takes up what relist finds since', () => {
    const well = Array.from(
      { length: 20 },
      (_, at) =>
        `I1124 10:${String(at + 15)}:02.514715     95 kubelet.go:2500] "SyncLoop (PLEG): event for pod" pod="default/a"\n`,
    ).join('');
    const { class: found, confidence } = verdictOf([], down + well);
    expect([found, confidence]).not.toEqual(['RuntimeHung', 'Medium']);
  });
});

test('a text of empty lines is told in time in proportion to it', () => {
  const log = 'Nov 24 10:00:00 node-1 kubelet[95]: a\n';
  expect(cpuMs(() => classify(log + '\n'.repeat(200_000)))).toBeLessThan(1_000);
  expect(cpuMs(() => classify(log + '   \r\n'.repeat(100_000)))).toBeLessThan(1_000);
});
