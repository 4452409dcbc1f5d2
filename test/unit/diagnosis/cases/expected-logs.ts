/** Logs without a dump, and what they should be diagnosed as. */
import { type CaptureCase, NO_HELP, SURE, UNSURE } from './capture-case.ts';

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
    log: `${STAMP}E1124 07:59:04.839883    1498 generic.go:205] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n${skipping('08:02:04.839883', '3m6.1s')}`,
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
    name: 'what cAdvisor says at every start of runtimes that are not there',
    log: [
      `${STAMP}I1124 13:14:44.724662   29065 factory.go:221] Registration of the crio container factory failed: Get "http://%2Fvar%2Frun%2Fcrio%2Fcrio.sock/info": dial unix /var/run/crio/crio.sock: connect: no such file or directory`,
      `${STAMP}I1124 13:14:44.724728   29065 factory.go:221] Registration of the containerd container factory failed: unable to create containerd client: containerd: cannot unix dial containerd api service: dial unix /run/containerd/containerd.sock: connect: no such file or directory`,
    ].join('\n'),
    class: ['Unknown', 'Healthy'],
    confidence: UNSURE,
  },
  {
    name: 'a status of a container that timed out',
    log: `${STAMP}E1124 13:21:48.092952   31523 remote_runtime.go:569] "ContainerStatus from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" containerID="c05"`,
    class: ['ShimOrRunc', 'SlowRelist', 'Unknown'],
    confidence: UNSURE,
  },
  {
    name: 'a runtime that was away an hour ago',
    log: [
      `${STAMP}E1124 09:08:30.514715     95 remote_runtime.go:345] "ListPodSandbox with filter from runtime service failed" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\\"" filter="nil"`,
      `${STAMP}I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]`,
    ].join('\n'),
    class: ['RuntimeHung', 'Unknown', 'Healthy'],
    confidence: ['Low'],
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
