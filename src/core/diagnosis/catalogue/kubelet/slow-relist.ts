/** relist goes on and takes too long. */
import type { Cause } from '../cause.ts';

export const SLOW_RELIST_CAUSES: readonly Cause[] = [
  {
    id: 'relist-slow',
    class: 'SlowRelist',
    restartKubelet: 'Harms',
    restartRuntime: 'DoesNotHelp',
    summary: 'relist goes on, but takes too long: it inspects pods and containers one after the other.',
    explains: ['containerd-shim-hung'],
    signs: [
      {
        kind: 'relist',
        place: ['cri'],
        methods: ['PodSandboxStatus', 'ContainerStatus'],
        movement: ['next-call', 'moved'],
        weight: 0.62,
      },
      { kind: 'exited-containers', atLeast: 1_000, weight: 0.6 },
      { kind: 'pleg-log', is: 'unhealthy', weight: 0.3, support: true },
    ],
    recommendation: 'Remove exited containers, run fewer pods; a restart makes the kubelet inspect all of them again.',
    fixedIn: '1.36',
    references: ['kubernetes/kubernetes#93886', 'kubernetes/kubernetes#139788', 'kubernetes/kubernetes#137471'],
  },
];
