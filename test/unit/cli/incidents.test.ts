import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { EVENTS, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../../src/api/resources.ts';
import type { IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import {
  aHealth,
  aNode,
  anIncident,
  aPlan,
  aPolicy,
  at,
  type IncidentOptions,
} from '../../support/builders/objects.ts';
import type { KubeObject, Manifest } from '../../../src/ports/cluster.ts';
import { startBench, type Bench } from './cli-harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench.server.close();
});

/** As it is on the wire. */
function wire(object: KubeObject): Manifest {
  return JSON.parse(JSON.stringify(object)) as Manifest;
}

function seedIncident(options: IncidentOptions = {}): string {
  const incident = anIncident(options);
  bench.server.seed(INCIDENTS, wire(incident));
  return incident.metadata.name;
}

const DIAGNOSIS = {
  cause: 'runtime-hung',
  class: 'RuntimeHung',
  confidence: 'High',
  summary: 'relist waits for the container runtime to answer ListPodSandbox.',
  restartKubelet: 'Harms',
  restartRuntime: 'Helps',
  recommendation: 'Restart the runtime.',
  references: [],
  evidence: ['goroutines-2.txt.gz:1471 relist in [select]'],
  blockedStack:
    'k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist  k8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:310',
  fingerprint: 'abc123',
} as const;

const RECOVERED: IncidentStatus = {
  conditions: [
    { type: 'Diagnosed', status: 'True', reason: 'RuntimeHung', message: 'm', lastTransitionTime: at(2_000) },
    { type: 'Complete', status: 'True', reason: 'Recovered', message: 'Ready again', lastTransitionTime: at(90_000) },
  ],
  steps: [
    {
      name: 'capture-stacks',
      type: 'CaptureStacks',
      state: 'Succeeded',
      startedAt: at(500),
      finishedAt: at(1_200),
      message: '2 goroutine dumps',
    },
    { name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(2_000), finishedAt: at(2_400) },
    {
      name: 'act-1',
      type: 'Act',
      state: 'Succeeded',
      action: 'RestartRuntime',
      reason: 'RestartRuntimeHelps',
      startedAt: at(2_500),
      finishedAt: at(5_000),
    },
  ],
  actions: [
    {
      name: 'act-1',
      action: 'RestartRuntime',
      state: 'Succeeded',
      unit: 'containerd.service',
      command: 'systemctl restart containerd.service',
      reservedAt: at(2_600),
      issuedAt: at(2_700),
      finishedAt: at(4_800),
      before: { pid: 100, invocationID: 'a' },
      after: { pid: 200, invocationID: 'b' },
    },
  ],
  evidence: [
    {
      name: 'kubelet.log.gz',
      kind: 'KubeletLog',
      by: 'Agent',
      state: 'Captured',
      at: at(-60_000),
      source: 's',
      bytes: 2_048,
    },
    {
      name: 'metrics.txt.gz',
      kind: 'KubeletMetrics',
      by: 'Controller',
      state: 'Failed',
      at: at(1_000),
      source: 's',
      message: 'no answer',
    },
  ],
  diagnosis: { ...DIAGNOSIS, references: [], evidence: [...DIAGNOSIS.evidence] },
  timings: { notReadySince: at(-10_000), readyAt: at(31_000), notReadyFor: '41s', completedAt: at(90_000) },
  action: 'RestartRuntime',
  outcome: 'Recovered',
  evidenceCount: 1,
};

const HELD: IncidentStatus = {
  steps: [
    { name: 'hold', type: 'Hold', state: 'Requested', startedAt: at(5_000), deadline: at(1_800_000), message: 'held' },
  ],
};
const DIAGNOSE_FIRST = aPlan({ mode: 'Remediate', strategy: 'DiagnoseFirst' });

