/** Who has written a line, and how sure of a cause one may be by it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HostSummary, MAX_CLUES } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { boundedClues, logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { type Writer, writerOf } from '../../../src/core/diagnosis/clues/writer.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { journalText } from '../../../src/cli/diagnose/content/journal-json.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { cases } from '../../support/sizes.ts';

const NOTHING = {
  dumps: [],
  logs: [],
  probe: 'Unknown',
  kubeletVersion: undefined,
  runtimeVersion: undefined,
} as const;

function verdictOf(text: string): ReturnType<typeof diagnose> {
  return diagnose({ ...NOTHING, host: undefined, logs: [{ name: 'x.log', text }] });
}

/** What the agent keeps of it. */
function byClues(text: string): ReturnType<typeof diagnose> {
  const clues = boundedClues(logCluesOf({ name: 'x.log', text }, MAX_CLUES));
  const host = HostSummary.parse({ at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [...clues] });
  return diagnose({ ...NOTHING, host });
}

const RANK = { Low: 0, Medium: 1, High: 2 } as const;

/** Each makes one sure, or nearly so, where a node says it. */
const MESSAGES = [
  'ListContainers failed: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (16791221 vs. 16777216)',
  'validate CRI v1 runtime API: rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService',
  'inotify_add_watch /sys/fs/cgroup/pids: no space left on device, too many open files',
  'Cannot connect to the Docker daemon at unix:///var/run/docker.sock',
  'EventedPLEG is not healthy: EventedPLEG: pleg event channel capacity is full with 1000 events',
  'Timed out while waiting for StopUnit(a.scope) completion signal from dbus',
  'dbus: connection closed by user',
  'ListPodSandbox with filter nil from runtime service failed: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  'Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = failed to setup network for sandbox: timed out',
  'task containerd:812 blocked for more than 120 seconds.',
  'EXT4-fs error (device sda1): ext4_journal_check_start:61: Detected aborted journal',
  'Watchdog detected hard LOCKUP on cpu 1',
];
const message = fc.constantFrom(...MESSAGES);

