/** Load, start-up and configuration, and kubelets that are well. */
import type { Cause } from './cause.ts';

const LOAD = { class: 'SlowRelist', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;
const WELL = { class: 'Healthy', restartKubelet: 'DoesNotHelp', restartRuntime: 'DoesNotHelp' } as const;
/** Of the calls that a device plugin is asked for while a pod is admitted. */
const ALLOCATE_WEIGHT = 0.88;

export const LOAD_CAUSES: readonly Cause[] = [
  {
    ...LOAD,
    id: 'relist-slow',
    restartKubelet: 'Harms',
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
  {
    ...LOAD,
    id: 'cri-message-too-large',
    class: 'Configuration',
    summary: "The runtime's list of containers is larger than a gRPC message may be; every relist fails.",
    relistMayIdle: true,
    explains: ['runtime-hung', 'memory-or-cpu-starved'],
    signs: [
      { kind: 'log', pattern: /(?:trying to send|received) message larger than max \(\d+ vs\. \d+\)/g, weight: 0.92 },
    ],
    recommendation: 'Delete exited sandboxes and containers.',
    references: ['kubernetes/kubernetes#63858', 'kubernetes/kubernetes#131407', 'siderolabs/talos#10801'],
  },
  {
    ...LOAD,
    id: 'cri-version-unsupported',
    class: 'Configuration',
    summary: 'The runtime does not offer the CRI in the version that the kubelet needs, so that the kubelet exits.',
    explains: ['runtime-unavailable'],
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
    ...LOAD,
    id: 'device-plugin-allocate-hang',
    class: 'DevicePlugin',
    summary: 'The sync loop waits for a device plugin to allocate devices; that call has no time limit.',
    relistMayIdle: true,
    signs: [
      ...['allocate', 'getpreferredallocation', 'prestartcontainer'].map((call) => ({
        kind: 'stack' as const,
        frames: [`devicemanager.(*endpointimpl).${call}`],
        of: ['kubelet' as const],
        weight: ALLOCATE_WEIGHT,
      })),
      {
        kind: 'stack',
        frames: ['grpc*', 'devicemanager*', 'kubelet.(*kubelet).syncloop*'],
        of: ['kubelet'],
        weight: 0.86,
      },
    ],
    recommendation: 'Restart the device plugin; a restart of the kubelet helps until the next such pod comes.',
    references: ['kubernetes/kubernetes#117435', 'kubernetes/kubernetes#129249', 'kubernetes/kubernetes#130855'],
  },
  {
    ...LOAD,
    id: 'crio-cadvisor-start-jam',
    class: 'StartUpBlocked',
    restartKubelet: 'Harms',
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
    ...LOAD,
    id: 'containerd-task-hung-at-start',
    class: 'StartUpBlocked',
    restartKubelet: 'Harms',
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
    ...LOAD,
    id: 'runtime-status-never-completes',
    class: 'StartUpBlocked',
    restartKubelet: 'Harms',
    restartRuntime: 'Unknown',
    summary: 'The kubelet has started, but its first check of the runtime does not complete.',
    explains: ['pleg-never-relisted'],
    signs: [
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
    ...LOAD,
    id: 'pleg-never-relisted',
    class: 'StartUpBlocked',
    restartRuntime: 'Unknown',
    summary: 'relist has not succeeded once since the kubelet started.',
    signs: [
      { kind: 'pleg-log', is: 'start-up-stuck', weight: 0.6 },
      { kind: 'pleg-log', is: 'start-up-open', weight: 0.35 },
    ],
    recommendation: 'Look at the runtime: has it answered since the kubelet started?',
    references: ['kubernetes/kubernetes#69007', 'kubernetes/kubernetes#84978'],
  },
  {
    ...LOAD,
    id: 'upgrade-regression',
    class: 'Configuration',
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
    ...LOAD,
    id: 'evented-pleg-bugs',
    class: 'Configuration',
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
  {
    ...WELL,
    id: 'start-up-noise',
    summary: 'The kubelet has just started: PLEG is not yet successful for seconds, as at every start.',
    relistMayIdle: true,
    signs: [
      { kind: 'pleg-log', is: 'start-up-passed', weight: 0.35 },
      { kind: 'log', pattern: /Starting kubelet main sync loop/g, weight: 0.2, support: true },
      { kind: 'idles', weight: 0.5, support: true },
      {
        kind: 'stack',
        frames: ['kubelet.(*kubelet).initializeruntimedependentmodules'],
        of: ['kubelet'],
        weight: 0.4,
        support: true,
      },
    ],
    recommendation: 'Nothing. If it lasts for minutes, look again.',
    references: ['kubernetes/kubernetes#122338'],
  },
  {
    ...WELL,
    id: 'kubelet-idle',
    summary: 'Nothing is stuck: relist idles between two rounds, and the sync loop waits for work.',
    signs: [{ kind: 'idles', weight: 0.88 }],
    recommendation: 'Nothing. If the node is NotReady all the same, look at the condition and the log.',
    references: [],
  },
  {
    ...WELL,
    id: 'kubelet-works',
    summary: 'The log shows no fault: to its end relist finds what happens to pods, and the sync loop takes it up.',
    // Any sign of a fault outweighs it.
    signs: [{ kind: 'pleg-log', is: 'works', weight: 0.31 }],
    recommendation: 'Nothing. If the node is NotReady all the same, take a goroutine dump.',
    references: ['kubernetes/kubernetes#100803'],
  },
];
