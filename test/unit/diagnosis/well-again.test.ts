/** What has succeeded since is over: a log is no fault of now, and says until when it was one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HostSummary, MAX_CLUES } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { boundedClues, logCluesOf } from '../../../src/core/diagnosis/clues/log-clues.ts';
import { cpuMs } from '../../support/cpu-time.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { cases } from '../../support/sizes.ts';

const NOTHING = {
  dumps: [],
  logs: [],
  probe: 'Unknown',
  kubeletVersion: undefined,
  runtimeVersion: undefined,
} as const;
type Verdict = ReturnType<typeof diagnose>;

function verdictOf(text: string): Verdict {
  return diagnose({ ...NOTHING, host: undefined, logs: [{ name: 'kubelet.log', text }] });
}

function byClues(text: string): Verdict {
  const clues = boundedClues(logCluesOf({ name: 'kubelet.log', text }, MAX_CLUES));
  const host = HostSummary.parse({ at: '2026-11-24T10:00:00Z', blockedProcesses: [], logClues: [...clues] });
  return diagnose({ ...NOTHING, host });
}

/** @param second after ten o'clock. */
function at(second: number, program: string, message: string): string {
  const time = new Date(Date.UTC(2026, 10, 24, 10, 0, second)).toISOString();
  return `${time.slice(0, 19)}.000000+0000 node-1 ${program}: ${message}`;
}
const kubelet =
  (message: string, file = 'kubelet.go') =>
  (second: number): string => {
    const time = new Date(Date.UTC(2026, 10, 24, 10, 0, second)).toISOString().slice(11, 19);
    return at(second, 'kubelet[95]', `E1124 ${time}.000000      95 ${file}:10] ${message}`);
  };
type Say = (second: number) => string;

const PLEG = kubelet('"SyncLoop (PLEG): event for pod" pod="default/a" event={"Type":"ContainerStarted"}');
const ADD = kubelet('"SyncLoop ADD" source="api" pods=["default/a"]');
const OTHER = kubelet('"Nothing to say"');
const READY = kubelet('"Recording event message for node" node="node-1" event="NodeReady"', 'kubelet_node_status.go');
const containerd =
  (message: string): Say =>
  (second) =>
    at(second, 'containerd[8]', `time="2026-11-24T10:00:00Z" level=info msg="${message}"`);
const kernel =
  (message: string): Say =>
  (second) =>
    at(second, 'kernel', message);

interface Fault {
  readonly says: Say;
  /** After any of these it is over. */
  readonly ends: readonly Say[];
}

const DEADLINE = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
const BOOT = kernel('Linux version 6.8.0-1-cloud (gcc 13)');
/** Of all kinds of things that can end. */
const FAULTS: readonly Fault[] = [
  {
    says: kubelet(`"ListPodSandbox with filter from runtime service failed" err="${DEADLINE}"`, 'remote_runtime.go'),
    ends: [PLEG, containerd('containerd successfully booted in 0.1s'), BOOT],
  },
  {
    says: kubelet('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'),
    ends: [PLEG, (s) => at(s, 'dockerd[8]', 'msg="API listen on /var/run/docker.sock"'), BOOT],
  },
  {
    says: kubelet(
      '"GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: received message larger than max (16791221 vs. 16777216)"',
    ),
    ends: [PLEG, BOOT],
  },
  {
    says: kubelet(
      '"Failed to create sandbox for pod" err="rpc error: code = Unknown desc = failed to setup network for sandbox 8f: plugin type=calico failed (add): timed out"',
    ),
    ends: [containerd('RunPodSandbox for a returns sandbox id 8f'), PLEG, BOOT],
  },
  {
    says: kubelet(
      '"Error syncing pod" err="unable to start unit kubepods-x.slice: Timeout waiting for systemd to create kubepods-x.slice"',
    ),
    ends: [containerd('RunPodSandbox for a returns sandbox id 8f'), PLEG, BOOT],
  },
  {
    says: kubelet(`"MountVolume.SetUp failed for volume" err="${DEADLINE}"`),
    ends: [kubelet('"MountVolume.SetUp succeeded for volume pvc-1"'), BOOT],
  },
  {
    says: kubelet(`"Allocate failed due to a call of the device plugin" err="${DEADLINE}"`),
    ends: [PLEG, BOOT],
  },
  {
    says: kubelet(`"StopContainer from runtime service failed" err="${DEADLINE}"`),
    ends: [PLEG, BOOT],
  },
  {
    says: kubelet(
      'failed to update lease, error: Put "https://10.0.0.1:6443/x": dial tcp 10.0.0.1:6443: i/o timeout',
      'controller.go',
    ),
    ends: [ADD, READY, BOOT],
  },
  {
    says: kubelet(
      '"command failed" err="failed to run Kubelet: misconfiguration: kubelet cgroup driver: cgroupfs"',
      'run.go',
    ),
    ends: [PLEG, ADD, BOOT],
  },
  {
    says: kernel('nfs: server 10.0.0.7 not responding, still trying'),
    ends: [kernel('nfs: server 10.0.0.7 OK'), BOOT],
  },
  { says: kernel('task containerd:812 blocked for more than 120 seconds.'), ends: [BOOT] },
  { says: kernel('EXT4-fs (sda1): Remounting filesystem read-only'), ends: [BOOT] },
  { says: kernel('watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [x:1]'), ends: [BOOT] },
];

