import { describe, expect, test } from '@jest/globals';
import type { KubeletHealth } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { IncidentStatus, KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../../src/core/decision/incident/decide-incident.ts';
import { diagnosis, probeState } from '../../../../src/core/decision/incident/diagnosis-stage.ts';
import { hold, rejection } from '../../../../src/core/decision/incident/recovery/hold.ts';
import type { IncidentSnapshot } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { captureOnly, observeOnly } from '../../../../src/core/decision/incident/mode.ts';
import { nodePresent, stillNeeded } from '../../../../src/core/decision/incident/presence.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0, aPolicy } from '../../../support/builders/objects.ts';
import { aBudgetView, aContact, SILENT } from '../../../support/builders/views.ts';
import { smallDumps } from '../../../support/host/small-dumps.ts';
import {
  aSnapshot,
  cordonStep,
  deadlock,
  diagnosed,
  dumps,
  entry,
  NAME,
  NO_STACKS,
  restarted,
  stuck,
  PAUSED,
} from '../incident-builders.ts';

describe('the times of an incident', () => {
  const timingsOf = (incident: KubeletIncident, part: Partial<IncidentSnapshot> = {}): IncidentStatus['timings'] =>
    decideIncident(aSnapshot({ now: T0 + 5_000, ...part, incident })).status.timings;
  const seenAt = (ms: number): KubeletIncident => anIncident({ name: NAME, trigger: { at: at(ms) } });

  test.each([
    ['as the node saw it', -60_000, at(-60_000)],
    ['within the second in which it was written down', 999, at(999)],
    ['no later than it was written down, however far ahead the clock of the node is', 1_000, at(0)],
  ])('it was detected %s', (_name, ms, expected) => {
    expect(timingsOf(seenAt(ms))?.detectedAt).toBe(expected);
  });

  test.each<[string, Partial<IncidentSnapshot>, IncidentStatus, string | undefined]>([
    ['since Ready was lost', { node: stuck }, {}, at(-60_000)],
    [
      'since now, where no condition says it',
      { node: { ...stuck, status: { ...stuck.status, conditions: [] } } },
      {},
      at(5_000),
    ],
    ['since it was last Ready, whatever its condition was between', { notReadySince: T0 - 344_000 }, {}, at(-344_000)],
    ['as it was first seen', { node: stuck }, { timings: { notReadySince: at(-1) } }, at(-1)],
    ['not at all', { node: aNode() }, {}, undefined],
    ['not known of a node that is gone', { node: undefined }, {}, undefined],
  ])('it has not been ready %s', (_name, part, status, expected) => {
    expect(timingsOf(anIncident({ name: NAME, status }), part)?.notReadySince).toBe(expected);
  });
});

describe('the end of an incident', () => {
  test('is written with its time, its outcome and whether the node is well', () => {
    const { status, commands, reason, nextCheckAt } = decideIncident(
      aSnapshot({ now: T0, status: diagnosed({ timings: { evidenceAt: at(0) } }), node: aNode(), health: aHealth() }),
    );
    expect({ commands, reason, nextCheckAt }).toEqual({ commands: [], reason: 'SelfHealed', nextCheckAt: undefined });
    expect(status).toMatchObject({ outcome: 'SelfHealed', observedGeneration: 1 });
    expect(status.timings).toEqual({ detectedAt: at(0), evidenceAt: at(0), completedAt: at(0) });
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'SelfHealed' });
    expect(findCondition(status.conditions, 'Recovered')).toMatchObject({ status: 'True', reason: 'SelfHealed' });
  });

  test('gives the maintenance lease back, where it is ours', () => {
    const part = { status: diagnosed(), node: aNode(), health: aHealth() };
    const ours = aSnapshot({ ...part, lease: { kind: 'ours', isToBeRenewed: false } });
    expect(decideIncident(ours).commands).toEqual([{ kind: 'ReleaseLease' }]);
    expect(decideIncident(aSnapshot({ ...part, lease: { kind: 'free' } })).commands).toEqual([]);
  });

  test.each([
    ['1m5s', 'Ready again; it was not ready for 1m5s'],
    [undefined, 'well again; it was never seen NotReady'],
  ])('says for how long the node was not ready: %p', (notReadyFor, message) => {
    const steps = [
      { name: 'act-1', type: 'Act', action: 'RestartKubelet', state: 'Succeeded', startedAt: at(0) },
      { name: 'verify-1', type: 'Verify', state: 'Succeeded', startedAt: at(0) },
    ] as const;
    const status = diagnosed({ steps: [...steps], actions: [restarted], timings: { notReadyFor, actedAt: at(0) } });
    const decision = decideIncident(aSnapshot({ status, node: aNode(), health: aHealth() }));
    expect(findCondition(decision.status.conditions, 'Complete')).toMatchObject({ reason: 'Recovered', message });
  });
});

