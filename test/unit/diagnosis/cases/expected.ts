/**
 * Captures and what they should be diagnosed as. The texts beside this file are put together from stacks of public issues
 * (see the references in the catalogue), in the layouts that Go's runtime prints.
 */
import type { CauseClass, Confidence, RestartEffect } from '../../../../src/api/v1alpha1/diagnosis.ts';
import type { ProbeState } from '../../../../src/api/v1alpha1/health.ts';
import type { HostSummary } from '../../../../src/api/v1alpha1/incident.ts';

export interface Expected {
  readonly class: readonly CauseClass[];
  /** Where the id of the cause is known to others. */
  readonly cause?: string;
  readonly kubelet?: readonly RestartEffect[];
  readonly runtime?: readonly RestartEffect[];
  readonly confidence?: readonly Confidence[];
}

export interface CaptureCase extends Expected {
  readonly name: string;
  readonly dumps?: readonly string[];
  readonly log?: string;
  readonly probe?: ProbeState;
  readonly host?: Partial<HostSummary>;
  readonly kubeletVersion?: string;
  readonly runtimeVersion?: string;
}

const NO_HELP: readonly RestartEffect[] = ['DoesNotHelp', 'Harms'];
const SURE: readonly Confidence[] = ['High', 'Medium'];
const UNSURE: readonly Confidence[] = ['Low', 'Medium'];

