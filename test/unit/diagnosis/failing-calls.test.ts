/**
 * Calls that do not end, as any emitter writes of them: each sentence is put together at random from an operation, whom it
 * reaches, an error, an emitter and what happened to the text since. None of them was ever seen.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CauseClass } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { Callee } from '../../../src/core/diagnosis/calls/callees.ts';
import { readFailingCall } from '../../../src/core/diagnosis/calls/failing-call.ts';
import { boundedClues, logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { ownWords } from '../../../src/core/diagnosis/clues/own-words.ts';
import { plainText } from '../../../src/core/diagnosis/text/plain-text.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { aDiagnosisInput } from '../../support/builders/diagnosis-input.ts';
import { cases } from '../../support/sizes.ts';

const NOTHING = aDiagnosisInput();

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });
const id = hex(64);
const name = fc.string({
  unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz')),
  minLength: 3,
  maxLength: 12,
});

/** What did not end, as a text without quotes of its own. */
const SUBJECTS: Readonly<Record<Callee, fc.Arbitrary<string>>> = {
  network: fc.oneof(
    fc
      .tuple(id, name)
      .map(([sandbox, plugin]) => `failed to setup network for sandbox ${sandbox}: plugin type=${plugin} failed (add)`),
    fc.tuple(id).map(([sandbox]) => `failed to destroy network for sandbox ${sandbox}`),
    name.map((pod) => `NetworkPlugin cni failed to teardown pod ${pod}_default network`),
    name.map((pod) => `error adding pod default_${pod} to CNI network`),
  ),
  systemd: fc.oneof(
    id.map((one) => `unable to start unit cri-containerd-${one}.scope`),
    name.map((pod) => `waiting for systemd to create kubepods-besteffort-${pod}.slice`),
    name.map((pod) => `call of StartTransientUnit for kubepods-burstable-pod${pod}.slice on the system bus`),
    fc.constant('Failed to activate service org.freedesktop.systemd1'),
  ),
  storage: fc.oneof(
    name.map((volume) => `MountVolume.SetUp failed for volume ${volume}`),
    name.map((volume) => `UnmountVolume.TearDown failed for volume ${volume}`),
    name.map((volume) => `MountVolume.MountDevice failed for volume ${volume}`),
    fc.constant('Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data]'),
    fc.constant('umount of the rootfs'),
  ),
  device: fc.oneof(
    fc.constant('Allocate failed due to a call of the device plugin'),
    name.map((resource) => `device plugin for example.com/${resource}: ListAndWatch ended`),
  ),
  oci: fc.oneof(
    fc.constant('failed to create shim task: OCI runtime create failed'),
    id.map((one) => `failed to delete task ${one}`),
    id.map((one) => `runc state ${one}`),
  ),
  sandbox: fc.oneof(
    fc.constant('RunPodSandbox from runtime service failed'),
    fc.constant('StopPodSandbox from runtime service failed'),
    fc.constant('Failed to create pod sandbox'),
  ),
  container: fc.oneof(
    id.map((one) => `StopContainer for ${one} failed`),
    fc.constant('ContainerStatus from runtime service failed'),
    id.map((one) => `an error occurs during waiting for container ${one} to be killed`),
    id.map((one) => `Handler for POST /v1.40/containers/${one}/stop returned error`),
  ),
  list: fc.oneof(
    fc.constant('ListPodSandbox with filter from runtime service failed'),
    fc.constant('ListContainers with filter from runtime service failed'),
    fc.constant('GenericPLEG: Unable to retrieve pods'),
    fc.constant('Handler for GET /v1.40/containers/json returned error'),
  ),
  socket: fc.oneof(
    name.map((one) => `transport: Error while dialing dial unix /run/${one}/${one}.sock`),
    name.map((one) => `transport: error while dialing: dial unix:///var/run/${one}.sock`),
  ),
};

const CLASSES: Readonly<Record<Callee, CauseClass>> = {
  network: 'Cni',
  systemd: 'SystemdOrDbus',
  storage: 'Storage',
  device: 'DevicePlugin',
  oci: 'ShimOrRunc',
  sandbox: 'Cni',
  container: 'ShimOrRunc',
  list: 'RuntimeHung',
  socket: 'RuntimeHung',
};

const ERROR = fc.constantFrom(
  'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  'context deadline exceeded',
  'rpc error: code = 4 desc = context deadline exceeded',
  'operation timeout: context deadline exceeded',
  'timed out',
  'timed out after 2m0s',
  'Timeout: request did not complete within 4m0s',
);

