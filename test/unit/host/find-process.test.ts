import { symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEndpointFinder } from '../../../src/host/cri/cri-endpoint.ts';
import { findProcess } from '../../../src/host/process/find-process.ts';
import { hostPath } from '../../../src/host/disk/host-path.ts';
import { configEndpoint, findEndpoint, flagValue } from '../../../src/host/process/kubelet-process.ts';
import type { Commands } from '../../../src/host/command.ts';
import { createProcFacts } from '../../../src/host/process/proc.ts';
import { createSystemd } from '../../../src/host/unit/systemd.ts';
import { createFakeRoot, type FakeProcess, type FakeRoot } from './fake-root.ts';
import { REAL_CLOCK } from './real-clock.ts';

const never = new AbortController().signal;
let root: FakeRoot;
beforeEach(async () => {
  root = await createFakeRoot();
});
afterEach(() => root.dispose());

describe('the kubelet', () => {
  test.each<[string, FakeProcess, string | undefined]>([
    ['kubeadm', { comm: 'kubelet', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    ['OpenShift', { comm: 'kubenswrapper', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    [
      'hyperkube',
      { comm: 'hyperkube', argv: ['/hyperkube', 'kubelet', '--v=2'], cgroup: '/system.slice/kubelet.service' },
      'kubelet.service',
    ],
    [
      'hyperkube proxy',
      { comm: 'hyperkube', argv: ['/hyperkube', 'kube-proxy'], cgroup: '/system.slice/proxy.service' },
      undefined,
    ],
    ['k3s', { comm: 'k3s-agent', cgroup: '/system.slice/k3s-agent.service' }, 'k3s-agent.service'],
    [
      'k3s by its words',
      { comm: 'k3s', argv: ['/usr/bin/k3s', 'server'], cgroup: '/system.slice/k3s.service' },
      'k3s.service',
    ],
    ['k3s kubectl', { comm: 'k3s', argv: ['k3s', 'kubectl'], cgroup: '/system.slice/x.service' }, undefined],
    ['rke2', { comm: 'kubelet', cgroup: '/system.slice/rke2-agent.service' }, 'rke2-agent.service'],
    [
      'a snap',
      { comm: 'kubelite', cgroup: '/system.slice/snap.microk8s.daemon-kubelite.service' },
      'snap.microk8s.daemon-kubelite.service',
    ],
    ['a kubelet in a container', { comm: 'kubelet', cgroup: '/kubepods.slice/cri-containerd-1.scope' }, undefined],
    ['a zombie', { comm: 'kubelet', state: 'Z', cgroup: '/system.slice/kubelet.service' }, undefined],
  ])('of %s', async (_what, process, unit) => {
    await root.process(57, process);
    expect((await findProcess(root.namespaces, 'kubelet', undefined, never))?.unit).toBe(unit);
  });

  test('is the oldest of equals, whatever the pids are', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/b.service', startTicks: 900 });
    await root.process(99, { comm: 'kubelet', cgroup: '/system.slice/a.service', startTicks: 100 });
    expect(await findProcess(root.namespaces, 'kubelet', undefined, never)).toMatchObject({
      pid: 99,
      unit: 'a.service',
    });
  });
});

describe('the runtime', () => {
  test.each([
    [undefined, 'containerd.service'],
    ['unix:///run/containerd/containerd.sock', 'containerd.service'],
    ['unix:///var/run/crio/crio.sock', 'crio.service'],
    ['unix:///var/run/cri-dockerd.sock', 'docker.service'],
    ['unix:///var/run/dockershim.sock', 'docker.service'],
    ['unix:///var/lib/cri-proxy.sock', 'containerd.service'],
  ])('that %s speaks of is %s', async (endpoint, unit) => {
    await root.process(40, { comm: 'dockerd', cgroup: '/system.slice/docker.service' });
    await root.process(41, { comm: 'crio', cgroup: '/system.slice/crio.service' });
    await root.process(42, { comm: 'containerd', cgroup: '/system.slice/containerd.service' });
    await root.process(43, { comm: 'containerd-shim', cgroup: '/system.slice/containerd.service' });
    expect((await findProcess(root.namespaces, 'runtime', endpoint, never))?.unit).toBe(unit);
  });
});

describe('the CRI endpoint', () => {
  test.each([
    [['kubelet', '--container-runtime-endpoint=unix:///run/a.sock'], 'unix:///run/a.sock'],
    [['kubelet', '--container-runtime-endpoint', '/run/b.sock'], 'unix:///run/b.sock'],
    [['kubelet', '-container-runtime-endpoint=tcp://1.2.3.4:5'], 'tcp://1.2.3.4:5'],
    [['kubelet', '--config=/etc/kubelet.yaml'], 'unix:///run/c.sock'],
    [['kubelet', '--config=/etc/kubelet.yaml', '--container-runtime-endpoint='], 'unix:///run/c.sock'],
    [['kubelet', '--config=/etc/none.yaml'], undefined],
    [['kubelet'], undefined],
  ])('of %j', async (argv, endpoint) => {
    await root.file('etc/kubelet.yaml', 'kind: KubeletConfiguration\ncontainerRuntimeEndpoint: unix:///run/c.sock\n');
    expect(await findEndpoint(root.namespaces, argv, never)).toBe(endpoint);
  });

  test.each(['', '}{', '- a\n- b\n', 'containerRuntimeEndpoint: 7\n', 'a: &a [*a]\n'])('is not in %j', (text) => {
    expect(configEndpoint(text)).toBeUndefined();
  });

  test('the last of repeated flags counts', () => {
    expect(flagValue(['k', '--a=1', '--a', '2'], 'a')).toBe('2');
    expect(flagValue(['k', 'a=1'], 'a')).toBeUndefined();
  });

  test('is a well-known socket where nothing says it', async () => {
    await root.file('run/crio/x', '');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root.namespaces.hostRoot, 'run/crio/crio.sock'), resolve));
    expect(await findEndpoint(root.namespaces, [], never)).toBe('unix:///run/crio/crio.sock');
    await new Promise((resolve) => server.close(resolve));
  });

  test('of a kubelet that has died is the last that was known', async () => {
    let now = 0;
    const clock = { ...REAL_CLOCK, monotonic: () => now };
    const endpoint = createEndpointFinder({ namespaces: root.namespaces, clock, fixed: undefined });
    expect(await endpoint(never)).toBeUndefined();
    const argv = ['kubelet', '--container-runtime-endpoint=unix:///run/a.sock'];
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', argv });
    expect(await endpoint(never)).toBe('unix:///run/a.sock');
    await unlink(`${root.namespaces.procRoot}/57/stat`);
    now = 60_000;
    expect(await endpoint(never)).toBe('unix:///run/a.sock');
  });
});

