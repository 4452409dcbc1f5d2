import { afterEach, describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import type { ActionRecord } from '../../src/api/v1alpha1/kinds/incident.ts';
import { type Bench, createBench, INCIDENT, NODE } from '../support/agent-harness.ts';
import type { FaultKind } from '../support/host/scenario.ts';

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

/** A bench whose node is in trouble and has its incident open. */
async function inTrouble(
  fault: FaultKind,
  plan: Parameters<Bench['openIncident']>[0] = {},
  before?: () => void,
): Promise<void> {
  bench = createBench();
  bench.createHealth();
  bench.start();
  await bench.clock.advance(30_000);
  before?.();
  bench.sim.inject(fault);
  await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Unhealthy', 300_000, 500);
  bench.openIncident({ elapsed: bench.health()?.status.pleg?.elapsed ?? '3m3s', ...plan });
}

async function recordOf(name: string, limitMs = 120_000): Promise<ActionRecord> {
  await bench.clock.advanceUntil(
    () => {
      const record = bench.record(name);
      return record !== undefined && record.state !== 'Reserved';
    },
    limitMs,
    250,
  );
  return bench.record(name)!;
}

async function bundleText(file: string): Promise<string> {
  const bytes = await bench.sim.host.spool.read(INCIDENT, file);
  return gunzipSync(bytes!).toString('utf8');
}

/** No call to the disk is answered any more. */
function hangDisk(): void {
  const hang = (): Promise<never> => new Promise(() => undefined);
  Object.assign(bench.sim.host.spool, { write: hang, read: hang, rename: hang, remove: hang, list: hang, usage: hang });
  Object.assign(bench.sim.host.state, { read: hang, write: hang });
}

describe('evidence of the host', () => {
  test('what was saved early is taken over, with a kubelet log that holds the breach line', async () => {
    await inTrouble('runtime-hung');
    const early = bench.health()?.status.spool?.early;
    expect(early).toMatchObject({ reason: 'RuntimeProbeFailing' });
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    const startedAt = bench.clock.now();
    const record = await recordOf('capture-host');
    expect(bench.clock.now() - startedAt).toBeLessThanOrEqual(1_000);
    expect(record).toMatchObject({ state: 'Succeeded', action: 'CaptureHost' });
    const { evidence: all = [], host } = bench.incident().status;
    // Those of shims come after the capture.
    const evidence = all.filter(({ kind }) => kind !== 'ShimStacks');
    expect(evidence.map(({ name }) => name).sort()).toEqual(
      [
        'kubelet.log.gz',
        'runtime.log.gz',
        'kernel.log.gz',
        'processes.txt.gz',
        'units.txt.gz',
        'goroutines-1.txt.gz',
        'goroutines-2.txt.gz',
        'runtime-goroutines-1.txt.gz',
        'runtime-goroutines-2.txt.gz',
        'runtime-info.json.gz',
        'host.txt.gz',
      ].sort(),
    );
    for (const entry of evidence.filter(({ state }) => state === 'Captured')) {
      expect(entry.by).toBe('Agent');
      const isDump = entry.kind === 'GoroutineDump' || entry.kind === 'RuntimeStacks';
      const place = isDump ? `^evidence://${NODE}-[0-9a-f]{12}$` : `^spool://${NODE}/${INCIDENT}/${entry.name}$`;
      expect(entry.location).toMatch(new RegExp(place));
      expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    const failed = evidence.filter(({ state }) => state === 'Failed');
    expect(failed.map(({ name }) => name).sort()).toEqual(['runtime-info.json.gz']);
    expect(failed.every(({ message }) => message !== undefined && message !== '')).toBe(true);
    expect(await bundleText('kubelet.log.gz')).toContain('pleg was last seen active 3m');
    expect(host?.logClues.some(({ line }) => line.includes('PLEG is not healthy'))).toBe(true);
    await bench.clock.advance(31_000);
    expect(bench.health()?.status.spool?.early).toBeUndefined();
  });

  test.each([6, -6])('has the breach line also where the clock was set by %d h since', async (hours) => {
    await inTrouble('frozen-connection');
    bench.nodeClock.jump(hours * 3_600_000);
    await bench.clock.advance(2_000);
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    expect(await bundleText('kubelet.log.gz')).toContain('pleg was last seen active 3m');
  });

  test('secrets are black in what is stored, unless the plan says otherwise', async () => {
    await inTrouble('frozen-connection');
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    expect(await bundleText('kubelet.log.gz')).not.toContain('eyJhbGciOiJSUzI1NiJ9');
    expect(await bundleText('units.txt.gz')).not.toContain('wJalrXUtnFEMI');
    expect(bench.incident().status.evidence?.find(({ name }) => name === 'kubelet.log.gz')?.redactions).toBeGreaterThan(
      0,
    );
  });

  test('a secret that the cut of a clue would halve is black in it', async () => {
    await inTrouble('frozen-connection');
    const before = 'dbus: connection closed by user';
    const token = `eyJ${'a1'.repeat(300)}.eyJzdWIiOiJzaW11bGF0ZWQifQ.c2lnbmF0dXJl`;
    bench.sim.journal.write(`${before} ${token}`);
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    const clue = bench.incident().status.host?.logClues.find(({ line }) => line.includes(before));
    expect(clue?.line).toMatch(/dbus: connection closed by user \[REDACTED\]$/);
  });

  test('clues of the log that was taken early do not count beside those of the one that is taken now', async () => {
    const line = 'E1124 10:00:00.000000      95 a.go:1] "Housekeeping took longer than expected"';
    await inTrouble('runtime-hung', {}, () => {
      bench.sim.journal.write(line);
    });
    expect(bench.health()?.status.spool?.early).toBeDefined();
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    const clues = bench.incident().status.host?.logClues.filter((clue) => clue.line.endsWith(line));
    expect(clues).toMatchObject([{ source: 'kubelet.log', count: 1 }]);
  });

  test('evidence that was taken before the trouble began is not taken over', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(20_000);
    bench.sim.inject('runtime-hung');
    await bench.clock.advance(40_000);
    void bench.sim.host.services.restart('containerd.service', new AbortController().signal);
    await bench.clock.advance(120_000);
    expect(bench.health()?.status.spool?.early).toBeDefined();
    bench.openIncident({ elapsed: '1m0s' });
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    expect((await bench.sim.host.spool.list()).some(({ bundle }) => bundle.startsWith('early-'))).toBe(true);
    expect(bench.incident().status.evidence?.every(({ state }) => state === 'Captured')).toBe(true);
  });

  test('nothing is saved early where the policy only observes', async () => {
    bench = createBench();
    bench.createHealth({ policy: 'default', mode: 'Observe' });
    bench.start();
    await bench.clock.advance(10_000);
    bench.sim.inject('runtime-hung');
    await bench.clock.advance(60_000);
    expect(bench.health()?.status.pleg?.state).toBe('Suspected');
    expect(await bench.sim.host.spool.list()).toEqual([]);
  });

  test('one suspicion is worth one early capture', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(10_000);
    const ids = new Set<string | undefined>();
    bench.sim.inject('runtime-hung');
    for (let second = 0; second < 170; second++) {
      await bench.clock.advance(1_000);
      ids.add(bench.health()?.status.spool?.early?.id);
    }
    expect([...ids].filter((id) => id !== undefined)).toHaveLength(1);
  });

  test('a full disk leaves entries that say so, and a condition', async () => {
    await inTrouble('frozen-connection');
    bench.sim.disk.fail('ENOSPC: no space left on device');
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    const record = await recordOf('capture-host');
    expect(record.state).toBe('Failed');
    expect(record.message).toContain('ENOSPC');
    await bench.clock.advance(2_000);
    const spoolWritable = (): string | undefined =>
      bench.health()?.status.conditions?.find(({ type }) => type === 'SpoolWritable')?.status;
    expect(spoolWritable()).toBe('False');
    bench.sim.disk.fail(undefined);
    await bench.clock.advance(600_000);
    expect(spoolWritable()).toBe('True');
  });

  test('is taken once, however late the watch tells the agent of its own record', async () => {
    await inTrouble('runtime-hung');
    bench.local.onWrite(({ plural, body }) => {
      if (plural === 'kubeletincidents' && JSON.stringify(body).includes('"Succeeded"'))
        bench.faults.mirror(plural, { kind: 'held' });
    });
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    const record = await recordOf('capture-host');
    await bench.clock.advance(240_000);
    expect(bench.record('capture-host')).toEqual(record);
  });

  test('a disk that hangs leaves entries that say so, and does not hold up the restart', async () => {
    await inTrouble('runtime-hung');
    hangDisk();
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    const record = await recordOf('capture-host', 60_000);
    expect(record.state).toBe('Failed');
    expect(record.message).toContain('the spool: no answer within 10s');
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    expect(await recordOf('act-1', 30_000)).toMatchObject({ state: 'Succeeded' });
  });

  test('a disk that hangs does not hold up an act that is asked for while the capture waits', async () => {
    await inTrouble('runtime-hung');
    hangDisk();
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await bench.clock.advance(5_000);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    await bench.clock.advance(1_000);
    expect(bench.record('act-1')).toMatchObject({ state: 'Reserved' });
    expect(bench.record('capture-host')).toBeUndefined();
    expect(await recordOf('act-1', 10_000)).toMatchObject({ state: 'Succeeded' });
    expect(await recordOf('capture-host', 60_000)).toMatchObject({ state: 'Failed' });
    expect(bench.incident().status.actions?.map(({ name }) => name)).toEqual(['act-1', 'capture-host']);
    expect(bench.sim.restarts).toHaveLength(1);
  });
});