const quoted = (text: string): string => text.replaceAll('"', '\\"');
/** As each program writes it. */
const EMITTERS: readonly ((what: string, error: string) => string)[] = [
  (what, error) => `E1124 10:08:30.514715   1498 remote_runtime.go:345] ${what}: ${error}`,
  (what, error) =>
    `E1124 10:08:30.514715   1498 pod_workers.go:951] "Error syncing pod, skipping" err="${quoted(`${what}: ${error}`)}" pod="default/web-1" podUID="a-b"`,
  (what, error) => `E1124 10:08:30.514715   1498 x.go:9] "${what}" err="${error}"`,
  (what, error) => `{"ts":1732442910514.7,"caller":"x/x.go:9","msg":"${what}","err":"${error}"}`,
  (what, error) => `time="2026-11-24T10:08:30.514Z" level=error msg="${what}" error="${error}"`,
  (what, error) => `time="2026-11-24T10:08:30.514Z" level=error msg="${what}: ${error}" file="server/x.go:77" id=8f`,
  (what, error) => `E1124 10:08:30.514715   12345 log.go:32] "${what}" err="${error}"`,
  (what, error) => `FATA[0010] ${what}: ${error}`,
  (what, error) => `  Warning  Failed  3m1s (x12 over 45m)  kubelet, node-1  ${what}: ${error}`,
  (what, error) => `default   3m1s   Warning   Failed   pod/web-1   ${what}: ${error}`,
  (what, error) => `        "Error": "${what}: ${error}",`,
  (what, error) => `  message: '${what}: ${error}'`,
];

/** What became of it. */
const DAMAGE: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => `Nov 24 10:08:30 node-1 kubelet[1498]: ${line}`,
  (line) => `2026-11-24T10:08:30.514715123Z stderr F ${line}`,
  (line) => JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2026-11-24T10:08:30.5Z' }),
  (line) => `\u001b[31m${line}\u001b[0m`,
  (line) => `<pre>${line.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}</pre>`,
  (line) => `> ${line}`,
  (line) => `#011${line}\r`,
  (line) => `\ufeff${line}`,
  (line) => `[pod/kubelet/log] ${line}`,
  (line) => `\0\0\0\0${line}`,
];

interface Sentence {
  readonly callee: Callee;
  readonly line: string;
}

const sentence: fc.Arbitrary<Sentence> = fc
  .constantFrom(...(Object.keys(SUBJECTS) as Callee[]))
  .chain((callee) =>
    fc
      .tuple(SUBJECTS[callee], ERROR, fc.constantFrom(...EMITTERS), fc.constantFrom(...DAMAGE))
      .map(([what, error, emit, damage]) => ({ callee, line: damage(emit(what, error)) })),
  );

function verdictOf(text: string): ReturnType<typeof diagnose> {
  return diagnose({ ...NOTHING, logs: [{ name: 'x.log', text: plainText(text) }] });
}

describe('a call that does not end', () => {
  test('is read, whoever writes it and whatever became of the text', () => {
    fc.assert(
      fc.property(sentence, ({ callee, line }) => {
        expect(readFailingCall(ownWords(plainText(line)))?.callee).toBe(callee);
      }),
      { numRuns: cases(3_000), seed: 1 },
    );
  });

  test('names the class of its callee, and never with high confidence', () => {
    fc.assert(
      fc.property(sentence, ({ callee, line }) => {
        const verdict = verdictOf(line);
        expect(verdict.class).toBe(CLASSES[callee]);
        expect(verdict.confidence).not.toBe('High');
      }),
      { numRuns: cases(1_500), seed: 2 },
    );
  });

  test('says the same by what the agent picks out of a log with thousands of others', () => {
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 1, maxLength: 3 }), (sentences) => {
        const noise = 'I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]\n';
        const text = sentences.map(({ line }) => `${plainText(line)}\n${noise.repeat(200)}`).join('');
        const clues = boundedClues(logCluesOf({ name: 'kubelet.log', text }));
        const host = { at: '2026-11-24T10:10:00Z', blockedProcesses: [], logClues: [...clues] };
        const [whole, picked] = [verdictOf(text), diagnose({ ...NOTHING, host })];
        expect([picked.cause, picked.confidence]).toEqual([whole.cause, whole.confidence]);
      }),
      { numRuns: cases(300), seed: 3 },
    );
  });
});

describe('no call of the node that does not end', () => {
  test.each([
    'E1124 10:08:30.5 1 prober.go:1] Liveness probe failed: Get http://10.0.0.1:80/: context deadline exceeded',
    'E1124 10:08:30.5 1 remote_runtime.go:1] "ExecSync cmd from runtime service failed" err="rpc error: code = DeadlineExceeded desc = command timed out"',
    'I1124 10:08:30.5 1 server.go:1] "Using --runtime-request-timeout" timeout="2m0s" runtime="containerd"',
    'I1124 10:08:30.5 1 kubelet.go:1] "SyncLoop ADD" pods=["default/cni-timeout-timed-out"]',
    'E1124 10:08:30.5 1 x.go:1] "Failed to get cgroup stats" cgroup="/kubepods.slice/kubepods-x.slice" err="timed out"',
    'I1124 10:13:14.7 1 factory.go:221] Registration of the crio container factory failed: dial unix /var/run/crio/crio.sock: connect: connection refused',
    'Nov 24 10:08:30 node-1 systemd[1]: web.service: Watchdog timeout (limit 3min)!',
    'Nov 24 10:08:30 node-1 containerd[80]: time="2026-11-24T10:08:30Z" level=error msg="request timed out"',
    'Nov 24 10:08:30 node-1 dockerd: request timed out',
    'java.net.SocketTimeoutException: connect timed out',
  ])('%s', (line) => {
    expect(verdictOf(line).class).toBe('Unknown');
  });
});
