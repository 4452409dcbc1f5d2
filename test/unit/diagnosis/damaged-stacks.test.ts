/** Stacks as people and debuggers write them: the verdict is the same as of the plain stack, or none; it is never sure. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';

interface Frame {
  readonly func: string;
  readonly file: string;
  readonly line: number;
}

interface Stack {
  readonly state: string;
  readonly frames: readonly Frame[];
}

function frames(...texts: readonly string[]): readonly Frame[] {
  return texts.map((text, at) => {
    const [func = '', file = ''] = text.split(' ');
    return { func, file, line: 20 + at };
  });
}

const PLEG = [
  'k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).relist k8s.io/kubernetes/pkg/kubelet/pleg/generic.go',
  'k8s.io/apimachinery/pkg/util/wait.JitterUntil k8s.io/apimachinery/pkg/util/wait/wait.go',
];
const STACKS: readonly Stack[] = [
  {
    state: 'select, 12 minutes',
    frames: frames(
      'google.golang.org/grpc/internal/transport.(*Stream).waitOnHeader google.golang.org/grpc/internal/transport/transport.go',
      'google.golang.org/grpc.invoke google.golang.org/grpc/call.go',
      'k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox k8s.io/cri-api/pkg/apis/runtime/v1/api.pb.go',
      'k8s.io/kubernetes/pkg/kubelet/kuberuntime.(*kubeGenericRuntimeManager).GetPods k8s.io/kubernetes/pkg/kubelet/kuberuntime/kuberuntime_manager.go',
      ...PLEG,
    ),
  },
  {
    state: 'syscall, 46 minutes',
    frames: frames(
      'syscall.Syscall /usr/local/go/src/syscall/asm_linux_amd64.s',
      'os.Stat /usr/local/go/src/os/stat.go',
      'k8s.io/kubernetes/pkg/util/mount.(*Mounter).IsLikelyNotMountPoint k8s.io/kubernetes/pkg/util/mount/mount_linux.go',
      'k8s.io/kubernetes/pkg/kubelet.(*Kubelet).getMountedVolumePathListFromDisk k8s.io/kubernetes/pkg/kubelet/kubelet_getters.go',
    ),
  },
  {
    state: 'chan receive, 5 minutes',
    frames: frames(
      'github.com/godbus/dbus.(*Object).Call github.com/godbus/dbus/object.go',
      'github.com/coreos/go-systemd/dbus.(*Conn).startJob github.com/coreos/go-systemd/dbus/methods.go',
      'k8s.io/kubernetes/pkg/kubelet/cm.(*podContainerManagerImpl).EnsureExists k8s.io/kubernetes/pkg/kubelet/cm/pod_container_manager_linux.go',
    ),
  },
  {
    state: 'semacquire, 90 minutes',
    frames: frames(
      'sync.runtime_SemacquireMutex /usr/local/go/src/runtime/sema.go',
      'sync.(*Mutex).Lock /usr/local/go/src/sync/mutex.go',
      'github.com/docker/docker/daemon.(*Daemon).reducePsContainer github.com/docker/docker/daemon/list.go',
    ),
  },
];

function plain({ state, frames: all }: Stack): string {
  return [
    `goroutine 4711 [${state}]:`,
    ...all.flatMap(({ func, file, line }) => [`${func}(0xc000, 0x1)`, `\t${file}:${line} +0x1f`]),
  ].join('\n');
}

function lines({ state, frames: all }: Stack, head: string, of: (frame: Frame, at: number) => string): string {
  return [head.replace('STATE', state), ...all.map(of)].join('\n');
}

type Damage = readonly [name: string, write: (stack: Stack) => string];
/** They keep all that a verdict rests on. */
const WRITTEN: readonly Damage[] = [
  [
    'gdb',
    (s) =>
      lines(
        s,
        'Thread 3 (Thread 0x7f1 (LWP 77)):',
        ({ func, file, line }, at) => `#${at}  0x000000000042f1bd in ${func} (c=0xc0001, ~r1=...) at ${file}:${line}`,
      ),
  ],
  [
    'gdb without addresses',
    (s) => lines(s, '(gdb) bt', ({ func, file, line }, at) => `#${at} ${func} (s=...) at ${file}:${line}`),
  ],
  [
    'delve',
    (s) =>
      lines(
        s,
        'Goroutine 5 - User: /x/y.go:12 main.main (0x43)',
        ({ func, file, line }, at) => `${at}  0x0000000000432b4a in ${func}\n    at ${file}:${line}`,
      ),
  ],
  [
    'delve on one line',
    (s) =>
      lines(s, '(dlv) stack', ({ func, file, line }, at) => ` ${at}  0x0000000000432b4a in ${func} at ${file}:${line}`),
  ],
  ['an id that is taken out', (s) => plain(s).replace('goroutine 4711', 'goroutine ...')],
  ['an id of letters', (s) => plain(s).replace('4711', 'XXX')],
  ['no parentheses', (s) => plain(s).replaceAll('(0xc000, 0x1)', '')],
  [
    'Markdown links',
    (s) =>
      lines(
        s,
        'goroutine 7 [STATE]:',
        ({ func, file, line }) =>
          `[${func}(0xc0)](https://github.com/a/b/blob/v1/x.go#L1)\n\t[${file}:${line}](https://github.com/a/b/blob/v1/x.go#L1)`,
      ),
  ],
  [
    'anchors',
    (s) =>
      lines(
        s,
        '<pre>goroutine 7 [STATE]:',
        ({ func, file, line }) =>
          `<a href="https://x/y?z=1">${func}</a>(0xc0)<br>\n<span class="f">${file}:${line}</span> +0x1`,
      ),
  ],
  [
    'permalinks',
    (s) =>
      lines(
        s,
        'goroutine 7 [STATE]:',
        ({ func, file, line }) =>
          `${func}(...)\n    https://github.com/kubernetes/kubernetes/blob/v1.20.1/pkg/x/${file.split('/').at(-1)?.replace(/\.s$/, '.go')}#L${line}`,
      ),
  ],
  ['one line a frame', (s) => lines(s, 'stack:', ({ func, file, line }) => `${func} ${file}:${line}`)],
  ['places first', (s) => lines(s, 'stack:', ({ func, file, line }) => `${file}:${line} ${func}`)],
  [
    'a quotation',
    (s) =>
      plain(s)
        .split('\n')
        .map((line) => `> > ${line.trim()}`)
        .join('\n'),
  ],
  ['a list', (s) => lines(s, 'It hangs:', ({ func, file, line }) => `- \`${func}\` ${file}:${line}`)],
  ['escaped', (s) => plain(s).replaceAll('*', '\\*')],
];

