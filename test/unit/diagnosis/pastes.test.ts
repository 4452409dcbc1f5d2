import { describe, expect, test } from '@jest/globals';
import type { CauseClass, RestartEffect } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';

/** Part of a dump, in the shapes in which people put them into issues: without its program, its header, its tabs. */
interface Paste {
  readonly name: string;
  readonly text: string;
  readonly class: CauseClass;
  readonly kubelet: RestartEffect;
}

const BUILD = '/go/src/k8s.io/kubernetes/_output/dockerized/go/src/k8s.io/kubernetes/';

function lines(prefix: string, text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => prefix + line.trim())
    .join('\n');
}

const PASTES: readonly Paste[] = [
  {
    name: 'a crash of goroutine 1 at a mount, cut before the kubelet is named',
    text: `goroutine 1 gp=0xc0000061c0 m=7 mp=0xc000600008 [syscall]:
syscall.Syscall(0x89, 0xc000111110, 0xc000222220, 0x0)
        syscall/syscall_linux.go:69 +0x25 fp=0xc000a23838 sp=0xc000a237d8 pc=0x494665
syscall.Statfs({0xc000333330?, 0xc000444440?}, 0xc000222220)
        syscall/zsyscall_linux_amd64.go:1376 +0x78 fp=0xc000a23888 sp=0xc000a23838 pc=0x493698
github.com/google/cadvisor/fs.getVfsStats({0xc000333330?, 0x5?})
        github.com/google/cadvisor@v0.49.0/fs/fs.go:720 +0x5d fp=0xc000a23928 sp=0xc000a23888 pc=0x1c65a3d`,
    class: 'StartUpBlocked',
    kubelet: 'Harms',
  },
  {
    name: 'a stat that hangs, with an unusual prefix and without tabs',
    text: lines(
      '01:38:02 kubelet[4711]: ',
      `goroutine 328 [syscall, 46 minutes]:
      syscall.Syscall6(0x106, 0xffffffffffffff9c, 0xc002775d50, 0xc002bcbe48, 0x0, 0x0)
      /usr/local/go/src/syscall/asm_linux_amd64.s:44 +0x5
      os.Stat(0xc002b20d20, 0x60, 0x40f189, 0xc001fb8400, 0x200, 0x200)
      /usr/local/go/src/os/stat.go:13 +0x4d
      k8s.io/kubernetes/pkg/util/mount.(*Mounter).IsLikelyNotMountPoint(0xc000e77aa0, 0xc002b20d20, 0x60)
      /src/kubernetes/pkg/util/mount/mount_linux.go:250 +0x3c`,
    ),
    class: 'Storage',
    kubelet: 'DoesNotHelp',
  },
  {
    name: 'a device plugin, without header and with a lost line',
    text: `google.golang.org/grpc/internal/transport.(*Stream).waitOnHeader(0xc001226ea0)
        ${BUILD}vendor/google.golang.org/grpc/internal/transport/transport.go:324 +0x7c
${BUILD}vendor/k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.pb.go:1338 +0xc9
k8s.io/kubernetes/pkg/kubelet/cm/devicemanager.(*endpointImpl).allocate(0xc00198d4f0, {0xc0014e1400, 0xa, 0xa}, {0xc00103ecf0, 0x8a})
        ${BUILD}pkg/kubelet/cm/devicemanager/endpoint.go:343 +0x2df`,
    class: 'DevicePlugin',
    kubelet: 'DoesNotHelp',
  },
  {
    name: 'a call over D-Bus through journald',
    text: lines(
      'Dec 29 02:14:19 node-s4j5n.example.com kubelet[112554]: ',
      `goroutine 2792 [chan receive, 5 minutes]:
      k8s.io/kubernetes/vendor/github.com/godbus/dbus.(*Object).Call(0xc002129a40, 0x42d9356, 0x33)
      ${BUILD}vendor/github.com/godbus/dbus/object.go:27 +0xbb
      k8s.io/kubernetes/vendor/github.com/coreos/go-systemd/dbus.(*Conn).startJob(0xc000d4e380, 0x0)
      ${BUILD}vendor/github.com/coreos/go-systemd/dbus/methods.go:48 +0xbd`,
    ),
    class: 'SystemdOrDbus',
    kubelet: 'DoesNotHelp',
  },
  {
    name: 'D-Bus workers of Go 1.4 that are well',
    text: lines(
      'Jun 22 21:24:54 HOST sudo[9001]: ',
      `goroutine 98 [chan receive, 4695 minutes]:
      github.com/godbus/dbus.(*Conn).outWorker(0xc2082c99e0)
      /go/src/k8s.io/kubernetes/Godeps/_workspace/src/github.com/godbus/dbus/conn.go:385 +0x58
      created by github.com/godbus/dbus.(*Conn).Auth
      /go/src/k8s.io/kubernetes/Godeps/_workspace/src/github.com/godbus/dbus/auth.go:119 +0xea1`,
    ),
    class: 'Unknown',
    kubelet: 'Unknown',
  },
  {
    name: 'docker ps of long ago, with tabs written as \\t',
    text: `sync.(*Mutex).Lock(0xc208731b90)
\\t/usr/lib/golang/src/sync/mutex.go:66 +0xd3
github.com/docker/docker/daemon.(*Daemon).reducePsContainer(0xc208078f00, 0xc208d54480, 0xc208ff9f80, 0x0)
\\t/build/docker/.gopath/src/github.com/docker/docker/daemon/list.go:114 +0x52`,
    class: 'RuntimeHung',
    kubelet: 'DoesNotHelp',
  },
  {
    name: 'one of the stacks of a containerd, indented as a quotation',
    text: lines(
      '    ',
      `goroutine 233338756 [sync.Mutex.Lock, 239 minutes]:
      sync.(*Mutex).Lock(...)
      /usr/lib/go-1.23/src/sync/mutex.go:92
      github.com/docker/go-metrics.(*Namespace).WithConstLabels(0xc0003aad70, 0xc0403f1b30)
      /src/github.com/containerd/containerd/vendor/github.com/docker/go-metrics/namespace.go:43 +0x55
      github.com/containerd/containerd/metrics/cgroups/v1.(*Collector).Add(0xc0003aadc0, {0x7f10d031c2c0, 0xc037d059e0}, 0xc0403f1b30)
      /src/github.com/containerd/containerd/metrics/cgroups/v1/metrics.go:180 +0x1c5`,
    ),
    class: 'RuntimeHung',
    kubelet: 'DoesNotHelp',
  },
  {
    name: 'a containerd whose tasks run',
    text: `goroutine 18 [running]:
main.dumpStacks(0x1)
	github.com/containerd/containerd@v1.6.20/cmd/containerd/command/main_unix.go:85 +0x25

goroutine 77 [select, 4 minutes]:
github.com/containerd/ttrpc.(*Client).dispatch(0xc000111110, {0x1, 0x2})
	github.com/containerd/ttrpc@v1.1.1/client.go:350 +0x25
github.com/containerd/containerd/runtime/v2/task.(*taskClient).Wait(0xc000222220, {0x1, 0x2})
	github.com/containerd/containerd@v1.6.20/runtime/v2/task/shim.pb.go:3700 +0x25
github.com/containerd/containerd/runtime/v2.(*shimTask).Wait(0xc000333330, {0x1, 0x2})
	github.com/containerd/containerd@v1.6.20/runtime/v2/shim.go:500 +0x25`,
    class: 'Unknown',
    kubelet: 'Unknown',
  },
];

