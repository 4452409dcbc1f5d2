/** Logs that people have put into public issues, as they stand there, and what they should be diagnosed as. */
import type { CauseClass, RestartEffect } from '../../../../src/api/v1alpha1/parts/diagnosis.ts';

export interface Report {
  readonly name: string;
  readonly text: string;
  /** The first one is the best. */
  readonly class: readonly CauseClass[];
  readonly kubelet?: readonly RestartEffect[];
}

export const REPORTS: readonly Report[] = [
  {
    name: 'lists that time out, as kubelet 1.7 says it with its filter and the bare code (kubernetes/kubernetes#54381)',
    text: 'E1023 09:37:37.716122   28811 remote_runtime.go:257] ListContainers with filter "&ContainerFilter{Id:,State:nil,PodSandboxId:,LabelSelector:map[string]string{},}" from runtime service failed: rpc error: code = 4 desc = context deadline exceeded',
    class: ['RuntimeHung'],
    kubelet: ['Harms'],
  },
  {
    name: 'lists that time out, as the runtime says it (containerd/containerd#1882)',
    text: 'E1205 03:58:39.830445    1929 instrumented_service.go:52] ListPodSandbox failed, error: failed to list sandbox containers: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    class: ['RuntimeHung'],
  },
  {
    name: 'one sandbox whose status times out (kubernetes/kubernetes#45419)',
    text: `E1028 09:15:51.439135    3299 kuberuntime_manager.go:843] PodSandboxStatus of sandbox "9c1c1f2d4a9d277a41a97593c330f41e00ca12f3ad858c19f61fd155d18d795e" for pod "a_staging(7d3b94f3)" error: rpc error: code = 4 desc = context deadline exceeded
E1028 09:15:51.439188    3299 generic.go:241] PLEG: Ignoring events for pod a/staging: rpc error: code = 4 desc = context deadline exceeded`,
    class: ['ShimOrRunc'],
    kubelet: ['DoesNotHelp'],
  },
  {
    name: 'a container that does not end although it was killed (containerd/cri#1427)',
    text: 'time="2020-03-27T21:45:13.132058945Z" level=error msg="StopContainer for \\"94ade1615964\\" failed" error="rpc error: code = DeadlineExceeded desc = an error occurs during waiting for container \\"94ade1615964\\" to be killed: wait container \\"94ade1615964\\": context deadline exceeded"',
    class: ['ShimOrRunc'],
  },
  {
    name: 'a sandbox whose name is taken by the call that has timed out (k3s-io/k3s#497)',
    text: 'E0527 17:05:52.997924    6528 remote_runtime.go:109] RunPodSandbox from runtime service failed: rpc error: code = Unknown desc = failed to reserve sandbox name "svclb_1": name "svclb_1" is reserved for "081b44846a5b"',
    class: ['Cni'],
  },
  {
    name: 'a sandbox that dockershim could not start in time (kubernetes/kubernetes#103765)',
    text: 'E0719 18:12:10.104956 2129392 remote_runtime.go:116] RunPodSandbox from runtime service failed: rpc error: code = Unknown desc = failed to start sandbox container for pod "a": operation timeout: context deadline exceeded',
    class: ['Cni'],
  },
  {
    name: 'relist that has never been, for as long as the text goes (kubernetes/kubernetes#84978)',
    text: ['22', '27', '32']
      .map(
        (second) =>
          `I1108 16:25:${second}.761754   29837 kubelet.go:1758] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 2562047h47m16.854775807s ago; threshold is 3m0s]`,
      )
      .join('\n'),
    class: ['StartUpBlocked'],
  },
  {
    name: 'a status check that has not completed while PLEG is old (kubernetes/kubernetes#101056)',
    text: 'E0413 13:22:22.676030   19792 kubelet.go:1765] skipping pod synchronization - [container runtime status check may not have completed yet, PLEG is not healthy: pleg was last seen active 16m6.559177445s ago; threshold is 3m0s]',
    class: ['StartUpBlocked'],
    kubelet: ['Harms'],
  },
  {
    name: 'a status check that has not completed while PLEG is well (cri-o/cri-o#8748)',
    text: 'kubelet.service[2043933]: E1108 18:54:46.297244 2043933 kubelet.go:2383] "Skipping pod synchronization" err="container runtime status check may not have completed yet"',
    class: ['StartUpBlocked'],
    kubelet: ['Harms'],
  },
  {
    name: 'runc in state D and frozen, as ps lists it (opencontainers/runc#4481)',
    text: '5 D root      14378  13862  0  80   0 - 269979 refrig Sep30 ?       00:00:00 /usr/local/bin/runc init',
    class: ['ShimOrRunc'],
    kubelet: ['DoesNotHelp'],
  },
  {
    name: 'the stack of a process within the kernel (kubernetes/kubernetes#45419)',
    text: '[<0>] kmem_zone_alloc+0x61/0xe0 [xfs]\n[<0>] xfs_ifree+0x42/0x140 [xfs]\n[<0>] ovl_destroy_inode+0x15/0x60 [overlay]',
    class: ['KernelOrHost'],
    kubelet: ['DoesNotHelp'],
  },
  {
    name: 'systemd that D-Bus cannot reach',
    text: "Mar 30 10:12:12 n1 dbus-daemon[700]: [system] Failed to activate service 'org.freedesktop.systemd1': timed out (service_start_timeout=25000ms)",
    class: ['SystemdOrDbus'],
    kubelet: ['DoesNotHelp'],
  },
  {
    name: 'a log that shows a flap and not why (kubernetes/kubernetes#61117)',
    text: `I0313 16:02:43.934473    1450 kubelet.go:1778] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s]
I0313 16:03:43.934473    1450 kubelet.go:1900] SyncLoop (PLEG): "a_b(c)", event: &pleg.PodLifecycleEvent{ID:"c", Type:"ContainerDied", Data:"d"}
I0313 16:07:43.934473    1450 kubelet.go:1900] SyncLoop (PLEG): "a_b(c)", event: &pleg.PodLifecycleEvent{ID:"c", Type:"ContainerStarted", Data:"d"}`,
    class: ['Unknown'],
  },
  {
    name: 'a sync loop that says nothing more (kubernetes/kubernetes#100803)',
    text: `I0330 15:55:27.145341 4130850 kubelet.go:1966] SyncLoop (PLEG): "a_default(c)", event: &pleg.PodLifecycleEvent{ID:"c", Type:"ContainerStarted", Data:"d"}
I0330 15:58:27.146778 4130850 kubelet.go:1966] SyncLoop (PLEG): "a_default(c)", event: &pleg.PodLifecycleEvent{ID:"c", Type:"ContainerStarted", Data:"e"}
I0330 15:58:27.936114 4130850 kubelet.go:2012] SyncLoop (housekeeping)
I0330 16:18:27.936114 4130850 reconciler.go:224] operationExecutor.VerifyControllerAttachedVolume started for volume "v"`,
    class: ['Unknown'],
  },
];
