/** A capture for each cause of the catalogue that none in `cases/` is of: stacks and lines that the references quote. */
import type { HostSummary } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import type { ProbeState } from '../../../src/api/v1alpha1/kinds/health.ts';

export interface CatalogueCase {
  readonly id: string;
  readonly dump?: string;
  readonly log?: string;
  readonly host?: Partial<HostSummary>;
  readonly probe?: ProbeState;
  readonly kubeletVersion?: string;
  readonly runtimeVersion?: string;
}

let nextId = 100;

/** Goroutines as Go prints them, leaf first. */
function goroutines(state: string, frames: readonly string[], count = 1): string {
  const calls = frames
    .map((func, at) => `${func}(0xc000${at}00)\n\t/go/src/x/file${at}.go:${10 + at} +0x${at}f\n`)
    .join('');
  return Array.from({ length: count }, () => `goroutine ${nextId++} [${state}]:\n${calls}\n`).join('');
}

const MUTEX = ['sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock'];
const KUBELET = 'k8s.io/kubernetes/pkg/kubelet';
const CONTAINERD = 'github.com/containerd/containerd';

function klog(time: string, message: string): string {
  return `E1124 ${time}.514715     95 x.go:345] ${message}\n`;
}

function kernelLog(message: string): string {
  return `Nov 24 10:00:00 n1 kernel: [ 4711.123456] ${message}\n`;
}