describe('an incident that waits', () => {
  const waiting = (part: Partial<IncidentSnapshot>, status: IncidentStatus = diagnosed()) =>
    decideIncident(aSnapshot({ policy: PAUSED, ...part, status }));

  test('says for what, and that it is not over', () => {
    const { conditions } = waiting({}).status;
    const claim = { status: 'False', reason: 'PolicyPaused', message: 'Waiting: policy is paused' };
    expect(findCondition(conditions, 'Complete')).toMatchObject(claim);
    expect(findCondition(conditions, 'Ready')).toMatchObject(claim);
  });

  test('does not say so for the moment in which its agent is asked', () => {
    const decision = waiting({ policy: aPolicy(), contact: aContact({ answeredMs: undefined }) });
    expect(decision.reason).toBe('AgentAsked');
    expect(findCondition(decision.status.conditions, 'Complete')).toBeUndefined();
  });

  const reserved = diagnosed({ steps: [cordonStep], timings: { evidenceAt: at(0) } });
  test.each<[string, IncidentStatus, IncidentSnapshot['lease'], readonly string[]]>([
    ['renews the lease, where it holds a place', reserved, { kind: 'ours', isToBeRenewed: true }, ['TakeLease']],
    ['does not renew one that lasts', reserved, { kind: 'ours', isToBeRenewed: false }, []],
    ['does not renew one for a place that it does not hold', diagnosed(), { kind: 'ours', isToBeRenewed: true }, []],
    ['takes none that is not its own', reserved, { kind: 'free' }, []],
  ])('%s', (_name, status, lease, commands) => {
    const decision = waiting({ lease }, status);
    expect(decision.reason).toBe('PolicyPaused');
    expect(decision.commands.map(({ kind }) => kind)).toEqual(commands);
  });
});

describe('the same fault on more nodes', () => {
  const mine = (status: IncidentStatus): KubeletIncident => anIncident({ name: NAME, status });
  const others = (count: number): KubeletIncident[] =>
    Array.from({ length: count }, (_, index) => {
      const node = `node-x${index}`;
      return anIncident({ name: `${node}-1`, node, status: { diagnosis: deadlock } });
    });
  function look(status: IncidentStatus, count: number, part: Partial<IncidentSnapshot> = {}): IncidentStatus {
    const incident = mine(status);
    const budget = aBudgetView({ incidents: [incident, ...others(count)] });
    return decideIncident(aSnapshot({ policy: PAUSED, ...part, incident, budget })).status;
  }

  test.each([
    [2, 3, false],
    [2, 4, true],
    [0, 1, true],
  ])('is worth a write when their number doubles: from %i to %i', (before, after, isWritten) => {
    const first = look(diagnosed(), before);
    const next = look(first, after);
    if (isWritten) expect(next.pattern?.incidents).toHaveLength(after);
    else expect(next).toEqual(first);
  });

  test('is not another fault, on however many', () => {
    const incident = mine(diagnosed());
    const other = { ...deadlock, cause: 'other', fingerprint: 'beef' };
    const more = ['y1', 'y2', 'y3'].map((node) => anIncident({ name: node, node, status: { diagnosis: other } }));
    const budget = aBudgetView({ incidents: [incident, ...more, ...others(1)] });
    const { pattern } = decideIncident(aSnapshot({ policy: PAUSED, incident, budget })).status;
    expect(pattern?.incidents).toEqual(['node-x0-1']);
  });

  test('comes with any other write', () => {
    const first = look(diagnosed(), 2);
    const next = look(first, 3, { policy: aPolicy(), lease: { kind: 'held', by: 'x' } });
    expect(next.pattern?.incidents).toHaveLength(3);
    expect(findCondition(next.conditions, 'ActionTaken')?.reason).toBe('MaintenanceLease');
  });
});

