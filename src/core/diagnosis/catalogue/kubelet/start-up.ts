/** A kubelet that has started and does not come up. */
import type { Cause } from '../cause.ts';

const START_UP = { class: 'StartUpBlocked', restartKubelet: 'Harms' } as const;

export const START_UP_CAUSES: readonly Cause[] = [
  {
    ...START_UP,
    id: 'crio-cadvisor-start-jam',
    restartRuntime: 'Helps',
    summary: "After its start the kubelet's cAdvisor waits for CRI-O, which waits for a container that is ending.",
    explains: ['runtime-status-never-completes'],
    signs: [
      { kind: 'stack', frames: ['cadvisor/container/crio*'], of: ['kubelet'], weight: 0.88 },
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.3, support: true },
    ],
    recommendation: 'Wait for the container that is ending, or restart CRI-O. Do not restart the kubelet.',
    references: ['cri-o/cri-o#8748', 'cri-o/cri-o#9754', 'google/cadvisor#3838'],
  },
  {
    ...START_UP,
    id: 'containerd-task-hung-at-start',
    restartRuntime: 'Helps',
    summary: "At its start the kubelet's cAdvisor waits for the task service of containerd.",
    explains: ['runtime-status-never-completes'],
    signs: [
      { kind: 'stack', frames: ['containerd.newcontainerdcontainerhandler'], of: ['kubelet'], weight: 0.8 },
      { kind: 'stack', frames: ['taskpid', 'cadvisor/container/containerd*'], of: ['kubelet'], weight: 0.7 },
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.3, support: true },
    ],
    recommendation: 'Kill the hung shim, restart containerd.',
    references: ['containerd/containerd#3440'],
  },
  {
    ...START_UP,
    id: 'runtime-status-never-completes',
    restartRuntime: 'Unknown',
    summary: 'The kubelet has started, but its first check of the runtime does not complete.',
    explains: ['pleg-never-relisted'],
    signs: [
      { kind: 'pleg-log', is: 'check-stuck', weight: 0.58 },
      {
        kind: 'log',
        pattern: /container runtime status check may not have completed yet/g,
        atLeast: 20,
        weight: 0.55,
      },
      {
        // PLEG has been successful, or would be, and has since been waiting for minutes.
        kind: 'log',
        pattern:
          /container runtime status check may not have completed yet, PLEG is not healthy: pleg was last seen active (?!2562047h)/g,
        weight: 0.55,
      },
      {
        // PLEG is well already, and this check is not: for a moment at every start.
        kind: 'log',
        pattern: /(?:err="|synchronization - )container runtime status check may not have completed yet/g,
        weight: 0.32,
      },
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.3, support: true },
      {
        kind: 'stack',
        frames: ['kubelet.(*kubelet).initializeruntimedependentmodules'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.62,
      },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).status', 'kubelet.(*kubelet).updateruntimeup'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.4,
      },
      { kind: 'sync-loop', place: ['skipping'], weight: 0.2, support: true },
    ],
    recommendation:
      'See where initializeRuntimeDependentModules waits (goroutine dump): cAdvisor, a mount, the runtime.',
    references: ['kubernetes/kubernetes#101056', 'cri-o/cri-o#8748', 'containerd/containerd#3440'],
  },
  {
    ...START_UP,
    id: 'pleg-never-relisted',
    restartKubelet: 'DoesNotHelp',
    restartRuntime: 'Unknown',
    summary: 'relist has not succeeded once since the kubelet started.',
    signs: [
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.6 },
      { kind: 'pleg-log', is: 'start-up-open', weight: 0.35 },
    ],
    recommendation: 'Look at the runtime: has it answered since the kubelet started?',
    references: ['kubernetes/kubernetes#69007', 'kubernetes/kubernetes#84978'],
  },
];
