/** Goroutines that have been blocked for minutes, of functions that no entry of the catalogue knows: made up at random. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CauseClass } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { cases } from '../../support/sizes.ts';

interface Program {
  readonly name: 'dockerd' | 'containerd' | 'crio' | 'kubelet';
  /** Packages of it, as paths of functions. */
  readonly packages: readonly string[];
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'dockerd',
    packages: [
      'github.com/docker/docker/daemon',
      'github.com/moby/moby/v2/daemon/volume',
      'github.com/docker/docker/container',
    ],
  },
  {
    name: 'containerd',
    packages: [
      'github.com/containerd/containerd/services/tasks',
      'github.com/containerd/containerd/v2/internal/cri/server',
      'github.com/containerd/containerd/metadata',
    ],
  },
  { name: 'crio', packages: ['github.com/cri-o/cri-o/server', 'github.com/cri-o/cri-o/internal/lib'] },
  { name: 'kubelet', packages: ['k8s.io/kubernetes/pkg/kubelet', 'k8s.io/kubernetes/pkg/kubelet/volumemanager'] },
];

const LOCKS = [
  { state: 'semacquire', frames: ['sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock'] },
  {
    state: 'sync.Mutex.Lock',
    frames: ['internal/sync.runtime_SemacquireMutex', 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock'],
  },
  { state: 'sync.RWMutex.RLock', frames: ['sync.runtime_SemacquireRWMutexR', 'sync.(*RWMutex).RLock'] },
];
const FILES = ['Stat', 'Lstat', 'Fstat', 'Statfs', 'Unmount', 'Fsync', 'Rename', 'Unlinkat', 'Getdents', 'Mkdirat'].map(
  (call) => ({
    state: 'syscall',
    frames: ['syscall.Syscall', `syscall.${call}`],
  }),
);
const OTHER_FILES = ['Unmount', 'Statfs', 'Mount', 'Fsync', 'Renameat'].map((call) => ({
  state: 'syscall',
  frames: [
    'internal/runtime/syscall.Syscall6',
    'syscall.RawSyscall6',
    'syscall.Syscall6',
    `golang.org/x/sys/unix.${call}`,
  ],
}));
/** As long as a container, or as the program. */
const PATIENT = [
  {
    state: 'select',
    frames: ['google.golang.org/grpc.(*ClientConn).Invoke', 'github.com/containerd/containerd.(*task).Wait'],
  },
  { state: 'semacquire', frames: ['sync.runtime_Semacquire', 'sync.(*WaitGroup).Wait'] },
  { state: 'sync.WaitGroup.Wait', frames: ['sync.runtime_SemacquireWaitGroup', 'sync.(*WaitGroup).Wait'] },
  { state: 'sync.Cond.Wait', frames: ['sync.runtime_notifyListWait', 'sync.(*Cond).Wait'] },
  { state: 'semacquire', frames: ['sync.runtime_Syncsemacquire', 'sync.(*Cond).Wait'] },
  { state: 'syscall', frames: ['syscall.Syscall6', 'os.(*Process).blockUntilWaitable', 'os/exec.(*Cmd).Wait'] },
  {
    state: 'syscall',
    frames: ['syscall.Syscall6', 'syscall.Openat', 'os.OpenFile', 'github.com/containerd/fifo.openFifo'],
  },
  { state: 'syscall', frames: ['syscall.Syscall6', 'golang.org/x/sys/unix.EpollWait'] },
  { state: 'syscall', frames: ['syscall.Syscall', 'syscall.read', 'os.(*File).Read'] },
  { state: 'IO wait', frames: ['internal/poll.(*FD).Read', 'os.(*File).Read'] },
  { state: 'chan receive', frames: [] },
];

const word = fc.string({
  unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz')),
  minLength: 4,
  maxLength: 10,
});

interface Block {
  readonly state: string;
  readonly frames: readonly string[];
}

/** In the form and the place that somebody has put it. */
const PASTED: readonly ((dump: string) => string)[] = [
  (dump) => dump,
  (dump) => dump.replaceAll(/^/gm, 'Nov 24 10:11:49 node-1 x[95]: '),
  (dump) => dump.replaceAll('\t', '    '),
  (dump) => dump.replaceAll('github.com/', 'example.com/build/vendor/github.com/'),
  (dump) => `\`\`\`\n${dump}\`\`\`\n`,
];

function stacks(
  blocks: readonly Block[],
  minutes: fc.Arbitrary<number>,
  programs = PROGRAMS,
): fc.Arbitrary<{ program: Program; dump: string }> {
  return fc
    .record({
      program: fc.constantFrom(...programs),
      block: fc.constantFrom(...blocks),
      pick: fc.nat(9),
      type: word,
      method: word,
      minutes,
      paste: fc.constantFrom(...PASTED),
    })
    .map(({ program, block, pick, type, method, minutes: waited, paste }) => {
      const own = program.packages[pick % program.packages.length] ?? '';
      const names = [...block.frames, `${own}.(*${type}).${method}`, `${own}.(*${type}).serve`];
      const calls = names.map(
        (name, at) => `${name}(0xc000${at}00)\n\t/go/src/${name.split('.(')[0] ?? ''}/x.go:${at + 10} +0x1f\n`,
      );
      return { program, dump: paste(`goroutine 77 [${block.state}, ${waited} minutes]:\n${calls.join('')}`) };
    });
}

function verdictOf(text: string): ReturnType<typeof diagnose> {
  const known = {
    logs: [],
    probe: 'Unknown',
    host: undefined,
    kubeletVersion: undefined,
    runtimeVersion: undefined,
  } as const;
  return diagnose({ ...known, dumps: [{ name: 'dump.txt', text }] });
}

const long = fc.integer({ min: 3, max: 5_000 });

describe('blocked for minutes', () => {
  test('a runtime at one of its locks is hung, whichever lock it is', () => {
    const runtimes = PROGRAMS.filter(({ name }) => name !== 'kubelet');
    fc.assert(
      fc.property(stacks(LOCKS, long, runtimes), ({ dump }) => {
        const right: readonly CauseClass[] = ['RuntimeHung'];
        expect(right).toContain(verdictOf(dump).class);
        expect(verdictOf(dump).restartRuntime).toBe('Helps');
      }),
      { numRuns: cases(500), seed: 4 },
    );
  });

  test('a call for a file is storage, whoever makes it', () => {
    fc.assert(
      fc.property(stacks([...FILES, ...OTHER_FILES], long), ({ dump }) => {
        const right: readonly CauseClass[] = ['Storage'];
        expect(right).toContain(verdictOf(dump).class);
      }),
      { numRuns: cases(500), seed: 5 },
    );
  });

  test('what waits as long as a container does is nothing', () => {
    fc.assert(
      fc.property(stacks(PATIENT, long), ({ dump }) => {
        expect(verdictOf(dump).class).toBe('Unknown');
      }),
      { numRuns: cases(500), seed: 6 },
    );
  });

  test('a minute is not long for a lock', () => {
    fc.assert(
      fc.property(stacks(LOCKS, fc.constant(1)), ({ dump }) => {
        expect(['Medium', 'Low']).toContain(verdictOf(dump).confidence);
      }),
      { numRuns: cases(100), seed: 7 },
    );
  });
});