describe('the diagnosis', () => {
  const read = (part: Partial<IncidentSnapshot>, status: IncidentStatus = {}): IncidentStatus =>
    diagnosis(aSnapshot({ now: T0, ...part }), status).status;

  test.each([
    ['of an agent that is in touch', { health: aHealth({ probe: 'Timeout' }) }, 'Timeout'],
    ['of a silent agent', { health: aHealth({ probe: 'Timeout' }), contact: SILENT }, 'Unknown'],
    ['of none', { health: undefined }, 'Unknown'],
    [
      'of an agent that tells nothing of the runtime',
      { health: aHealth({ status: { runtime: undefined } }) },
      'Unknown',
    ],
  ] as const)('knows the probe %s', (_name, part, expected) => {
    expect(probeState(aSnapshot(part))).toBe(expected);
  });

  test('is made once', () => {
    expect(read({}, { diagnosis: deadlock }).diagnosis).toBe(deadlock);
  });

  test.each([
    ['1.7.14', true],
    ['1.7.13', false],
  ])('knows the runtime and its version: %s is of a known regression: %p', (version, expected) => {
    const health = aHealth({
      status: { runtime: { name: 'containerd', version, probe: { state: 'Answered', at: at(0) } } },
    });
    const incident = anIncident({ name: NAME, trigger: { message: 'containerd is at 1.7.14 now' } });
    const { diagnosis: found } = read({ health, incident });
    expect(found?.evidence.includes('runtime: containerd 1.7.14')).toBe(expected);
  });

  describe('of a runtime that does not answer', () => {
    type Program = NonNullable<NonNullable<KubeletHealth['status']['runtime']>['program']>;
    const deaf = (state: 'Timeout' | 'Unavailable', program: Program['state']): KubeletHealth =>
      aHealth({ status: { runtime: { program: { state: program, since: at(0) }, probe: { state } } } });

    test.each([
      ['Unavailable', 'Masked', 'runtime-masked'],
      ['Unavailable', 'Broken', 'runtime-unit-broken'],
      ['Unavailable', 'Failed', 'runtime-failed'],
      // systemd itself listens at the socket of one that is started by it.
      ['Timeout', 'Failed', 'runtime-failed'],
      ['Timeout', 'Stopped', 'runtime-stopped'],
      ['Timeout', 'Running', 'unknown'],
      // One that was started again and hangs is read from its stacks.
      ['Timeout', 'CrashLooping', 'unknown'],
    ] as const)('whose probe says %s and whose unit is %s names %s', (state, program, cause) => {
      const { diagnosis: found } = read({ health: deaf(state, program) });
      expect(found?.cause).toBe(cause);
      expect(found?.recommendation).not.toMatch(cause === 'unknown' ? /start it/ : /^Restart the runtime/);
    });

    test.each([
      ['RuntimeMasked', 'containerd.service is masked'],
      ['KubeletUnitBroken', 'systemd cannot load kubelet.service (bad-setting)'],
    ])('says what stands in the way of a restart: %s', (reason, message) => {
      const lack = { type: 'Recoverable', status: 'False', reason, message, lastTransitionTime: at(0) } as const;
      const found = read({ health: aHealth({ status: { conditions: [lack] } }) }).diagnosis;
      expect(found?.recommendation).toMatch(`${message}, so nothing can start it again: mend that first.`);
    });

    test('says so once, where that is the verdict', () => {
      const message = 'containerd.service is masked';
      const lack = { type: 'Recoverable', status: 'False', reason: 'RuntimeMasked', message } as const;
      const program = { state: 'Masked', since: at(0), message } as const;
      const runtime = { program, probe: { state: 'Unavailable' } } as const;
      const health = aHealth({ status: { runtime, conditions: [{ ...lack, lastTransitionTime: at(0) }] } });
      expect(read({ health }).diagnosis?.recommendation).toMatch(/^Unmask and start it/);
    });

    test('says nothing of what is not in the way of it', () => {
      const lack = { type: 'Recoverable', status: 'False', reason: 'NoRestartPolicy', message: 'm' } as const;
      const conditions = [{ ...lack, lastTransitionTime: at(0) }];
      expect(read({ health: aHealth({ status: { conditions } }) })).toEqual(read({ health: aHealth() }));
    });
  });

  describe("after systemd's watchdog", () => {
    const ended = { ...entry('WatchdogDump', 'Agent', 'watchdog-kubelet.txt.gz'), message: 'process 57 was ended' };
    const left = [{ name: ended.name, text: smallDumps().stuck.debug2 }];
    const now = (text: string) => [{ name: 'goroutines-1.txt.gz', text }];
    const incident = anIncident({ name: NAME, status: { evidence: [ended] } });
    const NAMED = 'watchdog-kubelet.txt.gz: process 57 was ended';

    test('names it, and reads what the process left where the one of now says nothing', () => {
      const found = read({
        incident,
        stacks: { ...NO_STACKS, dumps: now(smallDumps().healthy.debug2), left },
      }).diagnosis;
      expect(found).toMatchObject({ cause: 'runtime-hung', confidence: 'Medium' });
      // It is no witness of how relist is now.
      expect(found?.relist).toBeUndefined();
      expect(found?.evidence[0]).toBe(NAMED);
    });

    test('names it, and what is known of now goes first', () => {
      const health = aHealth({
        status: { runtime: { program: { state: 'Failed', since: at(0) }, probe: { state: 'Unavailable' } } },
      });
      const found = read({ incident, health, stacks: { ...NO_STACKS, left } }).diagnosis;
      expect(found?.cause).toBe('runtime-failed');
      expect(found?.evidence.slice(0, 2)).toEqual([
        NAMED,
        expect.stringMatching(/^left to the watchdog: runtime-hung/),
      ]);
    });

    test('names it where nothing was left', () => {
      expect(read({ incident }).diagnosis?.evidence[0]).toBe(NAMED);
    });

    test('where it was not, it is as before', () => {
      expect(read({ stacks: { ...NO_STACKS, left: [] } })).toEqual(read({}));
    });
  });

  describe('of whether relist moves', () => {
    const frames = (what: string): string => `goroutine 1 [${what}, 9 minutes]:
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc0)
\t/go/pkg/kubelet/pleg/generic.go:200 +0x1
created by k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Start
\t/go/pkg/kubelet/pleg/generic.go:100 +0x1
`;
    const stacks = {
      ...NO_STACKS,
      dumps: ['1', '2'].map((n) => ({ name: `goroutines-${n}.txt.gz`, text: frames('select') })),
    };
    const dumpedAt = (...ms: readonly number[]): IncidentStatus => ({
      evidence: ms.map((time, index) => ({ ...dumps[0]!, name: `goroutines-${index}.txt.gz`, at: at(time) })),
    });
    const relistOf = (status: IncidentStatus): string | undefined =>
      read({ stacks, incident: anIncident({ name: NAME, status }) }, status).diagnosis?.relist;

    test('dumps that were taken after the breach say something, also if an earlier one is beside them', () => {
      const known = relistOf(dumpedAt(0));
      expect(known).toBeDefined();
      expect(known).not.toBe('Unknown');
      expect(relistOf(dumpedAt(-60_000, 5_000))).toBe(known);
      expect(relistOf(dumpedAt(5_000, -60_000))).toBe(known);
    });

    test('dumps that were taken before it say nothing', () => {
      expect(relistOf(dumpedAt(-1))).toBe('Unknown');
      expect(relistOf({})).toBe('Unknown');
      const log = { ...entry('KubeletLog', 'Agent', 'kubelet.log.gz'), at: at(5_000) };
      expect(relistOf({ evidence: [log] })).toBe('Unknown');
    });

    test('where there is no dump, there is nothing to say', () => {
      expect(read({}).diagnosis?.relist).toBeUndefined();
    });
  });
});

