import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findShims } from '../../../src/host/process/find-shims.ts';
import { createShimStacks } from '../../../src/host/stacks/shim-stacks.ts';
import type { Shim } from '../../../src/ports/host.ts';
import { createFakeRoot, type FakeProcess, type FakeRoot } from './fake-root.ts';
import { REAL_CLOCK } from './real-clock.ts';

const never = new AbortController().signal;
const SANDBOX = 'a5'.repeat(32);
const CONTAINER = 'd6'.repeat(32);
const BUNDLE = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${SANDBOX}`;
const UNIT = 'containerd.service';
const SHIM: FakeProcess = { comm: 'containerd-shim', cgroup: `/system.slice/${UNIT}`, cwd: BUNDLE };

let root: FakeRoot;
beforeEach(async () => {
  root = await createFakeRoot();
  await root.file('proc/uptime', '100.00 180.00\n');
});
afterEach(() => root.dispose());

function find(): Promise<readonly Shim[]> {
  return findShims(root.namespaces.procRoot, UNIT, never);
}

async function signs(): Promise<readonly (readonly [string, string])[]> {
  return (await find()).flatMap((shim) => shim.signs.map(({ kind, text }) => [kind, text] as const));
}

describe('the shims of a runtime', () => {
  test('are named by the sandbox whose folder they work in, and know their containers', async () => {
    await root.process(57, SHIM);
    await root.process(60, { comm: 'pause', ppid: 57, cgroup: `/k8s.io/${SANDBOX}` });
    await root.process(61, { comm: 'nginx', ppid: 57, cgroup: `/kubepods.slice/cri-containerd-${CONTAINER}.scope` });
    await root.process(62, { comm: 'other', cgroup: `/k8s.io/${'b'.repeat(64)}` });
    expect(await find()).toEqual([
      { pid: 57, startTicks: 57, unit: UNIT, sandbox: SANDBOX, containers: [SANDBOX, CONTAINER], signs: [] },
    ]);
  });

  test.each<[string, Partial<FakeProcess>]>([
    ['of k3s', { cwd: BUNDLE.replace('/run/', '/run/k3s/') }],
    ['of containerd 1.2', { cwd: BUNDLE.replace('v2.task', 'v1.linux') }],
    ['of a pod whose folder is gone', { cwd: `${BUNDLE} (deleted)` }],
  ])('are found: %s', async (_what, difference) => {
    await root.process(57, { ...SHIM, ...difference });
    expect(await find()).toHaveLength(1);
  });

  test.each<[string, Partial<FakeProcess>]>([
    ['a process of the same name in a container', { cgroup: `/k8s.io/${CONTAINER}` }],
    ['a shim of another unit', { cgroup: '/system.slice/other.service' }],
    ['a process of the unit with another name', { comm: 'containerd' }],
    ['a shim of docker', { cwd: BUNDLE.replace('k8s.io', 'moby') }],
    ['a shim of somebody else', { cwd: '/' }],
    ['a process that works nowhere', { cwd: undefined }],
    ['a process of a user', { uids: '1000\t1000\t1000\t1000' }],
    ['a process in a container below the unit', { cgroup: `/system.slice/${UNIT}/kubepods/x` }],
    ['a zombie', { state: 'Z' }],
  ])('are not: %s', async (_what, difference) => {
    await root.process(57, { ...SHIM, ...difference });
    expect(await find()).toEqual([]);
  });
});

describe('a shim', () => {
  test('that is stopped has the sign', async () => {
    await root.process(57, { ...SHIM, state: 'T' });
    expect(await signs()).toEqual([['stopped', 'it is stopped (state T)']]);
  });

  test('that has a thread in state D has the sign, with what the thread waits in', async () => {
    await root.process(57, { ...SHIM, wchan: 'rpc_wait_bit_killable\n', threads: { 58: 'S', 59: 'D' } });
    expect(await signs()).toEqual([['uninterruptible', 'its thread 59 is in state D (rpc_wait_bit_killable)']]);
  });

  test('whose runc lasts has the sign; one that has just begun, or has ended, is none', async () => {
    await root.process(57, SHIM);
    await root.process(60, { comm: 'runc', ppid: 57, startTicks: 6_000, cgroup: SHIM.cgroup });
    await root.process(61, { comm: 'runc', ppid: 57, startTicks: 9_950, cgroup: SHIM.cgroup });
    await root.process(62, { comm: 'runc', ppid: 57, startTicks: 100, state: 'Z', cgroup: SHIM.cgroup });
    await root.process(63, { comm: 'runc:[2:INIT]', ppid: 57, startTicks: 100, cgroup: SHIM.cgroup });
    expect(await signs()).toEqual([['runc-lasts', 'its runc (process 60) has run for 40 s']]);
  });

  test("whose container's process is in state D has the sign", async () => {
    await root.process(57, SHIM);
    await root.process(60, { comm: 'postgres', ppid: 57, state: 'D', cgroup: `/k8s.io/${CONTAINER}` });
    expect(await signs()).toEqual([['child-uninterruptible', 'its child postgres (process 60) is in state D']]);
  });
});

describe('the reader of shims', () => {
  function reader(comm: string | undefined): ReturnType<typeof createShimStacks> {
    const runtime = comm === undefined ? undefined : { pid: 9, comm, argv: [comm], unit: UNIT, startTicks: 1 };
    return createShimStacks({
      procRoot: root.namespaces.procRoot,
      runtime: () => Promise.resolve(runtime),
      clock: REAL_CLOCK,
    });
  }

  test('lists the shims of the unit that runs containerd', async () => {
    await root.process(57, SHIM);
    expect(await reader('containerd').list(never)).toMatchObject({ shims: [{ pid: 57 }], note: '' });
  });

  test('lists those of any unit of the system while no runtime runs, and none of a container', async () => {
    await root.process(57, SHIM);
    await root.process(58, { ...SHIM, cgroup: '/system.slice/k3s.service' });
    await root.process(59, { ...SHIM, cgroup: `/k8s.io/${CONTAINER}` });
    expect(await reader(undefined).list(never)).toMatchObject({
      shims: [
        { pid: 57, unit: UNIT },
        { pid: 58, unit: 'k3s.service' },
      ],
      note: '',
    });
  });

  test.each([
    ['crio', /conmon is no Go program/],
    ['dockerd', /shims of dockerd/],
  ])('says why there are none of %s', async (comm, note) => {
    await root.process(57, SHIM);
    expect(await reader(comm).list(never)).toEqual({ shims: [], note: expect.stringMatching(note) });
  });
});
