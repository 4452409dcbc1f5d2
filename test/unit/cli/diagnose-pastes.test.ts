/** A stack as chats, terminals, trackers and tools leave it: it is read from the command line as well, and never surely. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runOffline } from './cli-harness.ts';

const VENDOR = '/go/src/k8s.io/kubernetes/vendor';
const KUBELET = 'k8s.io/kubernetes/pkg/kubelet';
const FRAMES: readonly (readonly [func: string, place: string])[] = [
  [
    'google.golang.org/grpc/internal/transport.(*Stream).waitOnHeader',
    `${VENDOR}/google.golang.org/grpc/internal/transport/transport.go:245`,
  ],
  ['google.golang.org/grpc.invoke', `${VENDOR}/google.golang.org/grpc/call.go:70`],
  [
    'k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox',
    `${VENDOR}/k8s.io/cri-api/pkg/apis/runtime/v1/api.pb.go:5545`,
  ],
  [
    `${KUBELET}/kuberuntime.(*kubeGenericRuntimeManager).getKubeletSandboxes`,
    `/go/src/${KUBELET}/kuberuntime/kuberuntime_sandbox.go:210`,
  ],
  [
    `${KUBELET}/kuberuntime.(*kubeGenericRuntimeManager).GetPods`,
    `/go/src/${KUBELET}/kuberuntime/kuberuntime_manager.go:346`,
  ],
  [`${KUBELET}/pleg.(*GenericPLEG).relist`, `/go/src/${KUBELET}/pleg/generic.go:190`],
];
const HEAD = 'goroutine 368 [select, 12 minutes]:';
const PLAIN = [
  HEAD,
  ...FRAMES.flatMap(([func, place]) => [`${func}(0xc000a53a40, 0xc000b1)`, `\t${place} +0x1f`]),
  '',
].join('\n');

function each(write: (func: string, place: string, at: number) => string, head = ''): string {
  return [head, ...FRAMES.map(([func, place], at) => write(func, place, at)), ''].join('\n');
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1);
}

const FORMS: Readonly<Record<string, string>> = {
  gdb: each((func, place, at) => `#${at}  0x000000000042f1bd in ${func} (c=0xc0001) at ${place}`),
  delve: each((func, place, at) => `${at}  0x0000000000432b4a in ${func}\n    at ${place}`),
  'an IDE': each((func, place) => `${func}(${nameOf(place)})`),
  'links of an IDE': each(
    (func, place) => `${func.slice(func.lastIndexOf('/') + 1)} [${nameOf(place)}](vscode://file${place})`,
  ),
  'paths below a header': each((_, place) => `${place} +0x1f`, HEAD),
  'paths alone': each((_, place) => `\t${place} +0x1f`),
  'names of files': each((_, place) => nameOf(place)),
  'a table': `| # | function | place |\n|---|---|---|\n${each((func, place, at) => `| ${at} | ${func} | ${place} |`)}`,
  'a quotation': PLAIN.replaceAll(/^/gm, '> '),
  'numbers of lines': PLAIN.split('\n')
    .map((line, at) => `${String(at + 1).padStart(6)}\t${line}`)
    .join('\n'),
  'a string of JSON': `${JSON.stringify(PLAIN)}\n`,
  'a field of JSON': `${JSON.stringify({ at: 1, stack: PLAIN })}\n`,
  'escaped line ends': `${PLAIN.replaceAll('\n', '\\n').replaceAll('\t', '\\t')}\n`,
};

interface Verdict {
  readonly cause: string;
  readonly class: string;
  readonly confidence: string;
}

async function verdictOf(text: string, ...flags: readonly string[]): Promise<Verdict> {
  const { out } = await runOffline(['diagnose', '-', '-o', 'json', ...flags], { stdin: text });
  return (JSON.parse(out) as { readonly verdict: Verdict }).verdict;
}

/** Where a terminal has this many columns. */
function wrapped(text: string, width: number): string {
  return text
    .replaceAll('\t', '        ')
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? [''])
    .join('\n');
}

describe('a stack in the form of', () => {
  test.each(Object.entries(FORMS))('%s', async (_, text) => {
    expect((await verdictOf(text)).cause).toBe('runtime-hung');
  });
});

describe('a stack that is guessed from less than all of it', () => {
  const guessed = ['gdb', 'an IDE', 'paths below a header', 'paths alone', 'names of files', 'a table'];
  test.each(guessed)('is never sure: %s', async (form) => {
    const { confidence } = await verdictOf(FORMS[form] ?? '', '--probe', 'Timeout');
    expect(confidence).not.toBe('High');
  });

  test('is read whatever the width of the terminal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 60, max: 140 }), async (width) => {
        const { cause, confidence } = await verdictOf(wrapped(PLAIN, width));
        expect([width, cause, confidence === 'High']).toEqual([width, 'runtime-hung', false]);
      }),
      { numRuns: 30, seed: 5 },
    );
  });

  test('does not take the loop around relist for a relist that hangs', async () => {
    const loop = `goroutine 9 [select, 2 minutes]:\n/go/src/${KUBELET}/pleg/generic.go:215 +0x1f\n${VENDOR}/k8s.io/apimachinery/pkg/util/wait/backoff.go:233 +0x1f\n`;
    expect((await verdictOf(loop)).class).toBe('Unknown');
    expect((await verdictOf(loop.replace(/^goroutine.*\n/, ''))).class).toBe('Unknown');
  });
});

test('a log that a terminal has broken is whole again', async () => {
  const line =
    'E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"';
  for (const width of [72, 80, 100, 120])
    expect([width, (await verdictOf(wrapped(line, width))).cause]).toEqual([width, 'cri-message-too-large']);
});