describe('an action', () => {
  test('restarts the runtime once, and shows the process before and after', async () => {
    await inTrouble('runtime-hung');
    const before = bench.sim.runtime();
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    const record = await recordOf('act-1');
    expect(record).toMatchObject({
      state: 'Succeeded',
      unit: 'containerd.service',
      command: 'systemctl restart containerd.service',
      before: { pid: before.mainPID, invocationID: before.invocationID },
      after: { pid: bench.sim.runtime().mainPID, invocationID: bench.sim.runtime().invocationID },
    });
    expect(Date.parse(record.issuedAt!)).toBeGreaterThanOrEqual(Date.parse(record.reservedAt));
    expect(bench.sim.restarts.map(({ unit }) => unit)).toEqual(['containerd.service']);
    await bench.clock.advance(30_000);
    expect(bench.health()?.status.pleg?.state).toBe('Healthy');
    expect(bench.sim.ready()?.status).toBe('True');
  });

  test('is reserved in the API before the command runs', async () => {
    await inTrouble('frozen-connection');
    bench.local.onWrite(({ plural, body }) => {
      if (plural === 'kubeletincidents' && JSON.stringify(body).includes('"Reserved"'))
        expect(bench.sim.restarts).toEqual([]);
    });
    const seen: (string | undefined)[] = [];
    bench.start({ onReserved: () => seen.push(bench.record('act-1')?.state) });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await recordOf('act-1');
    expect(seen).toEqual(['Reserved']);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is not done while the reservation cannot be written, and is done when it can', async () => {
    await inTrouble('frozen-connection');
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    bench.local.setDown('connect ECONNREFUSED');
    await bench.clock.advance(120_000);
    expect(bench.sim.restarts).toEqual([]);
    bench.local.setDown(undefined);
    expect((await recordOf('act-1')).state).toBe('Succeeded');
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('that was done while the API server went away is reported when it is back', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.local.setDown('connect ECONNREFUSED');
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(300_000);
    bench.local.setDown(undefined);
    expect((await recordOf('act-1')).state).toBe('Succeeded');
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('keeps the records and the evidence of earlier steps', async () => {
    await inTrouble('runtime-hung');
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await recordOf('capture-host');
    const evidence = bench.incident().status.evidence;
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    await recordOf('act-1');
    expect(bench.incident().status.evidence).toEqual(evidence);
    expect(bench.incident().status.actions?.map(({ name }) => name)).toEqual(['capture-host', 'act-1']);
    expect(bench.incident().status.host?.at).toBeDefined();
    expect(bench.incident().status.steps).toHaveLength(2);
  });

  interface RefusalCase {
    readonly name: string;
    readonly reason: string;
    readonly fault?: FaultKind;
    readonly incident?: Parameters<Bench['openIncident']>[0];
    readonly spoil?: () => void;
  }
  const refusals: readonly RefusalCase[] = [
    { name: 'a kubelet restart while the runtime is silent', reason: 'RuntimeNotAnswering', fault: 'runtime-hung' },
    { name: 'a mode that only captures', reason: 'ModeForbids', incident: { plan: { mode: 'Capture' } } },
    {
      name: 'an action that the plan does not allow',
      reason: 'ActionNotAllowed',
      incident: { plan: { remediation: { allowedActions: ['RestartRuntime'] } } },
    },
    {
      name: 'a unit that is not found',
      reason: 'UnitNotFound',
      spoil: () => {
        bench.sim.hideUnit('kubelet', true);
      },
    },
    {
      name: 'a silent systemd',
      reason: 'UnitUnreadable',
      spoil: () => {
        bench.sim.breakServices('dbus: timeout');
      },
    },
  ];
  test.each(refusals)('is refused: $name', async ({ reason, fault = 'frozen-connection', incident = {}, spoil }) => {
    await inTrouble(fault, incident);
    spoil?.();
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    const record = await recordOf('act-1');
    expect(record.state).toBe('Refused');
    expect(record.message).toMatch(new RegExp(`^${reason}: `));
    await bench.clock.advance(120_000);
    expect(bench.sim.restarts).toEqual([]);
  });

  test('is refused if somebody has restarted the unit since it was asked for', async () => {
    await inTrouble('frozen-connection');
    bench.kill();
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    await bench.clock.advance(5_000);
    void bench.sim.host.services.restart('kubelet.service', new AbortController().signal);
    await bench.clock.advance(5_000);
    bench.start();
    const record = await recordOf('act-1');
    expect(record.state).toBe('Refused');
    expect(record.message).toMatch(/^AlreadyRestarted: kubelet\.service was started at /);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is done where the clock was set far back after the unit had started', async () => {
    await inTrouble('frozen-connection');
    bench.nodeClock.jump(-2 * 3_600_000);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    expect(await recordOf('act-1')).toMatchObject({ state: 'Succeeded' });
  });

  test('on a unit that crash-loops is reported as failed', async () => {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.sim.inject('runtime-hung');
      },
    });
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    const record = await recordOf('act-1');
    expect(record.state).toBe('Failed');
    expect(record.message).toContain('activating (auto-restart)');
  });

  /** Lets the controller write first, once, when the agent is about to reserve. */
  function writeFirst(write: () => void): void {
    bench.local.onWrite(({ plural, body }) => {
      if (plural !== 'kubeletincidents' || !JSON.stringify(body).includes('"Reserved"')) return;
      bench.local.onWrite(undefined);
      write();
    });
  }

  test('that is withdrawn while the agent looks at its host is left alone', async () => {
    await inTrouble('frozen-connection');
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    writeFirst(() => {
      bench.endStep('act-1');
    });
    await bench.clock.advance(60_000);
    expect(bench.incident().status.steps?.[0]?.state).toBe('Skipped');
    expect(bench.record('act-1')).toBeUndefined();
    expect(bench.sim.restarts).toEqual([]);
  });

  test('is reserved anew, on the incident as it is then, when somebody else wrote first', async () => {
    await inTrouble('frozen-connection');
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    let written = false;
    writeFirst(() => {
      written = true;
      bench.endStep('another');
    });
    expect((await recordOf('act-1')).state).toBe('Succeeded');
    expect(written).toBe(true);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('of a completed incident is left alone', async () => {
    await inTrouble('frozen-connection');
    bench.kill();
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartKubelet' });
    bench.complete();
    bench.start();
    await bench.clock.advance(120_000);
    expect(bench.record('act-1')).toBeUndefined();
    expect(bench.sim.restarts).toEqual([]);
  });
});