describe('a hold', () => {
  const plan = aPlan({ strategy: 'DiagnoseFirst', remediation: { holdTimeout: '3m' } });
  const incident = anIncident({ name: NAME, plan });
  const begun = hold(aSnapshot({ now: T0, incident }), {}).status;

  test('is for DiagnoseFirst alone', () => {
    expect(hold(aSnapshot(), {})).toEqual({ kind: 'pass', status: {} });
  });

  test.each([
    [179_999, 'wait'],
    [180_000, 'pass'],
  ])('waits for three minutes: after %i ms %s', (ms, kind) => {
    const result = hold(aSnapshot({ now: T0 + ms, incident }), begun);
    expect(result.kind).toBe(kind);
    if (kind === 'wait') expect(result).toEqual({ kind, status: begun, reason: 'Held', until: T0 + 180_000 });
    else
      expect(findStep(result.status, 'hold')).toMatchObject({
        state: 'Skipped',
        finishedAt: at(ms),
        message: 'nobody decided within 3m; the recovery goes on',
      });
  });

  test('that is over stays so', () => {
    const over = hold(aSnapshot({ now: T0 + 180_000, incident }), begun).status;
    expect(hold(aSnapshot({ now: T0 + 190_000, incident }), over)).toEqual({ kind: 'pass', status: over });
  });

  test.each([
    [undefined, 'by jane'],
    ['disk is fine', 'by jane: disk is fine'],
  ])('ends as a person says, with the reason: %p', (reason, words) => {
    const decided = (decision: 'Approve' | 'Reject'): IncidentSnapshot => {
      const approval = { decision, by: 'jane', ...(reason === undefined ? {} : { reason }) };
      return aSnapshot({ now: T0 + 1_000, incident: anIncident({ name: NAME, plan, approval }) });
    };
    const yes = hold(decided('Approve'), begun);
    expect(yes.kind).toBe('pass');
    expect(findStep(yes.status, 'hold')).toMatchObject({ state: 'Succeeded', message: `approved ${words}` });
    const no = rejection(decided('Reject'), begun);
    expect(no).toMatchObject({ kind: 'complete', outcome: 'Rejected', message: `rejected ${words}` });
    expect(findStep(no.status, 'hold')).toMatchObject({ state: 'Failed', finishedAt: at(1_000) });
    expect(rejection(decided('Approve'), begun)).toEqual({ kind: 'pass', status: begun });
  });
});

