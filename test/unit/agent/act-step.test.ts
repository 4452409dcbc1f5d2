/** One act from its request to its report, where the host or the API server does not do as it should. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runActStep } from '../../../src/agent/act/act-step.ts';
import { runResumeStep } from '../../../src/agent/act/resume-step.ts';
import { INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { ActionRecord, IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { ActRecord, ActStep } from '../../../src/core/decision/actions.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { aNode, at } from '../../support/builders/objects.ts';
import { type ActBench, createActBench, NAME } from './act-bench.ts';

let bench: ActBench;

beforeEach(async () => {
  bench = await createActBench();
});

afterEach(async () => {
  await bench.finish();
});

/** Starts the step as it was asked for, on the incident as it is, and lets time go by. */
async function act(step: ActStep, ms: number): Promise<void> {
  const done = runActStep(bench.parts, { incident: bench.seed({ steps: [step] }), step }, bench.life.signal);
  done.catch(() => undefined);
  await bench.clock.advance(ms);
}

const broken = (): Promise<never> => Promise.reject(new MedicError('E_HOST_COMMAND', 'transient', 'dbus: timeout'));

describe('a restart', () => {
  test('is reserved with what was there before, and reported with what is there after', async () => {
    const before = bench.sim.kubelet();
    await act(bench.asked(), 20_000);
    expect(bench.record()).toMatchObject({
      state: 'Succeeded',
      unit: 'kubelet.service',
      command: 'systemctl restart kubelet.service',
      before: { pid: before.mainPID, invocationID: before.invocationID, bootID: 'boot-1' },
      after: { pid: bench.sim.kubelet().mainPID, invocationID: bench.sim.kubelet().invocationID, bootID: 'boot-1' },
      message: `pid ${before.mainPID} -> ${bench.sim.kubelet().mainPID}`,
    });
    expect(bench.counted('RestartKubelet', 'Succeeded')).toBe(1);
  });

  test('whose command does not return in time, and takes effect, has taken', async () => {
    bench.services.restart = async (unit, signal) => {
      await bench.sim.host.services.restart(unit, signal);
      return await broken();
    };
    await act(bench.asked(), 20_000);
    expect(bench.record()).toMatchObject({ state: 'Succeeded' });
    expect(bench.record()?.message).toMatch(/^dbus: timeout; but pid \d+ -> \d+$/);
    expect(bench.record()?.command).toBeUndefined();
  });

  test('whose command fails, and changes nothing, has failed', async () => {
    bench.services.restart = broken;
    await act(bench.asked(), 70_000);
    expect(bench.record()).toMatchObject({
      state: 'Failed',
      message: 'dbus: timeout; kubelet.service has no new process that stays within 1m0s',
    });
    expect(bench.counted('RestartKubelet', 'Failed')).toBe(1);
  });

  test('whose proof cannot be read has failed, and says why', async () => {
    bench.services.restart = async () => 'x'.repeat(1_000);
    bench.services.show = broken;
    await act(bench.asked(), 70_000);
    expect(bench.record()).toMatchObject({
      state: 'Failed',
      message: 'kubelet.service has no new process that stays within 1m0s; dbus: timeout',
    });
    expect(bench.record()?.command).toHaveLength(512);
  });

  test('of a unit that systemd has lost has failed, and says so', async () => {
    bench.services.show = async () => undefined;
    await act(bench.asked(), 70_000);
    expect(bench.record()?.message).toMatch(/within 1m0s; systemd does not know it now$/);
  });

  test('is seen though systemd does not answer once', async () => {
    let looks = 0;
    bench.services.show = (unit, signal) =>
      (looks += 1) === 2 ? broken() : bench.sim.host.services.show(unit, signal);
    await act(bench.asked(), 20_000);
    expect(bench.record()).toMatchObject({ state: 'Succeeded' });
  });

  test('that a dying agent has issued is not reported by it', async () => {
    bench.services.restart = () => {
      bench.life.abort(new Error('killed'));
      return Promise.reject(new Error('killed'));
    };
    await act(bench.asked(), 70_000);
    expect(bench.record()).toMatchObject({ state: 'Reserved' });
  });
});

describe('a reboot', () => {
  test('is written down as issued before it is, and ends this agent', async () => {
    bench.services.reboot = async () => 'systemctl reboot';
    await act(bench.asked('RebootNode'), 1_000);
    expect(bench.record()).toMatchObject({ state: 'Reserved', before: { pid: 0, invocationID: '', bootID: 'boot-1' } });
    expect(bench.record()?.issuedAt).toBe(bench.record()?.reservedAt);
    expect(bench.record()?.unit).toBeUndefined();
  });

  test('that does not come has failed after five minutes', async () => {
    bench.services.reboot = async () => 'systemctl reboot';
    await act(bench.asked('RebootNode'), 299_000);
    expect(bench.record()?.state).toBe('Reserved');
    await bench.clock.advance(2_000);
    expect(bench.record()).toMatchObject({ state: 'Failed', message: 'the host did not go down within 5m0s' });
  });

  test('whose command fails has failed at once', async () => {
    bench.services.reboot = broken;
    await act(bench.asked('RebootNode'), 1_000);
    expect(bench.record()).toMatchObject({ state: 'Failed', message: 'dbus: timeout' });
  });
});