describe('a part of a dump in an issue', () => {
  test.each(PASTES)('$name: $class', (paste) => {
    const verdict = diagnose({
      dumps: [{ name: 'paste', text: paste.text }],
      logs: [],
      probe: 'Unknown',
      host: undefined,
      kubeletVersion: undefined,
      runtimeVersion: undefined,
    });
    expect([verdict.class, verdict.restartKubelet]).toEqual([paste.class, paste.kubelet]);
  });

  test('a stack of one status call, seen once, is no sure cause', () => {
    const text = `k8s.io/kubernetes/vendor/google.golang.org/grpc.invoke(0x7ff04e8b9800, 0xc424be3380)
        ${BUILD}vendor/google.golang.org/grpc/call.go:208 +0x862
k8s.io/kubernetes/pkg/kubelet/apis/cri/v1alpha1/runtime.(*runtimeServiceClient).ContainerStatus(0xc4217f6038)
        ${BUILD}pkg/kubelet/apis/cri/v1alpha1/runtime/api.pb.go:3490 +0xd2
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).updateCache(0xc420e2b1f0, 0xc422f0e840)
        ${BUILD}pkg/kubelet/pleg/generic.go:346 +0xcf
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).relist(0xc420e2b1f0)
        ${BUILD}pkg/kubelet/pleg/generic.go:242 +0xbe1`;
    const verdict = diagnose({
      dumps: [{ name: 'paste', text }],
      logs: [],
      probe: 'Unknown',
      host: undefined,
      kubeletVersion: 'v1.7.6',
      runtimeVersion: undefined,
    });
    expect(verdict.confidence).toBe('Low');
  });
});
