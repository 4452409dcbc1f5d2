/** What a verdict asks for: nothing that was given. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import type { DiagnosisInput, NamedText } from '../../../src/core/diagnosis/diagnosis-input.ts';

function fixture(folder: string, file: RegExp): NamedText {
  const url = new URL(`../../fixtures/kubelet/${folder}/`, import.meta.url);
  const name = readdirSync(url).find((one) => file.test(one)) ?? '';
  return { name, text: gunzipSync(readFileSync(new URL(name, url))).toString('utf8') };
}

/** A whole kubelet, in which nothing known is to be seen. */
const STRANGE: NamedText = (() => {
  const { name, text } = fixture('1.34.4-idle', /goroutines-1/);
  return { name, text: text.replaceAll('kubelet/pleg', 'kubelet/other') };
})();
const LATER = { ...STRANGE, name: 'goroutines-2.txt' };
const LOG: NamedText = { name: 'kubelet.log', text: 'I1124 10:10:31.514715     95 kubelet.go:1] "Nothing to see"\n' };
const RUNTIME: NamedText = {
  name: 'containerd.txt',
  text: `goroutine 1 [select]:\ngithub.com/containerd/containerd/v2/cmd/containerd/server.(*Server).Wait()\n\t/src/server.go:31 +0x1f\n\n`,
};

const SHIM: NamedText = {
  name: 'shim.txt',
  text: `goroutine 1 [select]:\ngithub.com/containerd/containerd/v2/pkg/shim.run()\n\t/src/shim.go:31 +0x1f\n\n`,
};
const DMESG: NamedText = { name: 'dmesg.txt', text: '[   12.345678] eth0: link up\n' };

function judged(input: Partial<DiagnosisInput>): Diagnosis {
  return diagnose({
    dumps: [],
    logs: [],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
    ...input,
  });
}

describe('where no cause is found', () => {
  test.each<[string, Partial<DiagnosisInput>, string]>([
    [
      'nothing is there',
      {},
      "Take two whole goroutine dumps of the kubelet (debug=2) 10 seconds apart, bring the kubelet's log, and ask the runtime (crictl pods).",
    ],
    [
      'a log is there',
      { logs: [LOG] },
      'Take two whole goroutine dumps of the kubelet (debug=2) 10 seconds apart, and ask the runtime (crictl pods).',
    ],
    [
      'one dump and a log are there',
      { dumps: [STRANGE], logs: [LOG] },
      'Take another goroutine dump of the kubelet (debug=2), 10 seconds or more apart, and ask the runtime (crictl pods).',
    ],
    [
      'the runtime was asked',
      { dumps: [STRANGE], logs: [LOG], probe: 'Answered' },
      'Take another goroutine dump of the kubelet (debug=2), 10 seconds or more apart.',
    ],
    ['two dumps are there', { dumps: [STRANGE, LATER], logs: [LOG] }, 'Ask the runtime (crictl pods).'],
    ['the stacks of the runtime are there', { dumps: [STRANGE, LATER, RUNTIME] }, "Bring the kubelet's log."],
    [
      'a log of the kernel and a dump of a shim are there',
      { dumps: [STRANGE, LATER, SHIM], logs: [DMESG] },
      "Bring the kubelet's log, and ask the runtime (crictl pods).",
    ],
    [
      'all of it is there',
      { dumps: [STRANGE, LATER], logs: [LOG], probe: 'Answered' },
      'All that is asked for most often is here; what is missing is an entry of the catalogue: please report it.',
    ],
  ])('and %s, only the rest is asked for', (_, input, words) => {
    expect(judged(input)).toMatchObject({ class: 'Unknown', recommendation: words });
  });
});

describe('a runtime that does not answer', () => {
  const dumps = [fixture('1.36.3-runtime-hung', /goroutines-1/), fixture('1.36.3-runtime-hung', /goroutines-2/)];
  const logs = [fixture('1.36.3-runtime-hung', /kubelet\.log/)];
  const ask = /ask the runtime/;

  test('is to be asked where a stack is all that there is', () => {
    expect(judged({ dumps }).recommendation).toMatch(ask);
  });

  test('is not to be asked where the log tells, or somebody has', () => {
    expect(judged({ dumps, logs }).recommendation).not.toMatch(ask);
    expect(judged({ logs }).recommendation).not.toMatch(ask);
    expect(judged({ dumps, probe: 'Timeout' }).recommendation).not.toMatch(ask);
  });
});

test('a line that two signs cite is cited once', () => {
  const line =
    'E1124 10:10:31.514715     95 remote_runtime.go:300] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" container runtime is down';
  const { evidence } = judged({ logs: [{ name: 'kubelet.log', text: `${line}\n` }] });
  const places = evidence.map((one) => /^\S+:\d+/.exec(one)?.[0]);
  expect(places).toContain('kubelet.log:1');
  expect(new Set(places).size).toBe(places.length);
});