describe('a node that needs nothing', () => {
  test('is only looked at again, where the policy observes', () => {
    const incident = anIncident({ name: NAME, plan: aPlan({ mode: 'Observe' }) });
    const observing = { kind: 'wait', status: {}, reason: 'Observing', until: T0 + 30_000 };
    expect(observeOnly(aSnapshot({ now: T0, incident }), {})).toEqual(observing);
    const well = aSnapshot({ incident, node: aNode(), health: aHealth() });
    expect(observeOnly(well, {})).toMatchObject({ kind: 'complete', outcome: 'Observed' });
  });

  test.each([
    ['True', 'evidence is saved; the policy asks for no more than to save it'],
    ['False', 'evidence is missing; the policy asks for no more than to save it'],
  ] as const)('is left, where the policy captures alone, with a word of the evidence: %s', (sealed, message) => {
    const incident = anIncident({ name: NAME, plan: aPlan({ mode: 'Capture' }) });
    const condition = { type: 'EvidenceCaptured', status: sealed, reason: 'Partial', message: '' } as const;
    const status = { conditions: [{ ...condition, lastTransitionTime: at(0) }] };
    expect(captureOnly(aSnapshot({ incident }), status)).toMatchObject({ outcome: 'CaptureOnly', message });
  });

  test.each<[string, IncidentStatus, string]>([
    ['nothing was done', {}, 'complete'],
    ['it was refused', { actions: [{ ...restarted, state: 'Refused' }] }, 'complete'],
    ['only a capture was done', { actions: [{ ...restarted, action: 'CaptureHost' }] }, 'complete'],
    ['an act was done', { actions: [restarted] }, 'pass'],
    ['an act was refused after one was done', { actions: [restarted, { ...restarted, state: 'Refused' }] }, 'pass'],
  ])('has healed itself, if %s: %s', (_name, status, kind) => {
    const snapshot = aSnapshot({ status, node: aNode(), health: aHealth(), contact: aContact() });
    expect(stillNeeded(snapshot, {}).kind).toBe(kind);
  });

  test('is gone, and is named', () => {
    expect(nodePresent(aSnapshot({ node: undefined }), {})).toEqual({
      kind: 'complete',
      status: {},
      outcome: 'NodeGone',
      message: 'node node-a (UID uid-node-a) no longer exists',
    });
  });
});
