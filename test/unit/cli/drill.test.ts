import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, NODES, POLICIES } from '../../../src/api/resources.ts';
import { type Bench, startBench } from './cli-harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
  bench.server.seed(NODES, { metadata: { name: 'node-a' } });
  bench.server.seed(POLICIES, { metadata: { name: 'prod' }, spec: { mode: 'Remediate' } });
});
afterEach(async () => {
  await bench.server.close();
});

/** The controller's end of it, as soon as it is there. */
function answer(status: object): void {
  bench.server.onChange(({ kind, type, object }) => {
    if (kind.plural !== INCIDENTS.plural || type !== 'ADDED') return;
    const { name } = INCIDENTS.parse(object).metadata;
    setImmediate(() => {
      bench.server.edit(INCIDENTS, { name }, (draft) => {
        Object.assign(draft, { status });
      });
    });
  });
}

const complete = (message: string): object => ({
  conditions: [{ type: 'Complete', status: 'True', reason: 'x', message, lastTransitionTime: '2026-11-24T10:10:00Z' }],
});

describe('drill', () => {
  test('asks for the fault in the caller’s name, and by a plan that acts on nothing', async () => {
    const { code, out } = await bench.run(
      'drill',
      'node-a',
      '--fault',
      'frozen-kubelet',
      '--reason',
      'game day',
      '--no-wait',
    );
    const [incident] = bench.server.list(INCIDENTS);
    expect([code, out]).toEqual([0, `${incident?.metadata.name ?? ''}\n`]);
    expect(incident?.spec).toMatchObject({
      trigger: { type: 'Drill', by: 'jane@example.com', message: 'game day' },
      plan: { policy: 'prod', mode: 'Capture' },
      drill: { fault: 'FrozenKubelet', lastsFor: '3m0s' },
    });
  });

  test('refuses a frozen connection, and says why', async () => {
    const { code, err } = await bench.run('drill', 'node-a', '--fault', 'frozen-connection');
    expect(code).toBe(2);
    expect(err).toContain('a unix socket, which the kernel can neither filter nor hold up');
    expect(bench.server.list(INCIDENTS)).toEqual([]);
  });

  test('prints each time beside its promise, and ends well only where all are kept', async () => {
    const times = [
      { what: 'noticed', took: '11.04s', limit: '30s' },
      { what: 'Ready', took: '2m', limit: '1m' },
      { what: 'uncordoned', limit: '1m' },
    ];
    answer({ outcome: 'DrillFailed', drill: { times }, ...complete('too late: Ready, uncordoned') });
    const { code, out } = await bench.run('drill', 'node-a', '--fault', 'hung-runtime', '--for', '5m');
    expect(code).toBe(1);
    expect(out).toMatch(/noticed +11s +30s +in time\n/);
    expect(out).toMatch(/Ready +2m0s +1m0s +LATE\n/);
    expect(out).toMatch(/uncordoned +never +1m0s +LATE\n/);
    expect(out).toContain('DrillFailed: too late: Ready, uncordoned\n');
    expect(bench.server.list(INCIDENTS)[0]?.spec).toMatchObject({ drill: { fault: 'HungRuntime', lastsFor: '5m0s' } });
  });

  test.each([
    ['passed', [], 'DrillPassed', 0],
    ['was refused', [], 'DrillRefused', 1],
    ['would be possible', ['--dry-run', 'server'], 'DrillPossible', 0],
    ['would be refused', ['--dry-run', 'server'], 'DrillRefused', 1],
  ])('that %s has its exit code', async (_what, flags, outcome, expected) => {
    answer({ outcome, ...complete('so it is') });
    const { code, out } = await bench.run('drill', 'node-a', '--fault', 'frozen-kubelet', ...flags);
    expect([code, out]).toEqual([expected, expect.stringContaining(`${outcome}: so it is\n`)]);
    const { drill } = bench.server.list(INCIDENTS)[0]?.spec as { drill: { dryRun?: boolean } };
    expect(drill.dryRun === true).toBe(flags.length > 0);
  });

  test('does not wait for ever', async () => {
    const { code, err } = await bench.run('drill', 'node-a', '--fault', 'frozen-kubelet', '--timeout', '10ms');
    expect([code, err]).toEqual([1, expect.stringContaining('no fault was made yet')]);
  });

  test('is ended by reject', async () => {
    await bench.run('drill', 'node-a', '--fault', 'frozen-kubelet', '--no-wait');
    const { name } = bench.server.list(INCIDENTS)[0]?.metadata ?? { name: '' };
    expect((await bench.run('reject', name, '--reason', 'enough')).code).toBe(0);
    expect(bench.server.list(INCIDENTS)[0]?.spec).toMatchObject({ approval: { decision: 'Reject' } });
  });
});
