import { symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEndpointFinder } from '../../../src/host/cri/cri-endpoint.ts';
import type { FoundProcess } from '../../../src/host/process/find-process.ts';
import type { Commands } from '../../../src/host/command.ts';
import { hostPath } from '../../../src/host/disk/host-path.ts';
import {
  findEndpoint,
  flagValue,
  healthzOf,
  parseConfig,
  readConfig,
} from '../../../src/host/process/kubelet-process.ts';
import { createProcFacts } from '../../../src/host/process/proc.ts';
import type { NamedUnits } from '../../../src/host/unit/known-units.ts';
import { createPrograms, type FindProgram } from '../../../src/host/unit/node-programs.ts';
import { createSystemd } from '../../../src/host/unit/systemd.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { HostFacts, ServiceManager } from '../../../src/ports/host.ts';
import { createFakeRoot, type FakeProcess, type FakeRoot } from './fake-root.ts';
import { fakeSystemctl, type FakeUnit } from './fake-systemctl.ts';
import { REAL_CLOCK } from './real-clock.ts';

const never = new AbortController().signal;
const KUBELET: FoundProcess = { pid: 57, comm: 'kubelet', argv: [], unit: 'kubelet.service', startTicks: 57 };
let root: FakeRoot;

/** As the agent finds it: from the flags and the file that they name. */
async function endpointOf(argv: readonly string[]): Promise<string | undefined> {
  const config = await readConfig(root.namespaces, argv, never);
  return await findEndpoint(root.namespaces, { argv, config }, never);
}

beforeEach(async () => {
  root = await createFakeRoot();
});
afterEach(() => root.dispose());

function facts(kubelet?: FoundProcess): HostFacts {
  return createProcFacts(root.namespaces, async () => kubelet);
}

interface Host {
  readonly units: Readonly<Record<string, FakeUnit>>;
  readonly named?: NamedUnits;
  readonly endpoint?: string;
}

function services({ units, named = {}, endpoint }: Host): ServiceManager {
  return createSystemd(root.namespaces, fakeSystemctl(units).commands, { named, endpoint: async () => endpoint });
}

function programs(host: Host, manager: Pick<ServiceManager, 'find'> = services(host)): FindProgram {
  const { named = {}, endpoint } = host;
  return createPrograms({
    namespaces: root.namespaces,
    services: manager,
    clock: REAL_CLOCK,
    named,
    endpoint: async () => endpoint,
  });
}

/** A systemd that does not answer. */
const SILENT: Pick<ServiceManager, 'find'> = {
  find: async () => {
    throw new MedicError('E_HOST_COMMAND', 'transient', 'Failed to connect to bus');
  },
};