const OF_NODE: readonly ((message: string) => string)[] = [
  (m) => `Nov 24 10:08:30 node-1 kubelet[1498]: ${m}`,
  (m) => `2026-11-24T10:08:30.514715+0000 ip-10-0-0-7.ec2.internal kubelet[1498]: E1124 10:08:30.5  1498 x.go:1] ${m}`,
  (m) => `kubelet[1498]: ${m}`,
  (m) => `<3>Nov 24 10:08:30 node-1 containerd[80]: time="2026-11-24T10:08:30Z" level=error msg="${m}"`,
  (m) => `Nov 24 10:08:30 node-1 dockerd[80]: ${m}`,
  (m) => `Nov 24 10:08:30 node-1 k3s[80]: ${m}`,
  (m) => `Nov 24 10:08:30 node-1 microk8s.daemon-kubelite[80]: ${m}`,
  (m) => `Nov 24 10:08:30 node-1 kernel: [  123.456789] ${m}`,
  (m) => `[ 4711.123456] ${m}`,
  (m) => `[Tue Nov 24 10:08:30 2026] ${m}`,
  (m) => `Tue 2026-11-24 10:08:30 UTC node-1 systemd[1]: ${m}`,
  (m) => `E1124 10:08:30.514715   1498 kubelet.go:2646] ${m}`,
  (m) => `E1124 10:08:30.514715   1498 pleg/generic.go:310] ${m}`,
  (m) => `> E1124 10:08:30.514715   1498 kuberuntime_manager.go:843] ${m}`,
  (m) => `<30>1 2026-11-24T10:08:30.514Z node-1 kubelet 1498 - - ${m}`,
  (m) => `{"ts":1745319662553.902,"caller":"pleg/generic.go:256","msg":"x","err":"${m}"}`,
  (m) => `[pod/kubelet/kubelet] ${m.length > 0 ? `E1124 10:08:30.514715 1 kubelet.go:1] ${m}` : ''}`,
];
const OF_OTHERS: readonly ((message: string) => string)[] = [
  (m) => `Nov 24 10:08:30 node-1 my-app[1498]: ${m}`,
  (m) => `<30>1 2026-11-24T10:08:30.514Z node-1 my-app 1498 - - ${m}`,
  (m) => `2026-11-24T10:08:30.514Z stderr F 2026/11/24 10:08:30 ${m}`,
  (m) => `Nov 24 10:08:30 node-1 node-exporter[7]: ${m}`,
  (m) => `Nov 24 10:08:30 node-1 kubelet-exporter[7]: ${m}`,
  (m) => `Nov 24 10:08:30 ci-7 gitlab-runner[7]: ${m}`,
  (m) => `E1124 10:08:30.514715       7 nginx.go:112] ${m}`,
  (m) => `E1124 10:08:30.514715       1 proxier.go:1610] ${m}`,
  (m) => `E1124 10:08:30.514715       1 leaderelection.go:330] ${m}`,
  (m) => `{"level":"error","ts":1732442910.5,"logger":"controller","msg":"${m}"}`,
  (m) => `{"@timestamp":"2026-11-24T10:08:30Z","severity":"ERROR","message":"${m}"}`,
  (m) => `level=error ts=2026-11-24T10:08:30Z caller=main.go:7 msg="${m}"`,
  (m) => `[ERROR] plugin/errors: 2 ${m}`,
  (m) => `[WARNING] ${m}`,
  (m) => `2026/11/24 10:08:30 [error] 31#31: *7 ${m}`,
  (m) => `2026/11/24 10:08:30 ${m}`,
  (m) => `2026-11-24 10:08:30,123 ERROR [main] com.example.Main - ${m}`,
  (m) => `2026-11-24T10:08:30.123Z  WARN ${m}`,
  (m) => `ERROR:root:${m}`,
  (m) => `[pod/ingress-nginx-controller-7d/controller] ${m}`,
  (m) => `web-1  | ${m}`,
  (m) => `10:32 bob: ${m}`,
  (m) => `[10:32 AM] Bob Miller: ${m}`,
  (m) => `<bob> ${m}`,
  (m) => `@bob ${m}`,
  (m) => `##[error] ${m}`,
  (m) => `::error:: ${m}`,
  (m) => `#12 4.321 ${m}`,
  (m) => `--- FAIL: TestRelist ${m}`,
];
const OF_NOBODY: readonly ((message: string) => string)[] = [
  (m) => m,
  (m) => `    ${m}`,
  (m) => `E1124 10:08:30.514715   1498 x.go:345] ${m}`,
  (m) => `time="2026-11-24T10:08:30Z" level=error msg="${m}"`,
  (m) => `  Warning  Failed  3m1s (x12 over 45m)  kubelet  ${m}`,
  // The log of a container, in which anybody may write in any form.
  (m) => `2026-11-24T10:08:30.514Z stderr F E1124 10:08:30.514715   1498 remote_runtime.go:345] ${m}`,
  (m) => `2026-11-24T10:08:30.514Z stdout F [ 4711.123456] ${m}`,
  (m) => `2026-11-24T10:08:30.514Z stdout F Nov 24 10:08:30 node-1 kubelet[1]: ${m}`,
];

const BY_WRITER: Readonly<Record<Writer, readonly ((message: string) => string)[]>> = {
  node: OF_NODE,
  other: OF_OTHERS,
  nobody: OF_NOBODY,
};