export const CATALOGUE_CASES: readonly CatalogueCase[] = [
  // What the kernel, systemd and time services print (sources: src/core/diagnosis/kernel).
  { id: 'disk-errors', log: kernelLog('blk_update_request: I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0') },
  { id: 'file-system-errors', log: kernelLog('EXT4-fs (sda1): Remounting filesystem read-only') },
  {
    id: 'daemon-oom-killed',
    log: kernelLog(
      'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/containerd.service,task_memcg=/system.slice/containerd.service,task=containerd,pid=812,uid=0',
    ),
  },
  { id: 'cpu-soft-lockup', log: kernelLog('watchdog: BUG: soft lockup - CPU#3 stuck for 23s! [kworker/3:1:4711]') },
  { id: 'cpu-hard-lockup', log: kernelLog('NMI watchdog: Watchdog detected hard LOCKUP on cpu 5') },
  { id: 'rcu-stall', log: kernelLog('rcu: INFO: rcu_sched detected stalls on CPUs/tasks:') },
  { id: 'kernel-oops', log: kernelLog('BUG: unable to handle kernel NULL pointer dereference at 0000000000000008') },
  {
    id: 'network-namespace-held',
    log: kernelLog('unregister_netdevice: waiting for lo to become free. Usage count = 1'),
  },
  {
    id: 'daemon-cannot-be-killed',
    log: 'Nov 24 10:00:00 n1 systemd[1]: containerd.service: Processes still around after SIGKILL. Ignoring.\n',
  },
  {
    id: 'daemon-stops-late',
    log: "Nov 24 10:00:00 n1 systemd[1]: docker.service: State 'stop-sigterm' timed out. Killing.\n",
  },
  { id: 'unit-frozen', log: '/sys/fs/cgroup/freezer/system.slice/kubelet.service/freezer.state:FROZEN\n' },
  {
    id: 'process-limit-reached',
    log: 'Nov 24 10:00:00 n1 containerd[812]: runtime: failed to create new OS thread (have 4096 already; errno=11)\n',
  },
  {
    id: 'file-system-full',
    log: klog('10:11:12', '"Failed to create" err="mkdir /var/lib/kubelet/pods/a: no space left on device"'),
  },
  { id: 'connection-table-full', log: kernelLog('nf_conntrack: nf_conntrack: table full, dropping packet') },
  {
    id: 'dockerd-waits-for-containerd',
    dump: goroutines('select, 2210 minutes', [
      'github.com/docker/docker/vendor/google.golang.org/grpc.(*ClientConn).Invoke',
      'github.com/docker/docker/libcontainerd/remote.(*client).DeleteTask',
      'github.com/docker/docker/daemon.(*Daemon).restore.func3',
    ]),
  },
  {
    id: 'kubelet-cut-off-from-api',
    log: 'E1124 10:00:00.514715     95 controller.go:187] failed to update lease, error: Put "https://10.0.0.1:6443/x": dial tcp 10.0.0.1:6443: i/o timeout\n',
  },
  {
    id: 'kubelet-refused-by-api',
    log: 'E1124 10:00:00.514715     95 kubelet_node_status.go:447] Error updating node status, will retry: error getting node "a": Unauthorized\n',
  },
  {
    id: 'kubelet-does-not-start',
    log: klog(
      '10:00:00',
      '"command failed" err="failed to run Kubelet: misconfiguration: kubelet cgroup driver: cgroupfs"',
    ),
  },
  {
    id: 'runtime-does-not-start',
    log: 'Nov 24 10:00:00 n1 containerd[812]: time="2026-11-24T10:00:00Z" level=fatal msg="Failed to run CRI service" error="failed to recover state: failed to get metadata for stored sandbox"\n',
  },
  {
    id: 'kubelet-lock-held',
    dump: goroutines(
      'semacquire, 12 minutes',
      [...MUTEX, 'k8s.io/kubernetes/pkg/kubelet/images.(*imageManager).EnsureImageExists'],
      9,
    ),
  },
  {
    id: 'runtime-lock-held',
    dump: goroutines('semacquire, 12 minutes', [...MUTEX, `${CONTAINERD}/services/leases.(*local).Create`]),
  },
  {
    id: 'volume-call-hung',
    log: klog(
      '10:00:00',
      '"Error: UnmountVolume.TearDown failed for volume" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded"',
    ),
  },
  {
    id: 'kubelet-dbus-connection-dead',
    log: klog(
      '10:11:12',
      'Error syncing pod a ("a_b(c)"), skipping: failed to ensure that the pod: c cgroups exist and are correctly applied: failed to create container for [kubepods burstable podc] : dbus: connection closed by user',
    ),
  },
  {
    id: 'cri-version-unsupported',
    log: klog(
      '15:54:42',
      '"command failed" err="failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///var/run/cri-dockerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
    ),
  },
  {
    id: 'kubelet-works',
    log: ['10:00:00', '10:03:00', '10:05:00']
      .map((time) =>
        klog(time, '"SyncLoop (PLEG): event for pod" pod="default/web-1" event={"Type":"ContainerStarted"}'),
      )
      .join(''),
  },
  {
    id: 'status-manager-channel-deadlock',
    kubeletVersion: 'v1.0.1',
    dump: goroutines('chan send, 60 minutes', [
      `${KUBELET}/status.(*manager).SetPodStatus`,
      `${KUBELET}.(*podWorkers).managePodLoop`,
    ]),
  },
  {
    id: 'nested-pending-operations-leak',
    kubeletVersion: 'v1.22.3',
    log: Array.from(
      { length: 4 },
      (_, at) =>
        klog(`10:0${at}:00`, 'Operation for "{volumeName:kubernetes.io/x}" is already executing') +
        klog(
          `10:0${at}:01`,
          'Unable to attach or mount volumes: unmounted volumes=[a], timed out waiting for the condition',
        ),
    ).join(''),
  },
  {
    id: 'evented-pleg-cache-wait',
    dump:
      goroutines('chan receive, 1 minutes', [`${KUBELET}/container.(*cache).GetNewerThan`], 12) +
      goroutines('select', [`${KUBELET}/pleg.(*EventedPLEG).watchEventsChannel`]),
  },
  {
    id: 'apiserver-connection-dead',
    kubeletVersion: 'v1.17.3',
    log: Array.from({ length: 5 }, (_, at) =>
      klog(
        `10:0${at}:00`,
        'kubelet_node_status.go:402] Error updating node status, will retry: write tcp 10.0.0.1:51234->10.0.0.9:6443: use of closed network connection',
      ),
    ).join(''),
  },
  {
    id: 'node-status-wedged',
    kubeletVersion: 'v1.7.4',
    dump: goroutines('semacquire, 20 minutes', [...MUTEX, `${KUBELET}.(*Kubelet).setNodeStatus`]),
  },
  {
    id: 'pleg-concurrent-relist-crash',
    kubeletVersion: 'v1.18.0',
    log: 'fatal error: concurrent map writes\n',
    dump:
      goroutines('running', [`${KUBELET}/pleg.podRecords.setCurrent`, `${KUBELET}/pleg.(*GenericPLEG).relist`]) +
      goroutines('runnable', [`${KUBELET}/pleg.(*GenericPLEG).relist`]),
  },
  {
    id: 'runtime-unavailable',
    probe: 'Unavailable',
    log: klog(
      '10:00:00',
      '"command failed" err="failed to run Kubelet: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unavailable desc = connection error"',
    ),
  },
  {
    id: 'docker-daemon-down',
    log: klog(
      '10:00:00',
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    ),
  },
  {
    id: 'containerd-image-pull-hang',
    dump: goroutines(
      'sync.Mutex.Lock, 90 minutes',
      [...MUTEX, `${CONTAINERD}/pkg/cri/server.(*criService).PullImage`],
      5,
    ),
  },
  {
    id: 'containerd-shim-deadlock',
    dump: goroutines(
      'semacquire, 90 minutes',
      [
        ...MUTEX,
        `${CONTAINERD}/runtime/v2/shim.(*service).State`,
        'github.com/containerd/ttrpc.(*serviceSet).dispatch',
      ],
      4,
    ),
  },
  {
    id: 'sandbox-runtime-hang',
    log: (
      klog('10:00:00', 'runsc kill: context deadline exceeded') +
      klog('10:01:00', 'runsc kill: context deadline exceeded')
    ).repeat(2),
  },
  { id: 'runc-hung', host: { blockedProcesses: [{ pid: 7, comm: 'runc', wchan: 'do_wait' }] } },
  {
    id: 'containerd-cni-lock',
    dump: goroutines('sync.RWMutex.RLock, 40 minutes', [
      'sync.runtime_SemacquireRWMutexR',
      'sync.(*RWMutex).RLock',
      'github.com/containerd/go-cni.(*libcni).Status',
      `${CONTAINERD}/pkg/cri/server.(*criService).Status`,
    ]),
  },
  {
    id: 'systemd-mount-unit-storm',
    log: klog(
      '10:00:00',
      'Mount failed: systemd-run --scope: Failed to start transient scope unit: Connection timed out',
    ).repeat(12),
  },
  {
    id: 'kernel-blocked-processes',
    host: { blockedProcesses: [{ pid: 7, comm: 'containerd', wchan: 'rwsem_down_write' }] },
  },
  {
    id: 'nfs-container-start-lock',
    dump: goroutines('syscall, 30 minutes', [
      'syscall.Syscall6',
      'syscall.mount',
      'github.com/docker/docker/daemon.(*Daemon).ContainerStart',
    ]),
  },
  {
    id: 'disk-io-stall',
    dump: goroutines('syscall, 30 minutes', [
      'syscall.Syscall',
      'golang.org/x/sys/unix.Unmount',
      `${CONTAINERD}/services/tasks.(*local).Delete`,
    ]),
  },
  {
    id: 'memory-or-cpu-starved',
    log:
      klog(
        '10:00:00',
        '"Housekeeping took longer than expected" err="housekeeping took too long" expected="1s" actual="9s"',
      ).repeat(4) + 'Nov 24 10:00:00 node-1 kernel: Out of memory: Killed process 77 (java)\n',
  },
  { id: 'clock-jump', log: 'Nov 24 10:00:00 node-1 ntpd[9]: 0.0.0.0 061c 0c clock_step -28818.020 s\n' },
  {
    id: 'crio-cadvisor-start-jam',
    dump: goroutines('IO wait, 5 minutes', [
      'net/http.(*persistConn).roundTrip',
      'github.com/google/cadvisor/container/crio.(*crioClientImpl).ContainerInfo',
      `${KUBELET}.(*Kubelet).initializeRuntimeDependentModules`,
    ]),
  },
  {
    id: 'runtime-status-never-completes',
    dump: goroutines('select, 5 minutes', [
      'example.com/fs.Wait',
      `${KUBELET}.(*Kubelet).initializeRuntimeDependentModules`,
      `${KUBELET}.(*Kubelet).updateRuntimeUp`,
    ]),
  },
  {
    id: 'pleg-never-relisted',
    log: ['10:00:00', '10:01:00', '10:04:00']
      .map((time) =>
        klog(time, '"Skipping pod synchronization" err="PLEG is not healthy: pleg has yet to be successful"'),
      )
      .join(''),
  },
  {
    id: 'upgrade-regression',
    log: klog(
      '10:00:00',
      'failed to "StartContainer" with RunContainerError: "unable to apply cgroup configuration"',
    ).repeat(3),
  },
  {
    id: 'evented-pleg-bugs',
    kubeletVersion: 'v1.27.3',
    log: klog(
      '10:00:00',
      '"Skipping pod synchronization" err="EventedPLEG is not healthy: EventedPLEG: pleg event channel capacity is full with 1000 events"',
    ),
  },
];