describe('the kubelet', () => {
  test.each<[string, FakeProcess, string]>([
    ['kubeadm', { comm: 'kubelet', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    ['OpenShift', { comm: 'kubenswrapper', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    ['another name', { comm: 'my-kubelet', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    ['hyperkube', { comm: 'hyperkube', cgroup: '/system.slice/kubelet.service' }, 'kubelet.service'],
    ['k3s', { comm: 'k3s-agent', cgroup: '/system.slice/k3s-agent.service' }, 'k3s-agent.service'],
    ['a slice of its own', { comm: 'kubelet', cgroup: '/runtime.slice/kubelet.service' }, 'kubelet.service'],
    [
      'mounts of its own',
      { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', mountNamespace: 'kubens' },
      'kubelet.service',
    ],
    [
      'a snap',
      { comm: 'kubelite', cgroup: '/system.slice/snap.microk8s.daemon-kubelite.service' },
      'snap.microk8s.daemon-kubelite.service',
    ],
  ])('of %s is the main process of its unit', async (_what, process, unit) => {
    await root.process(57, process);
    const host = { units: { [unit]: { pid: 57 } } };
    expect(await services(host).find('kubelet', never)).toMatchObject({ unit, mainPID: 57 });
    expect(await programs(host)('kubelet', never)).toMatchObject({ unit, pid: 57 });
  });

  test('of rke2 is a child of the main process of its unit; before it has started there is none', async () => {
    const cgroup = '/system.slice/rke2-agent.service';
    const host = { units: { 'rke2-agent.service': { pid: 50 } } };
    await root.process(50, { comm: 'rke2', cgroup });
    expect(await programs(host)('kubelet', never)).toBeUndefined();
    await root.process(57, { comm: 'kubelet', ppid: 50, cgroup });
    expect(await programs(host)('kubelet', never)).toMatchObject({ pid: 57, unit: 'rke2-agent.service' });
    expect(await services(host).find('kubelet', never)).toMatchObject({ mainPID: 50 });
  });

  test('is the main process, however old another one of the name is', async () => {
    const cgroup = '/system.slice/kubelet.service';
    await root.process(57, { comm: 'kubelet', cgroup, startTicks: 900 });
    await root.process(40, { comm: 'kubelet', cgroup, startTicks: 100 });
    expect(await programs({ units: { 'kubelet.service': { pid: 57 } } })('kubelet', never)).toMatchObject({ pid: 57 });
  });

  test('is found by its control group where systemd does not answer, and then is the oldest of the name', async () => {
    expect(await programs({ units: {} }, SILENT)('kubelet', never)).toBeUndefined();
    const cgroup = '/system.slice/kubelet.service';
    await root.process(99, { comm: 'kubelet', cgroup, startTicks: 100 });
    await root.process(57, { comm: 'kubelet', cgroup, startTicks: 900 });
    await root.process(40, { comm: 'kubelet', cgroup: '/system.slice/evil.service', startTicks: 1 });
    await root.process(41, { comm: 'kubelet', cgroup, startTicks: 1, uids: '1000\t1000\t1000\t1000' });
    expect(await programs({ units: {} }, SILENT)('kubelet', never)).toMatchObject({ pid: 99 });
  });

  test('of a unit that the installation names is taken by that name, with a control group of its own', async () => {
    await root.process(57, { comm: 'node-agent', cgroup: '/kubelet', folder: '/tmp', mountNamespace: 'own' });
    const host = { units: { 'node-agent.service': { pid: 57 } }, named: { kubelet: 'node-agent.service' } };
    expect(await services(host).find('kubelet', never)).toMatchObject({ mainPID: 57 });
    expect(await programs(host)('kubelet', never)).toMatchObject({ pid: 57, unit: 'node-agent.service' });
  });
});

/** C1: whatever a user of the node or of a pod names his process, nothing is run, and no unit of his is taken. */
describe('what only calls itself a kubelet', () => {
  test.each<[string, string]>([
    ['in a service of a user', '/system.slice/evil.service'],
    ["in a unit of a user's own systemd", '/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service'],
    ['in a container below the unit of containerd', '/system.slice/containerd.service/kubepods/pod1/abc'],
    ['in a container of podman', '/system.slice/foo.service/libpod-payload-1'],
    ['in a group below the unit of the kubelet', '/system.slice/kubelet.service/child'],
    ['in a pod', '/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope'],
    ['in a group of the same name elsewhere', '/kubepods/kubelet.service'],
    ['in a session', '/user.slice/user-0.slice/session-1.scope'],
  ])('%s is none', async (_what, cgroup) => {
    await root.process(57, { comm: 'kubelet', cgroup });
    const { commands, calls } = fakeSystemctl({});
    const options = { endpoint: async (): Promise<undefined> => undefined };
    expect(await createSystemd(root.namespaces, commands, options).find('kubelet', never)).toBeUndefined();
    expect(calls.every((call) => call.startsWith('systemctl show '))).toBe(true);
    expect(await programs({ units: {} }, SILENT)('kubelet', never)).toBeUndefined();
  });

  test.each<[string, Partial<FakeProcess>, string]>([
    ['runs as another user', { uids: '1000\t1000\t1000\t1000' }, 'runs as user 1000'],
    ['gave up root half', { uids: '0\t65534\t0\t65534' }, 'and not as root'],
    ['is in another PID namespace', { pidNamespace: 'pod' }, 'another PID namespace'],
    ['has the root folder of a container', { folder: '/tmp', mountNamespace: 'pod' }, 'root folder'],
    ['is in another control group', { cgroup: '/system.slice/evil.service' }, 'control group'],
  ])('is none, and said to be none, where the process of the unit %s', async (_what, difference, sign) => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', ...difference });
    const host = { units: { 'kubelet.service': { pid: 57 } } };
    const foreign = { code: 'E_HOST_FOREIGN', message: expect.stringContaining(sign) };
    await expect(services(host).find('kubelet', never)).rejects.toMatchObject(foreign);
    await expect(programs(host)('kubelet', never)).rejects.toMatchObject(foreign);
  });

  test('and has a newline and brackets in its name forges no line', async () => {
    await root.process(60, { comm: 'x) S 1\n57 (kubelet', state: 'D', cgroup: '/x', wchan: 'nfs' });
    expect(await facts().blocked(never)).toEqual([{ pid: 60, comm: 'x) S 1?57 (kubelet', wchan: 'nfs' }]);
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
    ['unix:///run/k3s/containerd/containerd.sock', 'k3s.service'],
  ])('that %s speaks of is %s', async (endpoint, unit) => {
    await root.process(40, { comm: 'dockerd', cgroup: '/system.slice/docker.service' });
    await root.process(41, { comm: 'crio', cgroup: '/system.slice/crio.service' });
    await root.process(42, { comm: 'containerd', cgroup: '/system.slice/containerd.service' });
    await root.process(43, { comm: 'containerd-shim', cgroup: '/system.slice/containerd.service' });
    await root.process(44, { comm: 'k3s-server', cgroup: '/system.slice/k3s.service' });
    await root.process(45, { comm: 'containerd', cgroup: '/system.slice/k3s.service', ppid: 44 });
    const units = {
      'docker.service': { pid: 40 },
      'crio.service': { pid: 41 },
      'containerd.service': { pid: 42 },
      'k3s.service': { pid: 44 },
    };
    const host = { units, ...(endpoint === undefined ? {} : { endpoint }) };
    expect((await services(host).find('runtime', never))?.unit).toBe(unit);
    const found = await programs(host)('runtime', never);
    expect(found?.unit).toBe(unit);
    expect(found?.comm).toBe({ 'docker.service': 'dockerd', 'crio.service': 'crio' }[unit] ?? 'containerd');
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
    expect(await endpointOf(argv)).toBe(endpoint);
  });

  test.each(['', '}{', '- a\n- b\n', 'containerRuntimeEndpoint: 7\n', 'a: &a [*a]\n'])('is not in %j', async (text) => {
    await root.file('etc/kubelet.yaml', text);
    expect(await endpointOf(['kubelet', '--config=/etc/kubelet.yaml'])).toBeUndefined();
  });

  test.each<[string, readonly string[], string, ReturnType<typeof healthzOf>]>([
    ['by default', [], '', { host: '127.0.0.1', port: 10_248 }],
    ['by the file', [], 'healthzPort: 10249\nhealthzBindAddress: 10.0.0.7\n', { host: '10.0.0.7', port: 10_249 }],
    ['by a flag, which wins', ['--healthz-port=9'], 'healthzPort: 10249\n', { host: '127.0.0.1', port: 9 }],
    ['on all addresses', ['--healthz-bind-address', '0.0.0.0'], '', { host: '127.0.0.1', port: 10_248 }],
    [
      'on a name, which is not looked up',
      [],
      'healthzBindAddress: evil.example\n',
      { host: '127.0.0.1', port: 10_248 },
    ],
    ['nowhere', [], 'healthzPort: 0\n', undefined],
    ['at a port that is none', ['--healthz-port=x'], '', undefined],
  ])('/healthz is %s', (_name, argv, config, expected) => {
    expect(healthzOf(['kubelet', ...argv], parseConfig(config))).toEqual(expected);
  });

  test('the last of repeated flags counts', () => {
    expect(flagValue(['k', '--a=1', '--a', '2'], 'a')).toBe('2');
    expect(flagValue(['k', 'a=1'], 'a')).toBeUndefined();
  });

  test('is a well-known socket where nothing says it', async () => {
    await root.file('run/crio/x', '');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root.namespaces.hostRoot, 'run/crio/crio.sock'), resolve));
    expect(await endpointOf([])).toBe('unix:///run/crio/crio.sock');
    await new Promise((resolve) => server.close(resolve));
  });

  test('of a kubelet that has died is the last that was known', async () => {
    let now = 0;
    const clock = { ...REAL_CLOCK, monotonic: () => now };
    let kubelet: FoundProcess | undefined;
    const endpoint = createEndpointFinder({
      namespaces: root.namespaces,
      clock,
      kubelet: async () => kubelet,
      fixed: undefined,
    });
    expect(await endpoint(never)).toBeUndefined();
    kubelet = { ...KUBELET, argv: ['kubelet', '--container-runtime-endpoint=unix:///run/a.sock'] };
    expect(await endpoint(never)).toBe('unix:///run/a.sock');
    kubelet = undefined;
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

describe('the service manager', () => {
  const options = { endpoint: async (): Promise<undefined> => undefined };

  test.each([
    [{ 'kubelet.service': { state: 'inactive' }, 'k3s.service': { state: 'activating' } }, 'k3s.service'],
    [{ 'kubelet.service': { state: 'failed' } }, 'kubelet.service'],
    [{ 'kubelet.service': { state: 'inactive' } }, 'kubelet.service'],
    [{}, undefined],
  ])('of a dead kubelet finds the well-known one that should run: %j', async (units, unit) => {
    const { commands } = fakeSystemctl(units);
    expect((await createSystemd(root.namespaces, commands, options).find('kubelet', never))?.unit).toBe(unit);
  });

  test('restarts, and says how', async () => {
    const { commands, calls } = fakeSystemctl({ 'kubelet.service': {} });
    const services = createSystemd(root.namespaces, commands, options);
    expect(await services.restart('kubelet.service', never)).toBe('systemctl restart kubelet.service');
    expect(calls.filter((call) => !call.startsWith('systemctl show '))).toEqual(['systemctl restart kubelet.service']);
  });

  /** systemctl, of a unit whose process ends when it is killed, or with SIGTERM after so long. */
  function stubborn(endsAfterMs: number): { readonly commands: Commands; readonly calls: string[] } {
    const calls: string[] = [];
    let end = (): void => undefined;
    const run: Commands['run'] = async (argv) => {
      calls.push(argv.slice(1).join(' '));
      const isRestart = argv[1] === 'restart';
      if (argv[1] === 'kill') end();
      if (isRestart) {
        await new Promise<void>((resolve) => {
          end = resolve;
          setTimeout(resolve, endsAfterMs).unref();
        });
      }
      const facts = `Id=containerd.service\nLoadState=loaded\nActiveState=${calls.length > 1 ? 'deactivating' : 'active'}\nMainPID=41\n`;
      return { stdout: Buffer.from(facts), stderr: '', truncated: false, exitCode: 0 };
    };
    const describe: Commands['describe'] = (argv) => argv.join(' ');
    return { calls, commands: { run, describe, stream: () => fakeSystemctl({}).commands.stream([], never) } };
  }
  const KILL = 'kill --kill-who=main --signal=SIGKILL containerd.service';

  test('kills the main process of one that does not end in time, and nothing else of it', async () => {
    const { commands, calls } = stubborn(60_000);
    const services = createSystemd(root.namespaces, commands, options);
    expect(await services.restart('containerd.service', never, 20)).toBe(
      'systemctl restart containerd.service; SIGKILL to process 41 after 0s',
    );
    expect(calls.filter((call) => !call.startsWith('show'))).toEqual(['restart containerd.service', KILL]);
  });

  test('kills none that ends by itself, or where it may take as long as its unit says', async () => {
    for (const stopTimeoutMs of [5_000, undefined]) {
      const { commands, calls } = stubborn(30);
      const services = createSystemd(root.namespaces, commands, options);
      await services.restart('containerd.service', never, stopTimeoutMs);
      expect(calls).not.toContain(KILL);
    }
  });

  test('starts one that has failed too often, whose failures systemd would hold against it', async () => {
    const { commands, calls } = fakeSystemctl({ 'kubelet.service': { state: 'failed' } });
    const services = createSystemd(root.namespaces, commands, options);
    await services.restart('kubelet.service', never);
    expect(calls.slice(-2)).toEqual(['systemctl reset-failed kubelet.service', 'systemctl restart kubelet.service']);
  });

  test('fails with the words of systemd', async () => {
    const services = createSystemd(root.namespaces, fakeSystemctl({}).commands, options);
    await expect(services.restart('crio.service', never)).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringContaining('Unit crio.service not found.'),
    });
    expect(await services.show('crio.service', never)).toBeUndefined();
  });

  test('restarts no unit that runs neither kubelet nor runtime, whatever a record says', async () => {
    const { commands, calls } = fakeSystemctl({ 'sshd.service': {} });
    const restart = createSystemd(root.namespaces, commands, options).restart('sshd.service', never);
    await expect(restart).rejects.toMatchObject({ code: 'E_HOST_COMMAND_REFUSED' });
    expect(calls).toEqual([]);
  });

  test('restarts a unit by the name that systemd has for it', async () => {
    const { commands, calls } = fakeSystemctl({
      'kubelet.service': { id: 'node-kubelet.service' },
      'node-kubelet.service': {},
    });
    const services = createSystemd(root.namespaces, commands, options);
    const found = await services.find('kubelet', never);
    await services.restart(found?.unit ?? '', never);
    expect(calls.at(-1)).toBe('systemctl restart node-kubelet.service');
  });
});

describe('facts of /proc', () => {
  test('say which threads are blocked, and in what', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service' });
    await root.process(60, { comm: 'runc:[1:CHILD]', state: 'D', cgroup: '/x', wchan: 'nfs_wait_bit_killable' });
    const read = facts();
    expect(await read.blocked(never)).toEqual([{ pid: 60, comm: 'runc:[1:CHILD]', wchan: 'nfs_wait_bit_killable' }]);
    expect(await read.process(60)).toMatchObject({
      state: 'D',
      tracerPID: 0,
      frozen: false,
      wchan: 'nfs_wait_bit_killable',
      startTicks: 60,
    });
    expect(await read.process(61)).toBeUndefined();
  });

  test('say who traces a process, and whether its control group is frozen, in either version', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', state: 't' });
    await root.file('proc/57/status', 'Name:\tkubelet\nState:\tt (tracing stop)\nTracerPid:\t99\n');
    expect(await facts().process(57)).toMatchObject({ state: 't', tracerPID: 99, frozen: false });
    await root.file('sys/fs/cgroup/system.slice/kubelet.service/cgroup.events', 'populated 1\nfrozen 1\n');
    expect(await facts().process(57)).toMatchObject({ frozen: true });
    await root.file('sys/fs/cgroup/system.slice/kubelet.service/cgroup.events', 'populated 1\nfrozen 0\n');
    expect(await facts().process(57)).toMatchObject({ frozen: false });
    await root.file('proc/57/cgroup', '4:cpu,freezer:/kubelet\n1:name=systemd:/system.slice/kubelet.service\n');
    await root.file('sys/fs/cgroup/freezer/kubelet/freezer.state', 'FROZEN\n');
    expect(await facts().process(57)).toMatchObject({ frozen: true });
  });

  test('say boot and kernel, or what is missing', async () => {
    const read = facts();
    await expect(read.bootID()).rejects.toMatchObject({ code: 'E_HOST_READ' });
    await root.file('proc/sys/kernel/random/boot_id', 'abc\n');
    await root.file('proc/sys/kernel/osrelease', '6.1.0\n');
    expect([await read.bootID(), await read.kernel()]).toEqual(['abc', '6.1.0']);
  });

  test('say what the kubelet was told; of none, nothing', async () => {
    const argv = ['kubelet', '--container-runtime-endpoint=unix:///run/a.sock'];
    const healthz = { host: '127.0.0.1', port: 10_248 };
    const endpoint = 'unix:///run/a.sock';
    expect(await facts({ ...KUBELET, argv }).kubelet(never)).toEqual({ pid: 57, argv, endpoint, healthz });
    expect(await facts().kubelet(never)).toBeUndefined();
  });
});