export const DUMP_CASES: readonly CaptureCase[] = [
  {
    name: 'relist sends to a full channel',
    dumps: ['pleg-event-channel-deadlock.txt.gz'],
    cause: 'pleg-event-channel-deadlock',
    class: ['KubeletDeadlock'],
    kubelet: ['Helps'],
    runtime: ['DoesNotHelp'],
    confidence: ['High'],
  },
  {
    name: 'CNI holds the lock of a pod in dockershim',
    dumps: ['dockershim-cni-pod-lock.txt.gz'],
    cause: 'dockershim-cni-pod-lock',
    class: ['Cni', 'KubeletDeadlock'],
    kubelet: ['Helps'],
    confidence: SURE,
  },
  {
    name: 'locks of cAdvisor',
    dumps: ['cadvisor-manager-lock-deadlock.txt.gz'],
    cause: 'cadvisor-manager-lock-deadlock',
    class: ['KubeletDeadlock'],
    kubelet: ['Helps'],
    confidence: SURE,
  },
  {
    name: 'a pod worker answers a kill',
    dumps: ['pod-worker-kill-channel-deadlock.txt.gz'],
    class: ['KubeletDeadlock'],
    kubelet: ['Helps'],
  },
  {
    name: 'the status manager sends',
    dumps: ['status-manager-channel-deadlock.txt.gz'],
    class: ['KubeletDeadlock'],
    kubelet: ['Helps'],
  },
  {
    name: 'a device plugin does not answer Allocate',
    dumps: ['device-plugin-allocate-hang.txt.gz'],
    class: ['DevicePlugin'],
    kubelet: ['DoesNotHelp', 'Helps'],
    confidence: SURE,
  },
  {
    name: 'pod workers wait for the evented cache',
    dumps: ['evented-pleg-cache-wait.txt.gz'],
    class: ['Configuration', 'Unknown', 'Healthy'],
  },
  {
    name: 'the runtime hangs, nobody has asked it',
    dumps: ['runtime-hung.txt.gz'],
    cause: 'runtime-hung',
    class: ['RuntimeHung'],
    kubelet: ['Harms'],
    runtime: ['Helps'],
    confidence: ['Medium'],
  },
  {
    name: 'the runtime hangs and answers nobody',
    dumps: ['runtime-hung.txt.gz'],
    probe: 'Timeout',
    cause: 'runtime-hung',
    class: ['RuntimeHung'],
    confidence: ['High'],
  },
  {
    name: 'the runtime is away',
    dumps: ['runtime-hung.txt.gz'],
    probe: 'Unavailable',
    class: ['RuntimeHung'],
    kubelet: NO_HELP,
    confidence: ['High'],
  },
  {
    name: 'the runtime answers others',
    dumps: ['kubelet-cri-connection-dead.1.txt.gz', 'kubelet-cri-connection-dead.2.txt.gz'],
    probe: 'Answered',
    cause: 'kubelet-cri-connection-dead',
    class: ['KubeletDeadlock'],
    kubelet: ['Helps'],
    runtime: ['DoesNotHelp'],
    confidence: ['High'],
  },
  {
    name: 'the same stack, nobody has asked the runtime',
    dumps: ['kubelet-cri-connection-dead.1.txt.gz', 'kubelet-cri-connection-dead.2.txt.gz'],
    cause: 'runtime-hung',
    class: ['RuntimeHung'],
    confidence: ['Medium'],
  },
  {
    name: 'Docker of long ago hangs',
    dumps: ['runtime-hung-docker.txt.gz'],
    class: ['RuntimeHung'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'a shim does not answer containerd',
    dumps: ['containerd-shim-hang.txt.gz'],
    class: ['ShimOrRunc'],
    kubelet: NO_HELP,
  },
  {
    name: 'containerd holds a status lock',
    dumps: ['containerd-status-lock-held.txt.gz'],
    class: ['RuntimeHung', 'ShimOrRunc'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'containerd waits for its metrics',
    dumps: ['containerd-metrics-lock.txt.gz'],
    class: ['RuntimeHung', 'ShimOrRunc'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'containerd loads a shim that hangs',
    dumps: ['containerd-load-shim-vfio-hang.txt.gz'],
    class: ['ShimOrRunc', 'RuntimeHung', 'KernelOrHost'],
    kubelet: NO_HELP,
  },
  {
    name: 'CRI-O waits for a stop',
    dumps: ['crio-stop-lock-deadlock.txt.gz'],
    class: ['RuntimeHung'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'dockerd holds the lock of a container',
    dumps: ['dockerd-container-lock-deadlock.txt.gz'],
    class: ['RuntimeHung'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'cAdvisor waits for CRI-O at the start',
    dumps: ['cadvisor-crio-startup-jam.txt.gz'],
    class: ['StartUpBlocked'],
    kubelet: NO_HELP,
  },
  {
    name: 'cAdvisor waits for a containerd task at the start',
    dumps: ['containerd-task-hung-at-start.txt.gz'],
    class: ['StartUpBlocked'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
  },
  {
    name: 'systemd does not answer over D-Bus',
    dumps: ['systemd-dbus-hang.txt.gz'],
    class: ['SystemdOrDbus'],
    kubelet: NO_HELP,
    runtime: ['DoesNotHelp'],
  },
  {
    name: 'D-Bus signals pile up',
    dumps: ['dbus-signal-goroutine-leak.txt.gz'],
    class: ['SystemdOrDbus'],
    kubelet: ['Helps'],
  },
  {
    name: 'HCS hangs on Windows',
    dumps: ['windows-hcs-hang.txt.gz'],
    class: ['KernelOrHost', 'RuntimeHung'],
    kubelet: NO_HELP,
  },
  {
    name: 'a mount hangs in the sync loop',
    dumps: ['hung-mount-in-sync-loop.txt.gz'],
    class: ['Storage'],
    kubelet: NO_HELP,
    runtime: ['DoesNotHelp'],
  },
  {
    name: 'a mount hangs at the start',
    dumps: ['hung-mount-at-start.txt.gz'],
    class: ['StartUpBlocked', 'Storage'],
    kubelet: ['Harms'],
  },
  {
    name: 'relist goes from pod to pod',
    dumps: ['relist-slow.1.txt.gz', 'relist-slow.2.txt.gz'],
    class: ['SlowRelist'],
    kubelet: NO_HELP,
  },
  {
    name: 'one call for one container hangs',
    dumps: ['cri-call-slow-on-one-pod.1.txt.gz', 'cri-call-slow-on-one-pod.2.txt.gz'],
    class: ['SlowRelist', 'ShimOrRunc'],
    kubelet: NO_HELP,
  },
  {
    name: 'one call for one container hangs while the runtime answers others',
    dumps: ['cri-call-slow-on-one-pod.1.txt.gz', 'cri-call-slow-on-one-pod.2.txt.gz'],
    probe: 'Answered',
    class: ['SlowRelist', 'ShimOrRunc'],
    kubelet: NO_HELP,
  },
  { name: 'a healthy kubelet', dumps: ['healthy.1.txt.gz', 'healthy.2.txt.gz'], class: ['Healthy'] },
  { name: 'a healthy kubelet of 1.18', dumps: ['healthy-old.txt.gz'], class: ['Healthy'] },
  {
    name: 'a healthy kubelet within a relist',
    dumps: ['healthy-in-a-call.1.txt.gz', 'healthy-in-a-call.2.txt.gz'],
    class: ['Healthy', 'Unknown'],
  },
  {
    name: 'a healthy kubelet within a relist, seen once',
    dumps: ['healthy-in-a-call.1.txt.gz'],
    class: ['Healthy', 'Unknown', 'RuntimeHung'],
    confidence: UNSURE,
  },
  { name: 'an API server', dumps: ['apiserver.txt.gz'], class: ['Unknown'] },
  {
    name: 'a containerd without work',
    dumps: ['containerd-idle.txt.gz'],
    class: ['Unknown', 'Healthy'],
    confidence: UNSURE,
  },
  {
    name: 'runc in state D',
    dumps: ['runtime-hung.txt.gz'],
    host: { blockedProcesses: [{ pid: 4711, comm: 'runc:[2:INIT]', wchan: '__refrigerator' }] },
    class: ['ShimOrRunc'],
    kubelet: NO_HELP,
    runtime: ['DoesNotHelp'],
  },
  {
    name: 'more than a thousand exited containers',
    dumps: ['relist-slow.1.txt.gz', 'relist-slow.2.txt.gz'],
    host: { exitedContainers: 1850 },
    class: ['SlowRelist'],
    kubelet: ['Harms'],
  },
];

const STAMP = 'Nov 24 10:09:34 node-1 kubelet[95]: ';
const skipping = (time: string, elapsed: string, others = ''): string =>
  `${STAMP}E1124 ${time}     95 kubelet.go:2646] "Skipping pod synchronization" err="${others === '' ? '' : `[${others}, `}PLEG is not healthy: pleg was last seen active ${elapsed} ago; threshold is 3m0s${others === '' ? '' : ']'}"`;
const never = (time: string): string =>
  `${STAMP}E1124 ${time}     95 kubelet.go:2646] "Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"`;

export const LOG_CASES: readonly CaptureCase[] = [
  {
    name: 'the one line of an old kubelet',
    log: 'I1105 09:50:27.583544 548093 kubelet.go:1829] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 58h29m3.043779855s ago; threshold is 3m0s]',
    class: ['Unknown', 'KubeletDeadlock'],
    confidence: ['Low'],
  },
  {
    name: 'the noise of a start',
    log: [
      `${STAMP}I1124 10:05:33.004715      95 kubelet.go:2600] "Starting kubelet main sync loop"`,
      never('10:05:33.504715'),
      never('10:05:33.604715'),
      `${STAMP}I1124 10:05:34.0     95 kubelet_node_status.go:78] "Successfully registered node" node="node-1"`,
      `${STAMP}I1124 10:07:34.000001      95 reconciler.go:200] "Reconciler: start to sync state"`,
    ].join('\n'),
    class: ['Healthy', 'Unknown'],
  },
  {
    name: 'a message that is too large',
    log: `${STAMP}E0806 07:59:04.839883    1498 generic.go:205] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n${skipping('08:02:04.839883', '3m6.1s')}`,
    class: ['Configuration', 'SlowRelist'],
    kubelet: NO_HELP,
    runtime: ['DoesNotHelp'],
    confidence: SURE,
  },
  {
    name: 'the runtime is down',
    log: [
      `${STAMP}E1124 10:08:30.514715     95 remote_runtime.go:345] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" filter="nil"`,
      `${STAMP}E1124 10:08:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded"`,
      skipping('10:09:33.836042', '3m3.236256064s', 'container runtime is down'),
      skipping('10:09:38.836042', '3m8.236256064s', 'container runtime is down'),
    ].join('\n'),
    class: ['RuntimeHung'],
    kubelet: NO_HELP,
    runtime: ['Helps'],
    confidence: UNSURE,
  },
  {
    name: 'nobody listens at the socket',
    log: `${STAMP}E1124 10:08:30.514715     95 remote_runtime.go:345] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\\"" filter="nil"\n${skipping('10:11:33.836042', '3m3.236256064s', 'container runtime is down')}`,
    class: ['RuntimeHung', 'StartUpBlocked'],
    runtime: ['Helps'],
  },
  {
    name: 'NFS does not answer',
    log: `Nov 24 10:09:34 node-1 kernel: nfs: server 10.0.0.9 not responding, still trying\n${skipping('10:11:33.836042', '3m3.236256064s')}`,
    class: ['Storage', 'Unknown'],
    confidence: UNSURE,
  },
  {
    name: 'a shim does not answer',
    log: `time="2026-11-24T10:08:30Z" level=error msg="get state for 3f1c" error="context deadline exceeded: unknown"\n${skipping('10:11:33.836042', '3m3.236256064s')}`,
    class: ['ShimOrRunc', 'Unknown'],
    kubelet: ['DoesNotHelp', 'Unknown', 'Harms'],
  },
  {
    name: 'inotify has no room',
    log: `${STAMP}E1124 10:08:30.514715     95 manager.go:1100] inotify_add_watch /sys/fs/cgroup/pids: no space left on device`,
    class: ['KernelOrHost', 'Configuration'],
    kubelet: NO_HELP,
  },
  {
    name: 'a log without a fault',
    log: `${STAMP}I1124 10:08:30.514715     95 reconciler.go:200] "Reconciler: start to sync state"\n${STAMP}I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]`,
    class: ['Unknown', 'Healthy'],
    confidence: UNSURE,
  },
  {
    name: 'JSON of Talos',
    log: '{"ts":1745319662553.902,"caller":"pleg/generic.go:256","msg":"GenericPLEG: Unable to retrieve pods","err":"rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"}',
    class: ['Configuration', 'SlowRelist'],
    kubelet: NO_HELP,
  },
  {
    name: 'a configz',
    log: '{"kubeletconfig":{"kind":"KubeletConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1","runtimeRequestTimeout":"2m0s"}}',
    class: ['Unknown'],
  },
  {
    name: 'a text of something else',
    log: 'Dear all,\nthe meeting about runc and systemd (dbus) is at 10:00.\nPLEG will be discussed.\n',
    class: ['Unknown'],
  },
  { name: 'nothing', log: '', class: ['Unknown'] },
];