describe('history', () => {
  test('lists incidents as kubectl does, the newest first', async () => {
    seedIncident({ name: 'old', status: RECOVERED, createdAt: -3_600_000 });
    seedIncident({ name: 'new', node: 'node-b' });
    seedIncident({ name: 'mid', node: 'node-c', status: { state: 'Waiting: budget' }, createdAt: -1_000 });
    const { code, out } = await bench.run('history');
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^NAME +NODE +CAUSE +ACTION +STATE +EVIDENCE +NOT READY +AGE$/);
    expect(lines[1]).toMatch(/^new +node-b +open +10m$/);
    expect(lines[2]).toMatch(/^mid +node-c +Waiting: budget +10m$/);
    expect(lines[3]).toMatch(/^old +node-a +runtime-hung +RestartRuntime +Recovered +1 +41s +70m$/);
  });

  test('lists those of one node', async () => {
    seedIncident({ name: 'of-a' });
    seedIncident({ name: 'of-b', node: 'node-b' });
    const { out } = await bench.run('history', 'node-b');
    expect(out).toContain('of-b');
    expect(out).not.toContain('of-a');
  });

  test('says which fault several nodes have, at which line, and what their kubelets have in common', async () => {
    for (const name of ['node-a', 'node-b', 'node-c']) {
      bench.server.seed(HEALTHS, wire(aHealth({ node: name })));
    }
    const diagnosis = { ...DIAGNOSIS, references: [], evidence: [], kubeletVersion: 'v1.12.10' };
    for (const node of ['node-a', 'node-b']) seedIncident({ node, status: { ...RECOVERED, diagnosis } });
    const { out } = await bench.run('history');
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      '2 of 3 nodes in the cluster, same line, all kubelet 1.12.10: runtime-hung, at k8s.io/kubernetes/pkg/kubelet/pleg',
    );
  });

  test('shows what it may where healths may not be read', async () => {
    seedIncident({ name: 'one', status: RECOVERED });
    bench.server.deny(({ resource }) => resource === HEALTHS.plural);
    expect((await bench.run('history')).out).toContain('one');
  });

  test('prints a list for programs', async () => {
    seedIncident({ name: 'one', status: RECOVERED });
    const printed = JSON.parse((await bench.run('history', '-o', 'json')).out) as {
      kind: string;
      items: { metadata: { name: string } }[];
    };
    expect(printed.kind).toBe('KubeletIncidentList');
    expect(printed.items.map(({ metadata }) => metadata.name)).toEqual(['one']);
  });

  test('says that there is nothing', async () => {
    expect(await bench.run('history')).toEqual({ code: 0, out: '', err: 'No incidents.\n' });
  });
});