describe('a path of the host', () => {
  test('stays under its root, whatever links say', async () => {
    const { hostRoot } = root.namespaces;
    await root.file('run/containerd/x', '');
    await symlink('/run', join(hostRoot, 'var'));
    await symlink('../../../../etc', join(hostRoot, 'up'));
    await symlink('loop', join(hostRoot, 'loop'));
    expect(await hostPath(hostRoot, '/var/containerd/x')).toBe(`${hostRoot}/run/containerd/x`);
    expect(await hostPath(hostRoot, '/up/passwd')).toBe(`${hostRoot}/etc/passwd`);
    expect(await hostPath(hostRoot, '/../../etc')).toBe(`${hostRoot}/etc`);
    expect(await hostPath(hostRoot, '/loop/x')).toBe(`${hostRoot}/loop/x`);
    expect(await hostPath('/', '/nowhere/x')).toBe('/nowhere/x');
  });
});

/** A systemctl that knows some units. */
function systemctl(units: Readonly<Record<string, string>>): { readonly commands: Commands; readonly calls: string[] } {
  const calls: string[] = [];
  const block = (unit: string): string =>
    unit in units
      ? `Id=${unit}\nLoadState=loaded\nActiveState=${units[unit] ?? ''}\n`
      : `Id=${unit}\nLoadState=not-found\n`;
  return {
    calls,
    commands: {
      describe: (argv) => argv.join(' '),
      async run(argv) {
        calls.push(argv.join(' '));
        const fails = argv[1] === 'restart' && !(argv[2]! in units);
        const stdout = Buffer.from(
          argv
            .filter((word) => word.endsWith('.service'))
            .map(block)
            .join('\n'),
        );
        const stderr = fails ? `Failed to restart ${argv[2]!}: Unit ${argv[2]!} not found.` : '';
        return { stdout, stderr, truncated: false, exitCode: fails ? 5 : 0 };
      },
      stream: () => {
        throw new Error('not used');
      },
    },
  };
}