describe('a request that is not there any more', () => {
  const reserved: ActionRecord = { name: 'act-1', action: 'RestartKubelet', state: 'Refused', reservedAt: at(0) };
  test.each<[string, (step: ActStep) => IncidentStatus]>([
    ['it is gone', (): IncidentStatus => ({})],
    ['it is over', (step): IncidentStatus => ({ steps: [{ ...step, state: 'Skipped' }] })],
    ['it asks for something else', (step): IncidentStatus => ({ steps: [{ ...step, action: 'RestartRuntime' }] })],
    ['it is no act', (step): IncidentStatus => ({ steps: [{ ...step, type: 'Verify' }] })],
    ['it was taken up', (step): IncidentStatus => ({ steps: [step], actions: [reserved] })],
  ])('is left alone: %s', async (_name, statusOf) => {
    const step = bench.asked();
    const known = bench.seed({ steps: [step] });
    const writes = bench.local.writes.length;
    bench.local.seeds.edit(INCIDENTS, { name: NAME }, (draft) => {
      draft['status'] = JSON.parse(JSON.stringify(statusOf(step))) as typeof draft;
    });
    await runActStep(bench.parts, { incident: known, step }, bench.life.signal);
    expect(bench.sim.restarts).toEqual([]);
    expect(bench.local.writes).toHaveLength(writes);
    expect(bench.log.entries.some(({ message }) => message === 'An action is left alone')).toBe(true);
  });

  test('is not the step before it', async () => {
    const step = bench.asked();
    const before: ActStep = { ...step, name: 'act-0', state: 'Succeeded' };
    const known = bench.seed({ steps: [before, step] });
    const done = runActStep(bench.parts, { incident: known, step }, bench.life.signal);
    await bench.clock.advance(20_000);
    await done;
    expect(bench.record()).toMatchObject({ state: 'Succeeded' });
  });

  test('is left alone while another step is asked for', async () => {
    const step = bench.asked();
    const known = bench.seed({ steps: [{ ...step, name: 'act-0', action: 'RestartRuntime' }] });
    await runActStep(bench.parts, { incident: known, step }, bench.life.signal);
    expect(bench.sim.restarts).toEqual([]);
  });
});

test('a refusal is recorded and counted, and nothing is done', async () => {
  bench.local.seeds.remove(NODES, { name: 'node-a' });
  await act(bench.asked(), 1_000);
  expect(bench.record()).toMatchObject({ state: 'Refused', reason: 'NodeDeleting', finishedAt: at(5_000) });
  expect(bench.counted('RestartKubelet', 'Refused')).toBe(1);
  expect(bench.sim.restarts).toEqual([]);
});

describe('a look before the act', () => {
  const wellNode = aNode();
  test.each<[string, 'Healthy' | 'Unhealthy', typeof wellNode, string | undefined]>([
    ['finds a node that is well', 'Healthy', wellNode, 'NodeWell'],
    ['finds a node whose PLEG is not', 'Unhealthy', wellNode, undefined],
    ['finds a node that is not Ready', 'Healthy', aNode({ ready: 'False' }), undefined],
  ])('%s', async (_name, pleg, { spec, status }, reason) => {
    bench.parts.board.post({ pleg: { state: pleg, reason: '', message: '', since: at(0), episodes: [] } });
    bench.local.seeds.seed(NODES, { metadata: { name: 'node-a' }, spec, status });
    await act(bench.asked('RestartRuntime'), 1_000);
    expect(bench.record()?.reason).toBe(reason);
  });

  test.each<[string, 'Healthy' | 'Unhealthy', typeof wellNode]>([
    ['PLEG is not healthy', 'Unhealthy', wellNode],
    ['the node is not Ready', 'Healthy', aNode({ ready: 'False' })],
  ])('does not ask the runtime that is restarted, where %s', async (_name, pleg, { spec, status }) => {
    bench.parts.board.post({ pleg: { state: pleg, reason: '', message: '', since: at(0), episodes: [] } });
    bench.local.seeds.seed(NODES, { metadata: { name: 'node-a' }, spec, status });
    let probes = 0;
    const { world } = bench.parts;
    const probe = async () => ((probes += 1), { state: 'Timeout', latencyMs: 1, message: '' } as const);
    Object.assign(world, { host: { ...world.host, probe: { ...world.host.probe, probe } } });
    await act(bench.asked('RestartRuntime'), 1_000);
    expect(probes).toBe(0);
    expect(bench.record()).toMatchObject({ state: 'Reserved', unit: 'containerd.service' });
  });
});