const fault = fc.constantFrom(...FAULTS).chain(({ says, ends }) =>
  fc.record({
    says: fc.constant(says),
    end: fc.constantFrom(...ends),
    times: fc.integer({ min: 3, max: 12 }),
    minutes: fc.integer({ min: 1, max: 20 }),
  }),
);

/** So many times in so many minutes. */
function said(says: Say, times: number, minutes: number): string[] {
  return Array.from({ length: times }, (_, i) => says(Math.floor((i * minutes * 60) / (times - 1))));
}

describe('a fault that is over', () => {
  test('is no cause: its work has succeeded to the end of the log, and until when it was is said', () => {
    fc.assert(
      fc.property(fault, ({ says, end, times, minutes }) => {
        const last = minutes * 60;
        const lines = [
          ...said(says, times, minutes),
          ...[10, 100, 200, 320].map((s) => end(last + s)),
          OTHER(last + 330),
        ];
        for (const verdict of [verdictOf(lines.join('\n')), byClues(lines.join('\n'))]) {
          expect([lines[0], verdict.class, verdict.confidence]).toEqual([lines[0], 'Unknown', 'Low']);
          expect(verdict.summary).toMatch(/until \d\d:\d\d:\d\d/);
        }
      }),
      { numRuns: cases(200), seed: 51 },
    );
  });

  test('is one where it comes again after that', () => {
    fc.assert(
      fc.property(fault, ({ says, end, times, minutes }) => {
        const last = minutes * 60;
        const lines = [...said(says, times, minutes), end(last + 400), says(last + 410), says(last + 415)];
        const { class: found } = verdictOf(lines.join('\n'));
        expect([lines[0], found === 'Unknown' || found === 'Healthy']).toEqual([lines[0], false]);
      }),
      { numRuns: cases(200), seed: 52 },
    );
  });

  test('is one where only the success of something else comes after it', () => {
    const pairs: readonly (readonly [Say, Say])[] = [
      [FAULTS[10]!.says, kernel('nfs: server 10.0.0.9 OK')],
      [FAULTS[10]!.says, PLEG],
      [FAULTS[12]!.says, PLEG],
      [FAULTS[5]!.says, PLEG],
      [FAULTS[8]!.says, PLEG],
      [FAULTS[3]!.says, ADD],
      // Another program's words.
      [FAULTS[0]!.says, (s) => at(s, 'my-app[7]', '"SyncLoop (PLEG): event for pod"')],
    ];
    for (const [says, success] of pairs) {
      const text = [...said(says, 5, 5), success(310), success(500), OTHER(520)].join('\n');
      expect([text, ['Unknown', 'Healthy'].includes(verdictOf(text).class)]).toEqual([text, false]);
    }
  });

  test('of one container is one for minutes, whatever else goes on', () => {
    const stop = FAULTS[7]!.says;
    const text = [...said(stop, 5, 5), PLEG(310), PLEG(420), OTHER(421)].join('\n');
    expect(verdictOf(text).class).toBe('ShimOrRunc');
  });

  test('does not make sure of a second one, and what is old never adds up to more than a hint', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...FAULTS], { minLength: 1, maxLength: 6 }), (faults) => {
        const lines = faults.flatMap(({ says }, i) =>
          said(says, 5, 5).map((line) => line.replace(/$/, ` ${String(i)}`)),
        );
        expect(verdictOf([...lines, OTHER(300 + 601 + 60)].join('\n')).confidence).toBe('Low');
      }),
      { numRuns: cases(100), seed: 53 },
    );
  });
});

test('a start is over where the Node becomes ready, and not where it is asked for again', () => {
  const check = kubelet(
    '"Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"',
  );
  expect(verdictOf([check(0), READY(1)].join('\n')).class).toBe('Healthy');
  expect(verdictOf([check(0), READY(1), check(2)].join('\n')).class).not.toBe('Healthy');
});

test('what has succeeded is looked for in time in proportion to the text', () => {
  const parts = [
    'StartContainer ',
    'SyncLoop ADD ',
    'nfs: server ',
    'returns sandbox ',
    'remaining active paths: ',
    'event="',
  ];
  for (const part of parts) {
    const text = (size: number): string => part.repeat(Math.ceil(size / part.length));
    expect(cpuMs(() => logCluesOf({ name: 'x.log', text: text(100_000) }))).toBeLessThan(1_500);
    expect(cpuMs(() => logCluesOf({ name: 'x.log', text: text(100_000).replaceAll(' ', '\n') }))).toBeLessThan(1_500);
  }
});
