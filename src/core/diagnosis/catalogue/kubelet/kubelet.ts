/** Deadlocks within the kubelet. */
import type { Cause } from '../cause.ts';

const LIST = ['ListPodSandbox', 'ListContainers', 'Status', 'Version', 'ListImages', 'ImageFsInfo'];
const WITHIN = { class: 'KubeletDeadlock', restartKubelet: 'Helps', restartRuntime: 'DoesNotHelp' } as const;

export const KUBELET_CAUSES: readonly Cause[] = [
  {
    ...WITHIN,
    id: 'kubelet-lock-held',
    restartKubelet: 'Unknown',
    summary: 'Goroutines of the kubelet have been waiting for minutes for a lock whose holder does not let go of it.',
    relistMayIdle: true,
    signs: [
      { kind: 'block', at: ['lock'], of: ['kubelet'], weight: 0.35 },
      { kind: 'block', at: ['lock'], of: ['kubelet'], atLeast: 5, weight: 0.55 },
    ],
    recommendation: 'Find out by the stacks what the holder of the lock waits for; a restart of the kubelet frees it.',
    references: ['https://pkg.go.dev/sync#Mutex'],
  },
  {
    ...WITHIN,
    id: 'pleg-event-channel-deadlock',
    summary:
      'relist is blocked sending to the PLEG event channel, which the sync loop does not drain while PLEG is unhealthy.',
    kubelets: { before: '1.14' },
    explains: ['runtime-hung'],
    signs: [
      { kind: 'relist', place: ['event-send'], weight: 0.9 },
      { kind: 'sync-loop', place: ['skipping'], weight: 0.5, support: true },
      { kind: 'pleg-log', is: 'unhealthy', weight: 0.5, support: true },
    ],
    recommendation: 'Restart the kubelet, and upgrade it to 1.14 or later.',
    fixedIn: '1.14',
    references: ['kubernetes/kubernetes#72482', 'kubernetes/kubernetes#72709'],
  },
  {
    ...WITHIN,
    id: 'kubelet-cri-connection-dead',
    summary: "relist waits for {method} on the kubelet's connection to the runtime, while the runtime answers others.",
    onlyIfProbe: ['Answered'],
    explains: ['pod-sandbox-creation-hung'],
    signs: [
      { kind: 'relist', place: ['cri'], methods: LIST, weight: 0.62 },
      { kind: 'relist', place: ['cri'], methods: LIST, movement: ['same-call', 'same-place'], weight: 0.7 },
      { kind: 'relist', place: ['cri'], methods: ['PodSandboxStatus', 'ContainerStatus'], weight: 0.4 },
      {
        kind: 'stack',
        frames: ['grpc*', '(*runtimeserviceclient).list*'],
        of: ['kubelet'],
        without: ['pleg*', 'listcontainerstats', 'listpodsandboxstats'],
        weight: 0.4,
      },
    ],
    recommendation: 'Restart the kubelet; look at what stands between it and the socket of the runtime.',
    references: ['https://grpc.io/docs/guides/keepalive/'],
  },
  {
    ...WITHIN,
    id: 'cadvisor-manager-lock-deadlock',
    summary: "The kubelet's cAdvisor is stuck on its own lock; the sync loop waits for container statistics.",
    kubelets: { from: '1.17', before: '1.22' },
    signs: [
      {
        kind: 'stack',
        frames: ['cadvisor/manager.(*manager)*'],
        waits: ['lock'],
        atLeast: 2,
        of: ['kubelet'],
        weight: 0.8,
      },
      { kind: 'stack', frames: ['sync.(*rwmutex).rlock', 'manager.(*manager).getcontainersdiff'], weight: 0.6 },
      { kind: 'stack', frames: ['getcgroupstats', 'kubelet.(*kubelet).syncloop*'], weight: 0.5, support: true },
    ],
    recommendation: 'Restart the kubelet, and upgrade it.',
    references: ['kubernetes/kubernetes#102481', 'google/cadvisor#2024', 'google/cadvisor#3756'],
  },
  {
    ...WITHIN,
    id: 'pod-worker-kill-channel-deadlock',
    summary: 'Pod workers are blocked answering a kill request whose sender has given up.',
    kubelets: { before: '1.12' },
    relistMayIdle: true,
    signs: [
      {
        kind: 'stack',
        frames: ['kubelet.(*podworkers).managepodloop'],
        without: ['status.(*manager)*', 'kuberuntime*'],
        waits: ['send'],
        of: ['kubelet'],
        weight: 0.88,
      },
    ],
    recommendation: 'Restart the kubelet, and upgrade it to 1.12 or a patch release with the fix.',
    fixedIn: '1.12',
    references: ['kubernetes/kubernetes#65987'],
  },
  {
    ...WITHIN,
    id: 'status-manager-channel-deadlock',
    summary: 'The pod status manager is blocked sending to its own channel, with its lock held.',
    kubelets: { before: '1.2' },
    relistMayIdle: true,
    signs: [
      { kind: 'stack', frames: ['status.(*manager).setpodstatus'], waits: ['send'], of: ['kubelet'], weight: 0.88 },
    ],
    recommendation: 'Restart the kubelet, and upgrade it.',
    fixedIn: '1.0',
    references: ['kubernetes/kubernetes#10182', 'kubernetes/kubernetes#9833'],
  },
  {
    ...WITHIN,
    id: 'nested-pending-operations-leak',
    summary: 'A volume operation is pending for ever, so that pods of that volume wait in vain; PLEG itself is well.',
    kubelets: { from: '1.19', before: '1.24' },
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern:
          /Operation for "[^\n"]{1,300}" is already executing|operation is already executing|nestedpendingoperations[^\n]{0,300}exceeds max|failed with operation pending/g,
        atLeast: 3,
        weight: 0.4,
      },
      {
        kind: 'log',
        pattern: /unmounted volumes=\[[^\n]{0,400}timed out waiting for the condition/g,
        atLeast: 3,
        weight: 0.4,
      },
      { kind: 'stack', frames: ['nestedpendingoperations*'], atLeast: 20, of: ['kubelet'], weight: 0.6 },
    ],
    recommendation: 'Restart the kubelet, and upgrade it to 1.24 or a patch release with the fix.',
    fixedIn: '1.24',
    references: ['kubernetes/kubernetes#108009', 'kubernetes/kubernetes#109190', 'kubernetes/kubernetes#109343'],
  },
  {
    ...WITHIN,
    id: 'evented-pleg-cache-wait',
    class: 'Configuration',
    restartKubelet: 'DoesNotHelp',
    summary: 'Pod workers wait for the pod cache, which the event-driven PLEG brings up to date too seldom.',
    kubelets: { from: '1.26' },
    relistMayIdle: true,
    signs: [
      {
        kind: 'stack',
        frames: ['kubelet/container.(*cache).getnewerthan'],
        atLeast: 5,
        of: ['kubelet'],
        weight: 0.45,
        // Pod workers wait so with the generic PLEG too, whenever relist fails.
        support: true,
      },
      { kind: 'stack', frames: ['pleg.(*eventedpleg)*'], of: ['kubelet'], weight: 0.25 },
      { kind: 'log', pattern: /EventedPLEG["=:]+ ?true/g, weight: 0.25 },
    ],
    recommendation: 'Turn the feature gate EventedPLEG off.',
    references: ['kubernetes/kubernetes#124297', 'kubernetes/kubernetes#124953', 'kubernetes/kubernetes#127954'],
  },
  {
    ...WITHIN,
    id: 'apiserver-connection-dead',
    summary: 'The kubelet goes on using a closed connection to the API server: the node turns Unknown, PLEG is well.',
    kubelets: { before: '1.20' },
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern:
          /(?:updating node status|node lease|Failed to (?:watch|list)|reflector)[^\n]{0,600}use of closed network connection/g,
        atLeast: 3,
        weight: 0.7,
      },
    ],
    recommendation: 'Restart the kubelet, and upgrade it: newer ones check their HTTP/2 connections.',
    fixedIn: '1.20',
    references: ['kubernetes/kubernetes#87615', 'kubernetes/kubernetes#91963', 'kubernetes/kubernetes#92164'],
  },
  {
    ...WITHIN,
    id: 'node-status-wedged',
    summary: 'The node status is no longer updated since a call to the runtime failed.',
    kubelets: { from: '1.6', before: '1.8' },
    signs: [
      {
        kind: 'stack',
        frames: ['kubelet.(*kubelet).setnodestatus'],
        waits: ['lock', 'receive', 'select'],
        of: ['kubelet'],
        weight: 0.6,
      },
      // The controller manager says so of every kubelet that is silent.
      { kind: 'log', pattern: /Kubelet stopped posting node status/g, weight: 0.4, support: true },
    ],
    recommendation: 'Restart the kubelet, and upgrade it.',
    references: ['kubernetes/kubernetes#53207'],
  },
  {
    ...WITHIN,
    id: 'pleg-concurrent-relist-crash',
    summary: 'Two relists at once have crashed the kubelet on one of their maps.',
    kubelets: { before: '1.19' },
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern: /fatal error: concurrent map (?:read and map write|writes|iteration and map write)/g,
        weight: 0.45,
      },
      { kind: 'stack', frames: ['pleg.podrecords.setcurrent'], of: ['kubelet'], weight: 0.3 },
      { kind: 'stack', frames: ['pleg.(*genericpleg).relist'], atLeast: 2, of: ['kubelet'], weight: 0.6 },
    ],
    recommendation: 'The kubelet has exited and is started by its unit; upgrade it.',
    references: ['kubernetes/kubernetes#88779'],
  },
  {
    ...WITHIN,
    id: 'kubelet-cut-off-from-api',
    class: 'KubeletSilent',
    restartKubelet: 'Unknown',
    summary: 'The kubelet cannot report to the API server: it does not get there, or nothing comes back.',
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern:
          /(?:controller|kubelet_node_status)\.go:\d{1,5}[^\n]{0,8}(?:[Ff]ailed to (?:update|ensure) (?:node )?lease|Error updating node status|Unable to (?:update node status|register node))[^\n]{0,360}(?:dial tcp|no such host|connection refused|connection reset|\bEOF\b|no route to host|network is unreachable|handshake timeout|deadline exceeded|Client\.Timeout|use of closed|request canceled|i\/o timeout)/g,
        weight: 0.45,
      },
    ],
    recommendation:
      'Look at the way from the node to the API server; if it is free, restart the kubelet, so that it connects anew.',
    references: ['kubernetes/kubernetes#87615'],
  },
  {
    ...WITHIN,
    id: 'kubelet-refused-by-api',
    class: 'KubeletSilent',
    restartKubelet: 'DoesNotHelp',
    summary: 'The API server answers the kubelet, and does not take what it reports.',
    relistMayIdle: true,
    signs: [
      {
        kind: 'log',
        pattern:
          /(?:controller|kubelet_node_status)\.go:\d{1,5}[^\n]{0,8}(?:[Ff]ailed to (?:update|ensure) (?:node )?lease|Error updating node status|Unable to (?:update node status|register node))[^\n]{0,360}(?:Unauthorized|forbidden|x509|certificate|webhook)/g,
        weight: 0.5,
      },
    ],
    recommendation: 'Look at its client certificate, at the rights of its node, and at admission webhooks.',
    references: ['kubernetes/kubernetes#87615'],
  },
];
