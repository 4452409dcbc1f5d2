import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCmdline, parseStat, ownUnit } from '../../../src/host/process/proc-parse.ts';

describe('/proc/PID/stat', () => {
  test('is read around a name with brackets and spaces', () => {
    const stat = '57 (a) b (c) S 1 57 57 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 12 0 352023 1376321536 21581';
    expect(parseStat(stat)).toEqual({ pid: 57, comm: 'a) b (c', state: 'S', ppid: 1, startTicks: 352023, cpuMs: 110 });
  });

  test('of a name with newlines is one line still', () => {
    expect(parseStat('57 (a\n1 (systemd) S) R 2 3')).toMatchObject({ pid: 57, comm: 'a?1 (systemd) S', state: 'R' });
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const stat = parseStat(text);
        expect(stat === undefined || stat.state !== '').toBe(true);
      }),
    );
  });
});

test('/proc/PID/cmdline is cut at its NULs', () => {
  expect(parseCmdline('/usr/bin/kubelet\0--v=2\0\0')).toEqual(['/usr/bin/kubelet', '--v=2', '']);
  expect(parseCmdline('')).toEqual(['']);
});

describe('the unit of a process', () => {
  const V1_INIT = '9:name=systemd:/init.scope\n8:pids:/init.scope\n0::/init.scope\n';
  test.each([
    ['cgroup v2', '0::/system.slice/kubelet.service\n', '0::/init.scope\n', 'kubelet.service'],
    ['v1', '9:name=systemd:/system.slice/kubelet.service\n8:pids:/kubepods\n', V1_INIT, 'kubelet.service'],
    ['hybrid', '9:name=systemd:/system.slice/crio.service\n0::/other.service\n', V1_INIT, 'crio.service'],
    ['a group below the unit', '0::/system.slice/k3s.service/init\n', '0::/init.scope\n', undefined],
    [
      "a user's own systemd",
      '0::/user.slice/user-1.slice/user@1.service/kubelet.service\n',
      '0::/init.scope\n',
      undefined,
    ],
    ['a cgroup namespace', '0::/../../system.slice/kubelet.service\n', '0::/../../init.scope\n', 'kubelet.service'],
    [
      'a machine container, from outside',
      '0::/machine.slice/systemd-nspawn@n.service/payload/system.slice/kubelet.service\n',
      '0::/machine.slice/systemd-nspawn@n.service/payload/init.scope\n',
      'kubelet.service',
    ],
    [
      'a snap',
      '0::/system.slice/snap.kubelet-eks.daemon.service\n',
      '0::/init.scope\n',
      'snap.kubelet-eks.daemon.service',
    ],
    ['a container', '0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n', '0::/init.scope\n', undefined],
    ['a container by cgroupfs', '0::/kubepods/burstable/pod1/abc\n', '0::/init.scope\n', undefined],
    ['a session', '0::/user.slice/user-0.slice/session-1.scope\n', '0::/init.scope\n', undefined],
    ['nothing', '', '', undefined],
  ])('is found in %s', (_what, cgroup, init, unit) => {
    expect(ownUnit(cgroup, init)).toBe(unit);
  });
});
