/** The network of pods. */
import type { Cause } from '../cause.ts';

const CNI = { class: 'Cni', restartKubelet: 'DoesNotHelp', restartRuntime: 'Unknown' } as const;

export const CNI_CAUSES: readonly Cause[] = [
  {
    ...CNI,
    id: 'dockershim-cni-pod-lock',
    restartKubelet: 'Helps',
    restartRuntime: 'DoesNotHelp',
    summary:
      'A CNI plugin does not end, and holds the lock of its pod in the kubelet; the status of that pod waits for it.',
    kubelets: { from: '1.4', before: '1.24' },
    explains: ['runtime-hung', 'dockerd-does-not-answer', 'containerd-shim-hung', 'kubelet-cri-connection-dead'],
    signs: [
      { kind: 'stack', frames: ['network.(*pluginmanager).getpodnetworkstatus'], waits: ['lock'], weight: 0.86 },
      {
        kind: 'stack',
        frames: ['os/exec.(*cmd)*', 'network.(*pluginmanager).setuppod'],
        weight: 0.6,
        support: true,
      },
      {
        kind: 'stack',
        frames: ['os/exec.(*cmd)*', 'network.(*pluginmanager).teardownpod'],
        weight: 0.6,
        support: true,
      },
      { kind: 'stack', frames: ['os/exec.(*cmd)*', 'network.(*pluginmanager)*'], weight: 0.6 },
    ],
    recommendation: 'Restart the kubelet, which ends its CNI children; then see why the CNI plugin hangs.',
    references: ['kubernetes/kubernetes#45419', 'kubernetes/kubernetes#98044', 'kubernetes/kubernetes#107749'],
  },
  {
    ...CNI,
    id: 'pod-sandbox-creation-hung',
    summary:
      'Making or ending the network of pods does not succeed, or takes the runtime minutes; PLEG itself may be well.',
    relistMayIdle: true,
    signs: [
      { kind: 'call', callee: ['network'], codes: ['late', 'hangs'], weight: 0.52 },
      { kind: 'call', callee: ['network'], codes: ['late', 'hangs'], atLeast: 3, minutes: 2, weight: 0.62 },
      { kind: 'call', callee: ['network'], codes: ['failed', 'unavailable'], weight: 0.42 },
      { kind: 'call', callee: ['sandbox'], codes: ['late', 'hangs'], weight: 0.42 },
      { kind: 'call', callee: ['sandbox'], codes: ['late', 'hangs'], atLeast: 3, minutes: 2, weight: 0.52 },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).runpodsandbox'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.55,
      },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).stoppodsandbox'],
        of: ['kubelet'],
        lasting: true,
        weight: 0.5,
      },
      {
        kind: 'stack',
        frames: ['os/exec.(*cmd)*', 'containernetworking/cni/pkg/invoke*'],
        of: ['containerd', 'crio'],
        lasting: true,
        weight: 0.65,
      },
      {
        kind: 'log',
        pattern:
          /(?:RunPodSandbox|StopPodSandbox)[^\n]{0,60}from runtime service failed[^\n]{0,200}(?:DeadlineExceeded|code = 4 desc|operation timeout)/g,
        weight: 0.35,
      },
      {
        // The call before has timed out for the kubelet, and still goes on in the runtime.
        kind: 'log',
        pattern:
          /failed to reserve sandbox name|error reserving pod name|Failed (?:to )?create pod sandbox: rpc error: code = DeadlineExceeded/g,
        weight: 0.45,
      },
    ],
    recommendation:
      'See which CNI plugin runs (`ps`), and what it waits for: its daemon, its IPAM lock, the API server.',
    references: ['kubernetes/kubernetes#107749', 'containernetworking/plugins#561', 'containerd/containerd#4666'],
  },
  {
    ...CNI,
    id: 'containerd-cni-lock',
    explains: ['pod-sandbox-creation-hung'],
    summary: 'The runtime waits for a CNI plugin with the network lock held: its status hangs, its lists do not.',
    signs: [
      { kind: 'stack', frames: ['go-cni.(*libcni)*'], waits: ['lock'], of: ['containerd'], weight: 0.88 },
      { kind: 'stack', frames: ['ocicni*'], waits: ['lock'], of: ['crio'], weight: 0.8 },
    ],
    recommendation: 'Kill the hung CNI plugin and see what it waits for.',
    references: ['containerd/containerd#4666', 'containernetworking/plugins#561'],
  },
];
