/** What no restart mends: releases, features and sizes that do not fit together. */
import type { Cause } from '../cause.ts';

const CONFIGURATION = { class: 'Configuration', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;

export const CONFIGURATION_CAUSES: readonly Cause[] = [
  {
    ...CONFIGURATION,
    id: 'cri-message-too-large',
    summary: "The runtime's list of containers is larger than a gRPC message may be; every relist fails.",
    relistMayIdle: true,
    explains: ['runtime-hung', 'memory-or-cpu-starved'],
    signs: [{ kind: 'call', callee: ['list', 'container', 'sandbox'], codes: ['oversized'], weight: 0.92 }],
    recommendation: 'Delete exited sandboxes and containers.',
    references: ['kubernetes/kubernetes#63858', 'kubernetes/kubernetes#131407', 'siderolabs/talos#10801'],
  },
  {
    ...CONFIGURATION,
    id: 'cri-version-unsupported',
    summary: 'The runtime does not offer the CRI in the version that the kubelet needs, so that the kubelet exits.',
    explains: ['runtime-unavailable', 'kubelet-does-not-start'],
    signs: [
      {
        kind: 'log',
        pattern: /code = Unimplemented desc = unknown service runtime\.v1(?:alpha2)?\.(?:Runtime|Image)Service/g,
        weight: 0.88,
      },
    ],
    recommendation: 'Upgrade the runtime, or enable its CRI plugin (disabled_plugins of containerd).',
    references: ['kubernetes/minikube#17170', 'containerd/containerd#8139', 'kubernetes/kubernetes#131164'],
  },
  {
    ...CONFIGURATION,
    id: 'kubelet-does-not-start',
    summary: 'The kubelet ends as it starts, by an error that it names: most often of its configuration.',
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern: /"command failed" err=|"msg":"command failed"|failed to run [Kk]ubelet|failed to load kubelet config/g,
        weight: 0.5,
      },
    ],
    recommendation: 'Mend what the line names; no restart does.',
    references: ['kubernetes/kubernetes#43805'],
  },
  {
    ...CONFIGURATION,
    id: 'runtime-does-not-start',
    summary:
      'The container runtime ends as it starts, by an error that it names: of its configuration, or of what it has kept.',
    relistMayIdle: true,
    explains: ['runtime-unavailable', 'pod-sandbox-creation-hung'],
    signs: [
      {
        kind: 'log',
        pattern:
          /level=fatal msg="?(?:[Ff]ailed to (?:run CRI service|start)|[Vv]alidating|[Uu]nable to|[Ii]nvalid)|failed to start daemon: |level=error msg="?failed to load plugin[^\n]{0,200}grpc\.v1\.cri/g,
        weight: 0.5,
      },
    ],
    recommendation:
      'Mend what the line names; no restart does. Of state that is damaged, its own documentation says what may be moved away.',
    references: ['containerd/containerd#10848', 'k3s-io/k3s#5189'],
  },
  {
    ...CONFIGURATION,
    id: 'upgrade-regression',
    summary: 'A known regression of a release: container states or exits are lost after an upgrade.',
    relistMayIdle: true,
    signs: [
      { kind: 'runtime-version', pattern: /containerd v?1\.7\.14\b/, weight: 0.4 },
      { kind: 'log', pattern: /RunContainerError[^\n]{0,300}cgroup/g, atLeast: 2, weight: 0.5 },
      { kind: 'log', pattern: /containerd[^\n]{0,40}1\.7\.14\b/g, weight: 0.35 },
    ],
    recommendation: 'Go back to the release before, or on to one with the fix.',
    references: ['kubernetes/kubernetes#101056', 'kubernetes/kubernetes#138512', 'awslabs/amazon-eks-ami#1933'],
  },
  {
    ...CONFIGURATION,
    id: 'evented-pleg-bugs',
    restartKubelet: 'Unknown',
    summary: 'The event-driven PLEG (an alpha feature) does not work.',
    kubelets: { from: '1.26' },
    relistMayIdle: true,
    explains: ['evented-pleg-cache-wait'],
    signs: [
      {
        kind: 'log',
        pattern: /EventedPLEG is not healthy|EventedPLEG: pleg event channel capacity is full/g,
        weight: 0.88,
      },
      {
        kind: 'log',
        pattern: /Evented PLEG: (?:Failed to get container events|Event channel is full)/g,
        atLeast: 3,
        weight: 0.6,
      },
    ],
    recommendation: 'Turn the feature gate EventedPLEG off.',
    references: ['kubernetes/kubernetes#121003', 'kubernetes/kubernetes#123087', 'containerd/containerd#9070'],
  },
];