describe('an act that a dead agent has left', () => {
  const left = (change: Partial<ActRecord> = {}): ActRecord => {
    const { mainPID: pid, invocationID } = bench.sim.kubelet();
    const before = { pid, invocationID, bootID: 'boot-1' };
    return {
      name: 'act-1',
      action: 'RestartKubelet',
      state: 'Reserved',
      unit: 'kubelet.service',
      reservedAt: at(0),
      before,
      ...change,
    };
  };

  async function resume(
    known: ActRecord,
    ms: number,
    status: IncidentStatus = { steps: [bench.asked(known.action)] },
  ): Promise<void> {
    const seen = bench.seed({ ...status, actions: [known] });
    const done = runResumeStep(bench.parts, { incident: seen, record: known }, bench.life.signal);
    done.catch(() => undefined);
    await bench.clock.advance(ms);
  }

  test('was done, where the unit is another one', async () => {
    const known = left();
    void bench.sim.host.services.restart('kubelet.service', bench.life.signal);
    await bench.clock.advance(5_000);
    await resume(known, 1_000);
    expect(bench.record()).toMatchObject({
      state: 'Succeeded',
      after: { pid: bench.sim.kubelet().mainPID, bootID: 'boot-1' },
    });
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('was done, and has stopped the kubelet: that is started', async () => {
    const { mainPID: pid, invocationID, unit } = bench.sim.runtime();
    const before = { pid, invocationID, bootID: 'boot-1' };
    bench.sim.bindKubelet();
    const known = left({
      action: 'RestartRuntime',
      unit,
      before,
      reservedAt: new Date(bench.clock.now()).toISOString(),
    });
    void bench.sim.host.services.restart(unit, bench.life.signal);
    await bench.clock.advance(5_000);
    await resume(known, 5_000);
    const message = 'seen after a restart of the agent; kubelet.service was stopped with it, and is started again';
    expect(bench.record()).toMatchObject({ state: 'Succeeded', message });
    expect(bench.sim.kubelet().activeState).toBe('active');
  });

  test('was done, where the host has booted, also while the unit is not found', async () => {
    bench.services.find = async () => undefined;
    bench.setBootID('boot-2');
    await resume(left({ action: 'RebootNode', issuedAt: at(0) }), 1_000);
    expect(bench.record()).toMatchObject({ state: 'Succeeded', message: 'the host has booted since' });
    expect(bench.record()?.after).toBeUndefined();
  });

  test('is watched, where systemd is at it', async () => {
    const known = left({ issuedAt: at(0) });
    void bench.sim.host.services.restart('kubelet.service', bench.life.signal);
    bench.services.find = async (role, signal) => {
      const facts = await bench.sim.host.services.find(role, signal);
      return facts === undefined ? undefined : { ...facts, activeState: 'deactivating' };
    };
    await resume(known, 20_000);
    expect(bench.record()).toMatchObject({ state: 'Succeeded', message: expect.stringMatching(/^pid \d+ -> \d+$/) });
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is waited for, where the host may be going down', async () => {
    await resume(left({ action: 'RebootNode', issuedAt: at(0) }), 299_000);
    expect(bench.record()?.state).toBe('Reserved');
    await bench.clock.advance(2_000);
    expect(bench.record()).toMatchObject({ state: 'Ambiguous', message: 'the host did not go down within 5m0s' });
  });

  test('is done now, once, where it was not issued', async () => {
    await resume(left(), 20_000);
    expect(bench.record()).toMatchObject({ state: 'Succeeded' });
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is not done again, where it may have been issued', async () => {
    await resume(left({ issuedAt: at(0) }), 20_000);
    expect(bench.record()).toMatchObject({ state: 'Ambiguous' });
    expect(bench.sim.restarts).toEqual([]);
  });

  test.each<[string, (step: ActStep) => IncidentStatus]>([
    ['is over', (step): IncidentStatus => ({ steps: [{ ...step, state: 'Failed' }] })],
    ['is gone', (): IncidentStatus => ({})],
    ['is another one', (step): IncidentStatus => ({ steps: [{ ...step, name: 'act-2' }] })],
  ])('is refused, where the step %s', async (_name, statusOf) => {
    await resume(left(), 20_000, statusOf(bench.asked()));
    expect(bench.record()).toMatchObject({ state: 'Refused', reason: 'StepOver' });
    expect(bench.counted('RestartKubelet', 'Refused')).toBe(1);
    expect(bench.sim.restarts).toEqual([]);
  });

  test.each<[string, Partial<ActionRecord> | undefined]>([
    ['is gone', undefined],
    ['is of a capture', { action: 'CaptureHost' }],
    ['is over', { state: 'Refused' }],
    ['says that it is issued', { issuedAt: at(1) }],
  ])('is left, where its record %s by now', async (_name, change) => {
    const known = left();
    const seen = bench.seed({ steps: [bench.asked()], actions: [known] });
    bench.local.seeds.edit(INCIDENTS, { name: NAME }, (draft) => {
      const actions = change === undefined ? [] : [{ ...known, ...change }];
      draft['status'] = JSON.parse(JSON.stringify({ steps: [bench.asked()], actions })) as typeof draft;
    });
    const writes = bench.local.writes.length;
    const done = runResumeStep(bench.parts, { incident: seen, record: known }, bench.life.signal);
    await bench.clock.advance(20_000);
    await done;
    expect(bench.local.writes).toHaveLength(writes);
    expect(bench.sim.restarts).toEqual([]);
  });
});