describe('the writer of a line', () => {
  test.each(Object.entries(BY_WRITER))('is told by its form: %s', (writer, forms) => {
    fc.assert(
      fc.property(fc.constantFrom(...forms), message, (put, said) => {
        const line = put(said);
        expect([line, writerOf(line)]).toEqual([line, writer]);
      }),
      { numRuns: cases(400), seed: 41 },
    );
  });

  test('says how sure one may be: High by the node alone, Medium where nobody says it, Low by others', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 5 }), (said, at, times) => {
        const of = (forms: readonly ((message: string) => string)[]): string =>
          Array<string>(times)
            .fill(forms[at % forms.length]?.(said) ?? '')
            .join('\n');
        const [node, nobody, other] = [OF_NODE, OF_NOBODY, OF_OTHERS].map((forms) => verdictOf(of(forms)));
        expect(RANK[other?.confidence ?? 'High']).toBe(RANK.Low);
        expect(RANK[nobody?.confidence ?? 'High']).toBeLessThan(RANK.High);
        expect(RANK[node?.confidence ?? 'Low']).toBeGreaterThanOrEqual(RANK[nobody?.confidence ?? 'High']);
      }),
      { numRuns: cases(300), seed: 42 },
    );
  });

  test.each([
    'docker ps hangs',
    'our container runtime is stuck since noon',
    'my app says too many open files\nmy app says too many open files',
    'time="2026-11-24T10:08:30Z" level=error msg="too many open files"\n'.repeat(3),
    'E1124 10:08:30.5 1 controller.go:190] failed to sync: mount controller: context deadline exceeded',
    'runc hangs on the new nodes',
  ])('is nobody, and words that anybody may have are a hint: %s', (text) => {
    expect(verdictOf(text)).toMatchObject({ confidence: 'Low', class: expect.not.stringMatching('Unknown') });
  });

  test('is not made surer by what others say of the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(message, fc.constantFrom(...OF_OTHERS)), { minLength: 1, maxLength: 12 }),
        (lines) => {
          const { confidence } = verdictOf(lines.map(([said, put]) => put(said)).join('\n'));
          expect(confidence).toBe('Low');
        },
      ),
      { numRuns: cases(200), seed: 43 },
    );
  });

  test('is kept where a long line is cut for an incident', () => {
    fc.assert(
      fc.property(
        message,
        fc.constantFrom(...OF_NODE, ...OF_OTHERS),
        fc.constantFrom(0, 30, 200),
        fc.constantFrom(0, 200),
        (said, put, before, after) => {
          const text = put(`${'b '.repeat(before)}${said}${' c'.repeat(after)}`);
          const [whole, picked] = [verdictOf(text), byClues(text)];
          expect([text, picked.cause, picked.confidence]).toEqual([text, whole.cause, whole.confidence]);
        },
      ),
      { numRuns: cases(150), seed: 44 },
    );
  });
});

describe('a journal as JSON', () => {
  const record = (fields: object): string =>
    JSON.stringify({ __REALTIME_TIMESTAMP: '1795514910514715', _HOSTNAME: 'node-1', _PID: '95', ...fields });
  const MESSAGE = MESSAGES[0];

  test.each([
    [{ SYSLOG_IDENTIFIER: 'kubelet', _SYSTEMD_UNIT: 'kubelet.service', _COMM: 'kubelet' }, 'node'],
    [{ _SYSTEMD_UNIT: 'containerd.service', _COMM: 'containerd' }, 'node'],
    [{ _TRANSPORT: 'kernel' }, 'node'],
    [{ SYSLOG_IDENTIFIER: 'my-app', _SYSTEMD_UNIT: 'my-app.service' }, 'other'],
    // What a container says to Docker, and what a person says by `logger -t kubelet`.
    [{ SYSLOG_IDENTIFIER: '8f0a1b2c3d4e', CONTAINER_NAME: 'web', _COMM: 'dockerd' }, 'other'],
    [{ SYSLOG_IDENTIFIER: 'kubelet', _SYSTEMD_UNIT: 'session-3.scope', _COMM: 'logger' }, 'other'],
    [{ SYSLOG_IDENTIFIER: 'kubelet', CONTAINER_NAME: 'web', _SYSTEMD_UNIT: 'docker.service' }, 'other'],
  ])('says who wrote it: %j', (fields, writer) => {
    expect(writerOf(journalText(record({ ...fields, MESSAGE })))).toBe(writer);
  });
});

test('the time is bounded for hostile lines', () => {
  const hostile = [
    'a',
    '[',
    '{"',
    'a.',
    'a/',
    '<3>',
    ' | ',
    '10:32 ',
    'pod/',
    'x[1]: ',
    '"level"',
    '2026-11-24T10:00:00 ',
  ];
  expect(cpuMs(() => hostile.map((one) => writerOf(one.repeat(100_000))))).toBeLessThan(500);
});