describe('the service manager', () => {
  const options = { endpoint: async (): Promise<undefined> => undefined };

  test('finds the unit of the process that runs', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/odd-name.service' });
    const { commands } = systemctl({ 'odd-name.service': 'active', 'kubelet.service': 'inactive' });
    expect((await createSystemd(root.namespaces, commands, options).find('kubelet', never))?.unit).toBe(
      'odd-name.service',
    );
  });

  test.each([
    [{ 'kubelet.service': 'inactive', 'k3s.service': 'activating' }, 'k3s.service'],
    [{ 'kubelet.service': 'failed' }, 'kubelet.service'],
    [{ 'kubelet.service': 'inactive' }, 'kubelet.service'],
    [{}, undefined],
  ])('of a dead kubelet finds the well-known one that should run: %j', async (units, unit) => {
    const { commands } = systemctl(units);
    expect((await createSystemd(root.namespaces, commands, options).find('kubelet', never))?.unit).toBe(unit);
  });

  test('restarts, and says how', async () => {
    const { commands, calls } = systemctl({ 'kubelet.service': 'active' });
    const services = createSystemd(root.namespaces, commands, options);
    expect(await services.restart('kubelet.service', never)).toBe('systemctl restart kubelet.service');
    expect(calls).toEqual(['systemctl restart kubelet.service']);
  });

  test('fails with the words of systemd', async () => {
    const services = createSystemd(root.namespaces, systemctl({}).commands, options);
    await expect(services.restart('nope.service', never)).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringContaining('Unit nope.service not found.'),
    });
    expect(await services.show('nope.service', never)).toBeUndefined();
  });
});

describe('facts of /proc', () => {
  test('say which threads are blocked, and in what', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service' });
    await root.process(60, { comm: 'runc:[1:CHILD]', state: 'D', cgroup: '/x', wchan: 'nfs_wait_bit_killable' });
    const facts = createProcFacts(root.namespaces, systemctl({}).commands);
    expect(await facts.blocked(never)).toEqual([{ pid: 60, comm: 'runc:[1:CHILD]', wchan: 'nfs_wait_bit_killable' }]);
    expect(await facts.processState(60)).toBe('D');
    expect(await facts.processState(61)).toBeUndefined();
  });

  test('say boot and kernel, or what is missing', async () => {
    const facts = createProcFacts(root.namespaces, systemctl({}).commands);
    await expect(facts.bootID()).rejects.toMatchObject({ code: 'E_HOST_READ' });
    await root.file('proc/sys/kernel/random/boot_id', 'abc\n');
    await root.file('proc/sys/kernel/osrelease', '6.1.0\n');
    expect([await facts.bootID(), await facts.kernel()]).toEqual(['abc', '6.1.0']);
  });

  test('ask a kubelet for its version once', async () => {
    const argv = ['kubelet', '--container-runtime-endpoint=unix:///run/a.sock'];
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', argv });
    const calls: string[] = [];
    const commands: Commands = {
      ...systemctl({}).commands,
      async run(words) {
        calls.push(words.join(' '));
        return { stdout: Buffer.from('Kubernetes v1.36.3\n'), stderr: '', truncated: false, exitCode: 0 };
      },
    };
    const facts = createProcFacts(root.namespaces, commands);
    expect(await facts.kubelet(never)).toEqual({ pid: 57, argv, endpoint: 'unix:///run/a.sock', version: 'v1.36.3' });
    await facts.kubelet(never);
    expect(calls).toEqual(['/proc/57/exe --version']);
  });
});

test('no kubelet is undefined', async () => {
  await writeFile(join(root.namespaces.hostRoot, 'x'), '');
  expect(await createProcFacts(root.namespaces, systemctl({}).commands).kubelet(never)).toBeUndefined();
});