describe('show', () => {
  test('tells a restart when it was issued: the node may be Ready before it has ended', async () => {
    const [action] = RECOVERED.actions ?? [];
    const actions = action === undefined ? [] : [{ ...action, finishedAt: at(80_000) }];
    const timings = { ...RECOVERED.timings, readyAt: at(30_000) };
    const { out } = await bench.run('show', seedIncident({ status: { ...RECOVERED, actions, timings } }));
    expect(out).toMatch(/\+2\.7s +✔ runtime restarted .*`  took 77s\n.*Ready/);
  });

  test('tells what happened when, oldest first, with pids, the stack and what is missing', async () => {
    const name = seedIncident({ status: RECOVERED });
    const { code, out } = await bench.run('show', name);
    expect(code).toBe(0);
    const told = [
      'early evidence',
      'NotReady',
      'detected',
      'stacks saved',
      'diagnosis',
      'cordoned',
      'decided',
      'runtime restarted',
      'Ready ',
      'Recovered  ',
    ];
    const places = told.map((word) => out.indexOf(word, out.indexOf('(UTC)')));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(out).toContain('10:00:00');
    expect(out).toMatch(/\+1\.2s +✔ stacks saved +2 goroutine dumps/);
    expect(out).toMatch(/runtime restarted +pid 100 -> 200 +`systemctl restart containerd\.service`/);
    expect(out).toMatch(/Where +pleg\.\(\*GenericPLEG\)\.Relist +pkg\/kubelet\/pleg\/generic\.go:310/);
    expect(out).toMatch(/Saved +1 artifacts, 2 KiB; 1 missing\n +metrics\.txt\.gz +missing +no answer/);
    expect(out).toContain(`kubectl medic evidence ${name} -o DIR`);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(132);
  });

  test('says why dumps are in the API server no more', async () => {
    const trimmed = {
      at: at(0),
      reason: 'Budget',
      message: 'its dumps were taken out of the API server: no room',
    } as const;
    const name = seedIncident({ status: { ...RECOVERED, trimmed } });
    const { out } = await bench.run('show', name);
    expect(out).toMatch(
      /Saved +1 artifacts, 2 KiB; 1 missing\n +its dumps were taken out of the API server: no room\n/,
    );
  });

  test('links the incidents with the same fault', async () => {
    const pattern = { summary: '2 of 3 nodes, same line', incidents: ['node-b-1'] };
    const name = seedIncident({ status: { ...RECOVERED, pattern } });
    expect((await bench.run('show', name)).out).toMatch(/Also +2 of 3 nodes, same line: node-b-1\n/);
  });

  test.each([
    ['Succeeded', /✔ cordoned +cordoned by us/],
    ['Skipped', /· cordon +cordoned by us/],
    ['Failed', /✖ cordon +cordoned by us/],
  ] as const)('says only of what was done that it was: %s', async (state, pattern) => {
    const time = { startedAt: at(0), finishedAt: at(1_000) };
    const step = { name: 'cordon', type: 'Cordon', state, message: 'cordoned by us', ...time } as const;
    const name = seedIncident({ status: { steps: [step] } });
    expect((await bench.run('show', name)).out).toMatch(pattern);
  });

  test('says of a held node how long it is held, and what a person can do', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: { ...HELD, state: 'Held: approve or reject' } });
    const { out } = await bench.run('show', name);
    expect(out).toContain('open (Held: approve or reject), opened 10m ago');
    expect(out).toMatch(/hold +under way: held; 20m left/);
    expect(out).toContain(`kubectl medic approve ${name}`);
  });

  test('tells of refusals, from the events on it', async () => {
    const name = seedIncident();
    bench.server.seed(EVENTS, {
      metadata: { name: 'e1', namespace: 'default' },
      type: 'Warning',
      reason: 'RecoverySkipped',
      message: 'budget: 1 of 1 recoveries in flight (other)',
      count: 3,
      involvedObject: { kind: INCIDENTS.kind, name, uid: `uid-${name}` },
    });
    expect((await bench.run('show', name)).out).toMatch(
      /waits +budget: 1 of 1 recoveries in flight \(other\) \(3 times\)/,
    );
  });

  test('tells of refusals, from the condition where events are gone', async () => {
    const condition = {
      type: 'ActionTaken',
      status: 'False',
      reason: 'BudgetExhausted',
      message: '3 of 3 attempts',
      lastTransitionTime: at(9_000),
    } as const;
    const name = seedIncident({ status: { conditions: [condition] } });
    expect((await bench.run('show', name)).out).toMatch(/no action +BudgetExhausted: 3 of 3 attempts/);
  });

  test('prints the object for programs', async () => {
    const name = seedIncident({ status: RECOVERED });
    const object = parseYaml((await bench.run('show', name, '-o', 'yaml')).out) as Record<string, unknown>;
    expect(object).toMatchObject({ kind: 'KubeletIncident', metadata: { name }, status: { outcome: 'Recovered' } });
  });

  test('writes no control character of a node to a terminal', async () => {
    const name = seedIncident({ trigger: { message: 'x\u001b[2Jy' } });
    const { out } = await bench.run('show', name);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('x\\x1b[2Jy');
  });

  test('of an incident that is not there says so', async () => {
    const { code, err } = await bench.run('show', 'nope');
    expect(code).toBe(1);
    expect(err).toContain('there is no KubeletIncident nope');
  });
});

describe('approve and reject', () => {
  function approvalOf(name: string): unknown {
    return bench.server.list(INCIDENTS).find(({ metadata }) => metadata.name === name)?.spec.approval;
  }

  test('are recorded under the name that the API server knows', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD });
    const { code, out } = await bench.run('approve', name, '--action', 'RestartKubelet', '--reason', 'seen enough');
    expect({ code, out }).toEqual({ code: 0, out: `${name} approved by jane@example.com\n` });
    expect(approvalOf(name)).toEqual({
      decision: 'Approve',
      by: 'jane@example.com',
      action: 'RestartKubelet',
      reason: 'seen enough',
    });
  });

  test('a rejection says why', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD });
    expect((await bench.run('reject', name, '--reason', 'I look myself')).code).toBe(0);
    expect(approvalOf(name)).toMatchObject({ decision: 'Reject', reason: 'I look myself' });
  });

  test('a decision that somebody else made first stands', async () => {
    const approval = { decision: 'Reject', by: 'joe' } as const;
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD, approval });
    const { code, err } = await bench.run('approve', name);
    expect(code).toBe(1);
    expect(err).toContain('has been rejected by joe');
    expect(approvalOf(name)).toEqual(approval);
  });

  test('a status that changes in between is no reason to fail', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD });
    bench.server.fail({ with: 409, times: 2, only: ({ verb }) => verb === 'patch' });
    expect((await bench.run('approve', name)).code).toBe(0);
    expect(approvalOf(name)).toMatchObject({ decision: 'Approve' });
  });

  test.each<readonly [what: string, options: IncidentOptions, words: string]>([
    ['is over', { plan: DIAGNOSE_FIRST, status: { outcome: 'Recovered' } }, 'is over: Recovered'],
    ['waits for nobody', {}, 'has strategy RestoreFirst'],
    ['only captures', { plan: aPlan({ mode: 'Capture' }) }, 'is in mode Capture'],
    [
      'is not held any more',
      { plan: DIAGNOSE_FIRST, status: { steps: [{ name: 'hold', type: 'Hold', state: 'Skipped', startedAt: at(0) }] } },
      'is not held any more',
    ],
  ])('an incident that %s takes none', async (_what, options, words) => {
    const name = seedIncident(options);
    const { code, err } = await bench.run('approve', name);
    expect(code).toBe(1);
    expect(err).toContain(words);
    expect(approvalOf(name)).toBeUndefined();
  });

  test('who has not the right is told which one it is', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD });
    bench.server.deny(({ verb }) => verb === 'patch');
    const { code, err } = await bench.run('reject', name, '--reason', 'no');
    expect(code).toBe(1);
    expect(err).toContain(`error: jane@example.com may not reject ${name}; it takes the verbs patch and approve on`);
    expect(approvalOf(name)).toBeUndefined();
  });

  test('an action that the policy does not allow is refused', async () => {
    const name = seedIncident({ plan: DIAGNOSE_FIRST, status: HELD });
    const { code, err } = await bench.run('approve', name, '--action', 'RebootNode');
    expect(code).toBe(1);
    expect(err).toContain('its policy allows RestartKubelet, RestartRuntime');
  });
});

describe('capture', () => {
  beforeEach(() => {
    bench.server.seed(NODES, wire(aNode()));
  });

  test('names the incident by its node, and asks for no more time than a person may', async () => {
    const evidence = { deadline: '30m', dumpInterval: '5m', logWindow: '1h' };
    bench.server.seed(POLICIES, wire(aPolicy({ evidence })));
    await bench.run('capture', 'node-a');
    const [incident] = bench.server.list(INCIDENTS);
    expect(incident?.metadata.name).toMatch(/^node-a-[a-z0-9]{5}$/);
    expect(incident?.spec.plan.evidence).toMatchObject({ deadline: '10m', dumpInterval: '1m', logWindow: '1h' });
  });

  test('opens an incident in mode Capture, as the policy that rules the node would have it', async () => {
    const policy = aPolicy({ evidence: { dumps: 5 }, mode: 'Remediate' }, 'prod');
    bench.server.seed(POLICIES, wire(policy));
    const { code, out } = await bench.run('capture', 'node-a', '--reason', 'odd latency');
    expect(code).toBe(0);
    const [incident] = bench.server.list(INCIDENTS);
    expect(out).toBe(`${incident?.metadata.name ?? ''}\n`);
    expect(incident?.spec).toMatchObject({
      nodeName: 'node-a',
      trigger: { type: 'Manual', message: 'odd latency', by: 'jane@example.com' },
      plan: { policy: 'prod', mode: 'Capture', evidence: { dumps: 5 } },
    });
  });

  test('has defaults where no policy rules the node', async () => {
    await bench.run('capture', 'node-a');
    expect(bench.server.list(INCIDENTS)[0]?.spec.plan).toMatchObject({
      policy: 'none',
      mode: 'Capture',
      evidence: { dumps: 2 },
    });
  });

  test('of a node that is not there is refused', async () => {
    const { code, err } = await bench.run('capture', 'nope');
    expect({ code, err }).toEqual({ code: 1, err: 'error: there is no node nope\n' });
  });

  test('waits until the evidence is there', async () => {
    bench.server.onChange(({ kind, type, object }) => {
      if (kind.plural !== INCIDENTS.plural || type !== 'ADDED') return;
      const { name } = INCIDENTS.parse(object).metadata;
      setImmediate(() => {
        bench.server.edit(INCIDENTS, { name }, (draft) => {
          Object.assign(draft, { status: { outcome: 'CaptureOnly' } });
        });
      });
    });
    const { code, err } = await bench.run('capture', 'node-a', '--wait');
    expect(code).toBe(0);
    expect(err).toContain('CaptureOnly');
  });

  test('does not wait for ever', async () => {
    const { code, err } = await bench.run('capture', 'node-a', '--wait', '--timeout', '10ms');
    expect(code).toBe(1);
    expect(err).toContain('does the controller run?');
  });
});
