/**
 * Words of a fault in names that users give, and calls that were answered: neither is a call that does not end. Each line is
 * put together at random.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFailingCall } from '../../../src/core/diagnosis/calls/failing-call.ts';
import { ownWords } from '../../../src/core/diagnosis/clues/own-words.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { plainText } from '../../../src/core/diagnosis/text/plain-text.ts';
import { cases } from '../../support/sizes.ts';

function classOf(line: string): string {
  return diagnose({
    dumps: [],
    logs: [{ name: 'x.log', text: plainText(line) }],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  }).class;
}

const word = fc.constantFrom(
  'timeout',
  'stuck',
  'hang',
  'hung',
  'deadline-exceeded',
  'timed-out',
  'timeout-5s',
  'Timeout',
);
/** As a name of Kubernetes, an image, a file, a unit. */
const name = fc
  .tuple(word, fc.constantFrom('', '-job-1', '-7d9f', '.sh', '_0', '-controller'))
  .map(([a, b]) => `${a}${b}`);
const other = fc.constantFrom('web-1', 'default', 'team', 'cni', 'node-1', 'runc');

/** Lines of a kubelet, a runtime and kubectl about something of that name. */
const NAMED: readonly ((name: string, other: string) => string)[] = [
  (n) =>
    `Error: failed to start container "app": Error response from daemon: OCI runtime create failed: runc create failed: unable to start container process: exec: "${n}": executable file not found in $PATH: unknown`,
  (n) =>
    `E1124 10:08:30.514715   1498 log.go:32] "StartContainer from runtime service failed" err="rpc error: code = Unknown desc = failed to create containerd task: failed to create shim task: OCI runtime create failed: exec: \\"${n}\\": executable file not found in $PATH" containerID="8f"`,
  (n, o) =>
    `  Warning  Failed  3m1s (x12 over 45m)  kubelet  Failed to create pod sandbox for pod ${o}/${n}: no CNI yet`,
  (n, o) => `E1124 10:08:30.514715   1498 pod_workers.go:951] "Error syncing pod, skipping" err="x" pod="${o}/${n}"`,
  (n) =>
    `E1124 10:08:30.514715   1498 pod_workers.go:190] Error syncing pod 8f ("${n}_default(8f)"), skipping: x of the container runtime`,
  (n, o) => `time="2026-11-24T10:08:30Z" level=error msg="StopContainer failed" container=${n} pod=${o} error=x`,
  (n, o) => `time="2026-11-24T10:08:30Z" level=info msg="RunPodSandbox" image="${o}/${n}:1"`,
  (n, o) => `Failed to inspect container of image ${o}/${n}:1`,
  (n, o) => `crictl inspect ${o}-${n}`,
  (n) => `Command: ${n} 30 docker ps`,
  (n) => `    Image:         team/${n}`,
  (n, o) => `    Args: [${n}, 30, umount, /mnt/${o}]`,
  (n) => `    command: ["${n}", "30", "docker", "inspect"]`,
  (n) => `unmounting /mnt/${n}/data of the container runtime`,
  (n) => `  Normal  Killing  1m  kubelet  Stopping container ${n}`,
  (n) => `  Normal  Started  1m  kubelet  Started container ${n} by containerd`,
  (n, o) => `docker stop ${o}/${n}`,
  (n) => `deployment.apps/${n} uses the csi driver`,
  (n) => `Nov 24 10:00:00 node-1 kubelet[95]: volume "${n}" is unmounted`,
];

describe('a name', () => {
  test('is no word of a call that does not end, whatever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMED), name, other, fc.constantFrom('', '> ', '    '), (put, n, o, before) => {
        const line = before + put(n, o);
        expect([line, readFailingCall(ownWords(line))]).toEqual([line, undefined]);
        expect(['Unknown', 'Healthy']).toContain(classOf(line));
      }),
      { numRuns: cases(800), seed: 21 },
    );
  });
});

