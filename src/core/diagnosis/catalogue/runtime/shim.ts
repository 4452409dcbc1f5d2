/** Shims and runc: what the runtime itself waits for. */
import type { Cause } from '../cause.ts';

const SHIM = { class: 'ShimOrRunc', restartKubelet: 'DoesNotHelp', restartRuntime: 'Helps' } as const;
const STATUS = ['PodSandboxStatus', 'ContainerStatus'];

export const SHIM_CAUSES: readonly Cause[] = [
  {
    ...SHIM,
    id: 'containerd-shim-hung',
    summary: 'The runtime answers lists, but not {method} of a container: its shim is stuck.',
    notIfProbe: ['Timeout', 'Unavailable'],
    signs: [
      { kind: 'call', callee: ['oci'], codes: ['late', 'hangs'], weight: 0.52 },
      { kind: 'call', callee: ['container'], codes: ['late', 'hangs'], weight: 0.42 },
      { kind: 'call', callee: ['container', 'oci'], codes: ['late', 'hangs'], ofOne: true, atLeast: 2, weight: 0.58 },
      { kind: 'relist', place: ['cri'], methods: STATUS, weight: 0.55 },
      {
        kind: 'log',
        pattern: /get state for [0-9a-f]{6,64}[^\n]{0,200}(?:context deadline exceeded|DeadlineExceeded)/g,
        weight: 0.6,
      },
      {
        kind: 'log',
        pattern:
          /(?:ContainerStatus|PodSandboxStatus)[^\n]{0,200}(?: from runtime service failed| error: )[^\n]{0,200}(?:DeadlineExceeded|code = 4 desc|operation timeout)/g,
        weight: 0.45,
      },
      {
        kind: 'log',
        pattern:
          /PLEG: (?:Ignoring events for pod|Write status)[^\n]{0,300}(?:DeadlineExceeded|code = 4 desc|operation timeout)|Failed to get container status"[^\n]{0,100}DeadlineExceeded/g,
        weight: 0.32,
      },
      {
        kind: 'log',
        pattern: /collecting metrics for [0-9a-f]{6,64}\\?"[^\n]{0,60}context (?:deadline exceeded|canceled)/g,
        weight: 0.4,
      },
      {
        // It does not end although it was killed.
        kind: 'log',
        pattern:
          /Stop(?:Container|PodSandbox) for [^\n]{0,100} failed[^\n]{0,200}(?:to be killed|failed to kill|failed to delete task)[^\n]{0,200}context (?:deadline exceeded|canceled)|failed to handle container TaskExit event[^\n]{0,600}context deadline exceeded/g,
        weight: 0.55,
      },
      { kind: 'log', pattern: /KillContainerError[^\n]{0,40}DeadlineExceeded/g, weight: 0.3 },
      {
        kind: 'stack',
        frames: ['ttrpc.(*client).dispatch'],
        // A wait lasts as long as its container.
        without: ['.wait'],
        of: ['containerd'],
        lasting: true,
        weight: 0.65,
      },
      // Statistics ask every shim, so that one of them holds up all.
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).listcontainerstats'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.5,
      },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).stopcontainer'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.1,
        support: true,
      },
    ],
    recommendation: 'Find the container (crictl inspect with a timeout), kill its shim, and upgrade containerd.',
    references: [
      'containerd/containerd#3529',
      'containerd/containerd#5274',
      'containerd/containerd#9103',
      'containerd/containerd#14081',
    ],
  },
  {
    ...SHIM,
    id: 'containerd-shim-deadlock',
    summary: 'A containerd shim is locked up: its own calls wait for one lock.',
    explains: ['containerd-shim-hung', 'runtime-hung'],
    signs: [
      { kind: 'stack', frames: ['containerd*', 'ttrpc*'], waits: ['lock'], of: ['shim'], atLeast: 2, weight: 0.85 },
      // The lock of the shim's service: whoever waits for it for minutes will wait for ever.
      {
        kind: 'stack',
        frames: ['sync*', 'shim.(*service)*'],
        waits: ['lock'],
        of: ['shim'],
        lasting: true,
        weight: 0.7,
      },
      {
        kind: 'stack',
        frames: ['sync*', 'task.(*service)*'],
        waits: ['lock'],
        of: ['shim'],
        lasting: true,
        weight: 0.7,
      },
    ],
    recommendation: 'Kill that shim, and upgrade containerd.',
    references: ['containerd/containerd#3572', 'containerd/containerd#9103', 'containerd/containerd#9104'],
  },
  {
    ...SHIM,
    id: 'sandbox-runtime-hang',
    explains: ['containerd-shim-hung'],
    summary: 'A sandbox (gVisor, Kata) does not die, and the shim waits for it for ever.',
    relistMayIdle: true,
    signs: [
      { kind: 'stack', frames: ['ttrpc*', '(*service).kill'], of: ['shim'], atLeast: 100, weight: 0.9 },
      {
        kind: 'log',
        pattern: /(?:runsc|kata)[^\n]{0,300}(?:context deadline exceeded|DeadlineExceeded)/g,
        atLeast: 2,
        weight: 0.5,
      },
      { kind: 'host', events: ['hung', 'asleep'], owners: ['sandbox'], weight: 0.4 },
    ],
    restartRuntime: 'DoesNotHelp',
    recommendation: 'Kill the process tree of the sandbox.',
    references: ['containerd/containerd#14081', 'kata-containers/runtime#406'],
  },
  {
    ...SHIM,
    id: 'runc-frozen-cgroup',
    restartRuntime: 'DoesNotHelp',
    summary: 'runc is stuck in a frozen cgroup: it can neither go on nor be killed.',
    explains: ['containerd-shim-hung', 'runtime-hung', 'runc-hung', 'kernel-blocked-processes'],
    signs: [
      { kind: 'host', events: ['hung', 'asleep'], owners: ['runc'], places: ['freezer'], weight: 0.7 },
      {
        kind: 'host',
        events: ['hung', 'asleep'],
        owners: ['kubelet', 'runtime', 'shim'],
        places: ['freezer'],
        weight: 0.5,
      },
      { kind: 'host', events: ['stack'], places: ['freezer'], weight: 0.7 },
      // A container may have been paused.
      { kind: 'host', events: ['frozen'], owners: ['pod'], weight: 0.35 },
      { kind: 'log', pattern: /unable to freeze|freezer[^\n]{0,100}(?:FREEZING|cannot|unable)/g, weight: 0.45 },
    ],
    recommendation: 'Thaw the cgroup (echo THAWED > freezer.state), kill runc, else reboot; upgrade runc.',
    references: ['opencontainers/runc#2753', 'opencontainers/runc#4481', 'kubernetes/kubernetes#104280'],
  },
  {
    ...SHIM,
    id: 'runc-hung',
    restartRuntime: 'Unknown',
    summary: 'runc hangs; the runtime waits for it.',
    explains: ['containerd-shim-hung', 'kernel-blocked-processes'],
    signs: [
      { kind: 'host', events: ['asleep'], owners: ['runc'], weight: 0.65 },
      {
        kind: 'log',
        pattern: /failed to exit within \d+ seconds of kill - trying direct SIGKILL/g,
        weight: 0.4,
      },
      {
        kind: 'stack',
        frames: ['os/exec.(*cmd).wait', 'go-runc*'],
        of: ['shim', 'containerd'],
        lasting: true,
        weight: 0.6,
      },
    ],
    recommendation: 'Kill the hung runc; look at what it waits for (/proc/PID/stack).',
    references: ['opencontainers/runc#3663', 'opencontainers/runc#3759', 'moby/moby#36010'],
  },
];
