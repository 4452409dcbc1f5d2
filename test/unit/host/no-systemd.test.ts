/** Hosts on which nothing can be restarted, or whose kubelet is no unit that is known: WOULD RECOVER has the reason. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { readUnit } from '../../../src/agent/health/look-at-host.ts';
import { recoveryLack } from '../../../src/agent/health/health-conditions.ts';
import type { Commands } from '../../../src/host/command.ts';
import { createCommands } from '../../../src/host/command.ts';
import type { NamedUnits } from '../../../src/host/unit/known-units.ts';
import { createSystemd } from '../../../src/host/unit/systemd.ts';
import { createFakeRoot, type FakeRoot } from './fake-root.ts';
import { fakeSystemctl, type FakeUnit } from './fake-systemctl.ts';

const RUNS = {
  state: 'Running',
  since: 0,
  sinceMs: 0,
  message: '',
  idleAtMs: undefined,
  restarts: [],
  lookedAtMs: 0,
} as const;
const { signal } = new AbortController();
let root: FakeRoot;

beforeEach(async () => {
  root = await createFakeRoot();
});
afterEach(async () => {
  await root.dispose();
});

const booted = (): Promise<void> => root.file('run/systemd/system/x', '');

function answering(exitCode: number, stderr: string): Commands {
  const run = async () => ({ stdout: Buffer.alloc(0), stderr, truncated: false, exitCode });
  return { ...fakeSystemctl({}).commands, run };
}

/** As the column has it, after `no: `. */
async function why(commands: Commands, named: NamedUnits = {}): Promise<string | undefined> {
  const services = createSystemd(root.namespaces, commands, { named, endpoint: async () => undefined });
  const world = { host: { services } };
  const kubeletUnit = await readUnit(world, 'kubelet', signal);
  const runtimeUnit = await readUnit(world, 'runtime', signal);
  return recoveryLack({ kubeletUnit, runtimeUnit, kubeletProgram: RUNS, runtimeProgram: RUNS })?.message.slice(0, 252);
}

const NONE =
  'systemd does not run this host (there is no /run/systemd/system), and no other service manager is spoken to';

describe('a host without systemd', () => {
  test.each([
    ['has no systemctl (Talos)', 127, 'nsenter: failed to execute systemctl: No such file or directory'],
    ['has a systemctl for nothing (a container)', 1, 'System has not been booted with systemd as init system (PID 1).'],
  ])('%s', async (_what, exitCode, stderr) => {
    expect(await why(answering(exitCode, stderr))).toBe(`the kubelet unit cannot be read: ${NONE}`);
  });

  test('on which systemctl cannot even be started says the same', async () => {
    const services = createCommands(undefined, join(root.namespaces.hostRoot, 'bin'));
    expect(await why(services)).toBe(`the kubelet unit cannot be read: ${NONE}`);
  });
});

describe('a host with systemd', () => {
  beforeEach(booted);

  test('whose D-Bus refuses says what systemctl says', async () => {
    const words = 'Failed to connect to bus: Permission denied';
    expect(await why(answering(1, words))).toBe(`the kubelet unit cannot be read: systemd cannot be asked: ${words}`);
    expect(await why(answering(4, ''))).toBe('the kubelet unit cannot be read: systemd cannot be asked: exit 4');
  });

  test('whose folders the agent may not see is not taken for one without', async () => {
    // Root may see all folders; a file in the place of one stands for what cannot be looked at.
    await root.dispose();
    root = await createFakeRoot();
    await root.file('run', '');
    expect(await why(answering(1, 'no'))).toContain('systemd cannot be asked: no');
  });

  test('whose kubelet is a process and no unit says how to name one', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/kubelet' });
    const words = 'no systemd unit of the kubelet was found; if it has one, agent.kubeletUnit of the chart names it';
    expect(await why(fakeSystemctl({}).commands)).toBe(words);
    expect(await why(fakeSystemctl({}).commands, { kubelet: 'own.service' })).toBe(words);
  });

  test('whose runtime alone is not known says that', async () => {
    await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service' });
    expect(await why(fakeSystemctl({ 'kubelet.service': { pid: 57 } }).commands)).toContain(
      'unit of the runtime was found',
    );
  });

  test.each([
    ['k3s', 'k3s.service', 'k3s'],
    ['an agent of k3s', 'k3s-agent.service', 'k3s'],
    ['RKE2', 'rke2-agent.service', 'rke2'],
    ['MicroK8s', 'snap.microk8s.daemon-kubelite.service', 'kubelite'],
    ['a snap of the kubelet', 'snap.kubelet-eks.daemon.service', 'kubelet'],
    ['k0s', 'k0sworker.service', 'k0s'],
  ])('whose kubelet is embedded in %s lacks nothing', async (_what, unit, comm) => {
    await root.process(57, { comm, cgroup: `/system.slice/${unit}` });
    await root.process(58, { comm: 'containerd', cgroup: '/system.slice/containerd.service' });
    const units: Readonly<Record<string, FakeUnit>> = { [unit]: { pid: 57 }, 'containerd.service': { pid: 58 } };
    expect(await why(fakeSystemctl(units).commands)).toBeUndefined();
  });
});