const ANSWERS = [
  'not found',
  'no such file or directory',
  'permission denied',
  'already exists',
  'invalid argument',
  'connection refused',
  'unauthorized',
  'Unit x.scope was already loaded or has a fragment file',
  'rpc error: code = NotFound desc = gone',
];
/** Calls that took their time at some point, and of which the innermost error is last. */
const OUTER = [
  'RunContainerError: context deadline exceeded: failed to create shim task',
  'failed to create containerd task: timed out: OCI runtime create failed',
  'MountVolume.SetUp failed for volume: timed out before: mount failed',
  'RunPodSandbox from runtime service failed: timeout: failed to set up sandbox',
  'unable to start unit kubepods-x.scope',
  'Allocate failed due to device plugin',
  'container stuck: failed to stop container',
];
const EMITTERS: readonly ((what: string, error: string) => string)[] = [
  (what, error) => `E1124 10:08:30.514715   1498 remote_runtime.go:345] ${what}: ${error}`,
  (what, error) => `time="2026-11-24T10:08:30.514Z" level=error msg="${what}" error="${error}"`,
  (what, error) =>
    `Nov 24 10:08:30 node-1 kubelet[95]: E1124 10:08:30.5  95 x.go:9] "x" err="${what}: ${error}" pod="a/b"`,
  (what, error) => `  Warning  Failed  3m1s (x12 over 45m)  kubelet, node-1  ${what}: ${error}`,
];

describe('a call that was answered', () => {
  test('is no block, whatever was slow before', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...OUTER),
        fc.constantFrom(...ANSWERS),
        fc.constantFrom(...EMITTERS),
        (what, error, emit) => {
          const line = emit(what, error);
          const call = readFailingCall(ownWords(line));
          expect([line, call?.code === 'late' || call?.code === 'hangs' || call?.code === 'failed']).toEqual([
            line,
            false,
          ]);
        },
      ),
      { numRuns: cases(400), seed: 22 },
    );
  });

  test('is one that does not end where the answer is of before', () => {
    const line = 'mount failed: exit status 32: device already exists: mount.nfs: Connection timed out';
    expect(readFailingCall(ownWords(line))).toMatchObject({ callee: 'storage', code: 'late' });
  });

  test('has failed where it is a network plugin that answers', () => {
    const line =
      'E1124 10:08:30.5 1498 remote_runtime.go:345] RunPodSandbox: plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory';
    expect(readFailingCall(ownWords(line))).toMatchObject({ callee: 'network', code: 'failed' });
  });
});

describe('a time that is given', () => {
  test.each([
    'Nov 24 10:00:00 n1 containerd[9]: time="2026-11-24T10:00:00Z" level=info msg="StopContainer for \\"8f\\" with timeout 30 (s)"',
    'Nov 24 10:00:00 n1 crio[9]: time="2026-11-24T10:00:00Z" level=info msg="Stopping container: 8f (timeout: 30s)" id=1',
    'stop container 8f with a timeout of 2m0s',
    'crictl stopp --timeout 30 8fad',
    '8fad9010c440b  a/b     4 minutes ago   Running   timeout   0   containerd',
  ])('is none that is over: %s', (line) => {
    expect(classOf(line)).toBe('Unknown');
  });

  test.each(['stop container 8f: timeout of 2m0s exceeded', 'failed to stop container 8f: timeout'])(
    'while %s',
    (line) => {
      expect(classOf(line)).toBe('ShimOrRunc');
    },
  );
});

describe('a deadline of the API', () => {
  test.each([
    'Warning  DeadlineExceeded  job-controller  Job was active longer than specified deadline, container runtime x',
    'Pod was active on the node longer than the specified deadline: DeadlineExceeded; stop container app',
    'activeDeadlineSeconds: 30 # timeout of the docker info job',
  ])('is no call of the node: %s', (line) => {
    expect(classOf(line)).toBe('Unknown');
  });
});