function verdictOf(text: string, as: 'dumps' | 'logs'): Diagnosis {
  const none = { probe: 'Unknown', host: undefined, kubeletVersion: undefined, runtimeVersion: undefined } as const;
  return diagnose({ dumps: [], logs: [], [as]: [{ name: 'paste', text }], ...none });
}

const anyStack = fc.constantFrom(...STACKS);
const anyUse = fc.constantFrom('dumps' as const, 'logs' as const);

describe('a stack that somebody has changed', () => {
  test.each(WRITTEN)('is read: %s', (_, write) => {
    fc.assert(
      fc.property(anyStack, anyUse, (stack, use) => {
        const text = write(stack);
        const expected = verdictOf(plain(stack), 'dumps').class;
        const { class: one, confidence } = verdictOf(text, use);
        expect([text, one, confidence === 'High' && !text.includes('[')]).toEqual([text, expected, false]);
      }),
      { numRuns: 12, seed: 13 },
    );
  });

  test('and cut at either end is never another cause for sure', () => {
    fc.assert(
      fc.property(
        anyStack,
        fc.constantFrom(...WRITTEN),
        fc.nat({ max: 5 }),
        fc.nat({ max: 5 }),
        (stack, [name, write], from, to) => {
          const kept = stack.frames.slice(from, stack.frames.length - to);
          const { class: one, confidence } = verdictOf(write({ ...stack, frames: kept }), 'dumps');
          const whole = verdictOf(plain(stack), 'dumps').class;
          const isSame = one === whole || one === 'Unknown' || confidence !== 'High';
          expect([name, kept.length, one, isSame]).toEqual([name, kept.length, one, true]);
        },
      ),
      { numRuns: 200, seed: 13 },
    );
  });

  test('prose that names functions is no stack', () => {
    const texts = [
      'I think that pleg.(*GenericPLEG).relist is slow, see pkg/kubelet/pleg/generic.go:190',
      'https://github.com/kubernetes/kubernetes/blob/v1.12.10/pkg/kubelet/pleg/generic.go#L190',
      'goroutine ... is stuck in (*GenericPLEG).relist',
    ];
    for (const text of texts) expect([text, verdictOf(text, 'logs').class]).toEqual([text, 'Unknown']);
  });
});
