import { describe, expect, test } from '@jest/globals';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import type { ActionRecord, IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import { findCondition, findStep } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { Action } from '../../../src/api/v1alpha1/kinds/policy.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0 } from '../../support/builders/objects.ts';
import {
  NAME,
  NO_STACKS,
  cordoned,
  entry,
  dumps,
  log,
  hostCaptured,
  deadlock,
  aSnapshot,
  diagnosed,
  cordonStep,
  cordonedCondition,
  actStep,
  restarted,
  verifying,
  outcomeOf,
  PAUSED,
} from './incident-builders.ts';
import { aBudgetView, SILENT } from '../../support/builders/views.ts';

const PLEG_MESSAGE = 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s';

describe('the line that triggered', () => {
  const message = 'EventedPLEG is not healthy: pleg event channel capacity is full with 1000 events';
  const evidence = (status: IncidentStatus): readonly string[] => {
    const sealed = { ...diagnosed(status), diagnosis: undefined };
    const incident = anIncident({ name: NAME, status: sealed });
    const spec = { ...incident.spec, trigger: { ...incident.spec.trigger, message } };
    const stacks = { ...NO_STACKS, entries: dumps };
    return decideIncident(aSnapshot({ incident: { ...incident, spec }, stacks })).status.diagnosis?.evidence ?? [];
  };
  const host = { at: at(0), blockedProcesses: [] };

  test('is read where the log was not saved', () => {
    expect(evidence({}).join()).toContain(`trigger:1 ${message}`);
  });

  test('counts once beside the log that it is of', () => {
    const line = `err="${message}"`;
    const found = evidence({ host: { ...host, logClues: [{ source: 'kubelet.log', lineNumber: 7, line, count: 1 }] } });
    expect(found).toContain(`kubelet.log:7 ${line}`);
    expect(found.join()).not.toContain('trigger');
  });
});

describe('evidence comes first', () => {
  const begun = decideIncident(aSnapshot()).status;
  const captured = (evidence: readonly EvidenceEntry[]): IncidentStatus => {
    return { ...begun, actions: [hostCaptured], evidence: [...evidence] };
  };
  const failed = {
    ...entry('GoroutineDump', 'Agent', 'goroutines-1.txt.gz'),
    state: 'Failed',
    message: 'ptrace_scope is 3',
  } as const;

  test('a new incident asks the agent for its capture, and for nothing else', () => {
    const decision = decideIncident(aSnapshot());
    expect(decision.status.steps?.map((step) => [step.name, step.state])).toEqual([['capture-host', 'Requested']]);
    expect(decision.commands).toEqual([]);
    expect(decision.status.timings?.notReadySince).toBe(new Date(T0 - 60_000).toISOString());
  });

  test('what the agent saved is enough; the node proxy is not asked, even where it is granted', () => {
    const decision = decideIncident(aSnapshot({ status: captured([...dumps, log]), nodeProxy: true }));
    expect(findCondition(decision.status.conditions, 'EvidenceCaptured')?.status).toBe('True');
    expect(findStep(decision.status, 'capture-stacks')).toBeUndefined();
  });

  test('a missing dump ends a Required incident with the reason, and the node is not touched', () => {
    const decision = decideIncident(aSnapshot({ status: captured([failed, log]) }));
    expect(outcomeOf(decision)).toBe('EvidenceMissing');
    expect(findCondition(decision.status.conditions, 'Complete')?.message).toContain('ptrace_scope is 3');
    expect(decision.commands).toEqual([]);
    expect(findStep(decision.status, 'cordon')).toBeUndefined();
  });

  test('a dump that cannot be read back counts as missing, and the record says why', () => {
    const unreadable = new Map(dumps.map(({ name }) => [name, `${name} is not in the API server any more`]));
    const decision = decideIncident(
      aSnapshot({ status: captured([...dumps, log]), stacks: { ...NO_STACKS, unreadable } }),
    );
    expect(outcomeOf(decision)).toBe('EvidenceMissing');
    expect(findCondition(decision.status.conditions, 'Complete')?.message).toContain('not in the API server any more');
  });

  test('an agent that is silent to the deadline is named as such', () => {
    const decision = decideIncident(aSnapshot({ status: begun, contact: SILENT, now: T0 + 61_001 }));
    expect(outcomeOf(decision)).toBe('EvidenceMissing');
    expect(findCondition(decision.status.conditions, 'Complete')?.message).toContain('the agent on node-a is silent');
  });

  describe('where the node proxy is granted, and the agent has no dump', () => {
    const granted = { status: captured([failed, log]), nodeProxy: true };
    const proxied = entry('GoroutineDump', 'Controller', 'goroutines-1.txt.gz');

    test('the controller takes one itself', () => {
      const decision = decideIncident(aSnapshot(granted));
      expect(decision.commands).toEqual([{ kind: 'CaptureStacks', round: 0 }]);
      expect(findStep(decision.status, 'capture-stacks')?.state).toBe('Requested');
    });

    test('at once where the agent is silent', () => {
      const decision = decideIncident(aSnapshot({ status: begun, contact: SILENT, nodeProxy: true }));
      expect(decision.commands).toEqual([{ kind: 'CaptureStacks', round: 0 }]);
    });

    test('a second dump is due after the interval, and then the evidence is sealed', () => {
      const { status } = decideIncident(aSnapshot(granted));
      const merged = { ...status, actions: [hostCaptured], evidence: [failed, log] };
      const first = { ...NO_STACKS, entries: [proxied] };
      const waiting = decideIncident(aSnapshot({ status: merged, stacks: first, nodeProxy: true }));
      expect(waiting).toMatchObject({ commands: [], nextCheckAt: T0 + 2_000 });
      const due = aSnapshot({ status: merged, stacks: first, nodeProxy: true, now: T0 + 2_000 });
      expect(decideIncident(due).commands).toEqual([{ kind: 'CaptureStacks', round: 1 }]);
      const both = { ...NO_STACKS, entries: [proxied, { ...proxied, name: 'goroutines-2.txt.gz' }] };
      const over = decideIncident(aSnapshot({ status: merged, stacks: both, nodeProxy: true, now: T0 + 3_000 }));
      expect(findStep(over.status, 'capture-stacks')?.state).toBe('Succeeded');
      expect(findCondition(over.status.conditions, 'EvidenceCaptured')?.status).toBe('True');
    });

    test('a kubelet that refuses it too ends the incident with its words', () => {
      const { status } = decideIncident(aSnapshot(granted));
      const refused = { ...proxied, state: 'Failed', message: 'the kubelet answered 405' } as const;
      const late = aSnapshot({
        status: { ...status, actions: [hostCaptured], evidence: [log] },
        stacks: { ...NO_STACKS, entries: [refused] },
        nodeProxy: true,
        now: T0 + 61_001,
      });
      expect(findCondition(decideIncident(late).status.conditions, 'Complete')?.message).toContain('405');
    });
  });

  test('BestEffort goes on without, and says what is missing', () => {
    const plan = aPlan({ evidence: { gate: 'BestEffort' } });
    const incident = anIncident({
      name: NAME,
      plan,
      status: { ...begun, actions: [hostCaptured], diagnosis: deadlock },
    });
    const decision = decideIncident(aSnapshot({ incident, now: T0 + 61_001 }));
    expect(findCondition(decision.status.conditions, 'EvidenceCaptured')).toMatchObject({
      status: 'False',
      reason: 'Missing',
    });
    expect(findStep(decision.status, 'cordon')?.state).toBe('Requested');
  });
});

describe('the order of an action', () => {
  test('the reservation is a write of its own, and is confirmed before the node is cordoned and the agent asked', () => {
    const reserving = decideIncident(aSnapshot({ status: diagnosed() }));
    expect(findStep(reserving.status, 'cordon')).toMatchObject({ state: 'Requested', reason: 'Reserved' });
    expect(reserving.commands).toEqual([]);
    const decision = decideIncident(aSnapshot({ status: reserving.status, reserved: aBudgetView() }));
    expect(findStep(decision.status, 'cordon')).toMatchObject({ state: 'Requested', reason: 'Confirmed' });
    expect(decision.commands.map((command) => command.kind)).toEqual(['Cordon']);
    expect(findStep(decision.status, 'act-1')).toBeUndefined();
  });

  test('a reservation for which there is no place is taken back, and nothing is touched', () => {
    const { status } = decideIncident(aSnapshot({ status: diagnosed() }));
    const other = anIncident({ name: 'node-b-1', node: 'node-b', status: diagnosed({ steps: [cordonStep] }) });
    const decision = decideIncident(aSnapshot({ status, reserved: aBudgetView({ incidents: [other] }) }));
    expect(findStep(decision.status, 'cordon')).toBeUndefined();
    expect(decision).toMatchObject({ reason: 'TooManyAtOnce', commands: [] });
  });

  test('the maintenance lease of the node is taken first', () => {
    const status = diagnosed({ steps: [{ ...cordonStep, state: 'Requested' }] });
    const decision = decideIncident(aSnapshot({ status, lease: { kind: 'free' } }));
    expect(decision.commands).toEqual([{ kind: 'TakeLease' }]);
  });

  test('the agent is asked once the node is cordoned', () => {
    const status = diagnosed({ steps: [{ ...cordonStep, state: 'Requested' }] });
    const decision = decideIncident(aSnapshot({ status, node: cordoned }));
    expect(findStep(decision.status, 'act-1')).toMatchObject({ state: 'Requested', action: 'RestartKubelet' });
  });

  test('a reboot has the time that a server takes to boot; the agent that comes up after it reports it', () => {
    const remediation = { allowedActions: [...Action.options] };
    const plan = aPlan({ mode: 'Remediate', strategy: 'DiagnoseFirst', remediation });
    const held = { name: 'hold', type: 'Hold', state: 'Succeeded', startedAt: at(0) } as const;
    const status = diagnosed({ steps: [cordonStep, held], conditions: [cordonedCondition] });
    const asked = anIncident({
      name: NAME,
      plan,
      status,
      approval: { decision: 'Approve', by: 'ann', action: 'RebootNode' },
    });
    const request = decideIncident(aSnapshot({ incident: asked, node: cordoned }));
    expect(findStep(request.status, 'act-1')).toMatchObject({ action: 'RebootNode', state: 'Requested' });
    const reserved: ActionRecord = { name: 'act-1', action: 'RebootNode', state: 'Reserved', reservedAt: at(2_000) };
    const incident = anIncident({ name: NAME, plan, status: { ...request.status, actions: [hostCaptured, reserved] } });
    const booting = decideIncident(aSnapshot({ incident, node: cordoned, now: T0 + 15 * 60_000 }));
    expect(booting.reason).toBe('Acting');
    const lost = decideIncident(aSnapshot({ incident, node: cordoned, now: T0 + 31 * 60_000 }));
    expect(findStep(lost.status, 'act-1')?.message).toContain('ambiguous');
  });

  test('an action that a person chose beside what is allowed is not taken', () => {
    const approval = { decision: 'Approve', by: 'ann', action: 'RebootNode' } as const;
    const incident = anIncident({ name: NAME, status: diagnosed({ steps: [cordonStep] }), approval });
    const decision = decideIncident(aSnapshot({ incident, node: cordoned }));
    expect(outcomeOf(decision)).toBe('HandedOver');
    expect(findCondition(decision.status.conditions, 'ActionTaken')).toMatchObject({
      reason: 'ActionNotAllowed',
      message: 'ann chose RebootNode, and the policy does not allow it',
    });
  });

  test('a cordon whose time ran out while nobody was there to try is tried again, once', () => {
    const step = { ...cordonStep, state: 'Requested' } as const;
    const late = decideIncident(aSnapshot({ status: diagnosed({ steps: [step] }), now: T0 + 3_600_000 }));
    expect(late.commands.map((command) => command.kind)).toEqual(['Cordon']);
    expect(findStep(late.status, 'cordon')).toMatchObject({ state: 'Requested', startedAt: at(3_600_000) });
    const later = decideIncident(aSnapshot({ status: late.status, now: T0 + 3_640_000 }));
    expect(outcomeOf(later)).toBe('HandedOver');
    expect(later.commands).toEqual([]);
  });

  test.each([
    ['ActionRefused', ['Cordon']],
    ['BudgetExhausted', ['Cordon']],
    ['HandedOver', []],
  ])('a cordon left by an incident that ended with %s is taken over or left to a person: %j', (reason, kinds) => {
    const conditions = [{ type: 'Complete', status: 'True', reason, message: '', lastTransitionTime: at(-1) }] as const;
    const before = anIncident({ name: 'node-a-before', status: { conditions: [...conditions] } });
    const node = aNode({
      ready: 'False',
      message: PLEG_MESSAGE,
      unschedulable: true,
      annotations: { [ANNOTATION_CORDONED_BY]: 'node-a-before' },
      cordonedBy: CONTROLLER_MANAGER,
    });
    const status = diagnosed({ steps: [{ ...cordonStep, state: 'Requested' }] });
    const decision = decideIncident(aSnapshot({ status, node, budget: aBudgetView({ incidents: [before] }) }));
    expect(decision.commands.map((command) => command.kind)).toEqual(kinds);
  });

  test('an action is asked for once, however often one looks', () => {
    const status = diagnosed({
      steps: [cordonStep, { ...actStep, state: 'Requested' }],
      conditions: [cordonedCondition],
    });
    const decision = decideIncident(aSnapshot({ status, node: cordoned }));
    expect(decision.status.steps?.filter((step) => step.type === 'Act')).toHaveLength(1);
  });

  test.each([
    ['a paused policy', { policy: PAUSED }, 'PolicyPaused'],
    [
      "a person's cordon",
      { node: aNode({ ready: 'False', message: PLEG_MESSAGE, unschedulable: true, cordonedBy: 'kubectl' }) },
      'CordonedByOther',
    ],
    ['a maintenance lease', { lease: { kind: 'held', by: 'nmo' } as const }, 'MaintenanceLease'],
  ])('%s makes it wait, and the condition says so', (_, part, reason) => {
    const decision = decideIncident(aSnapshot({ status: diagnosed(), ...part }));
    expect(decision.reason).toBe(reason);
    expect(findCondition(decision.status.conditions, 'ActionTaken')).toMatchObject({ status: 'False', reason });
    expect(decision.commands).toEqual([]);
  });

  test('a node that recovered by itself is left alone', () => {
    const decision = decideIncident(aSnapshot({ status: diagnosed(), node: aNode(), health: aHealth() }));
    expect(outcomeOf(decision)).toBe('SelfHealed');
    expect(decision.commands).toEqual([]);
  });

  test('a node that recovers right after we cordoned it does not stay cordoned', () => {
    const status = diagnosed({ steps: [{ ...cordonStep, state: 'Requested' }] });
    const node = aNode({
      unschedulable: true,
      annotations: { [ANNOTATION_CORDONED_BY]: NAME },
      cordonedBy: CONTROLLER_MANAGER,
    });
    const decision = decideIncident(aSnapshot({ status, node, health: aHealth() }));
    expect(decision.commands).toEqual([{ kind: 'Uncordon' }]);
  });

  test('a silent agent is no proof that the node is well', () => {
    const part = { status: diagnosed(), node: aNode(), health: aHealth(), contact: SILENT };
    expect(outcomeOf(decideIncident(aSnapshot(part)))).toBeUndefined();
  });

  test('a node that is gone ends the incident, and what was still asked for', () => {
    const { status } = decideIncident(aSnapshot());
    const decision = decideIncident(aSnapshot({ status, node: undefined }));
    expect(outcomeOf(decision)).toBe('NodeGone');
    expect(decision.status.steps?.map(({ state }) => state)).toEqual(['Skipped']);
  });

  test("a refusal by the agent ends it, in the agent's words", () => {
    const status = diagnosed({
      steps: [cordonStep, { ...actStep, state: 'Requested' }],
      actions: [{ ...restarted, state: 'Refused', message: 'no unit' }],
    });
    const decision = decideIncident(aSnapshot({ status, node: cordoned }));
    expect(outcomeOf(decision)).toBe('ActionRefused');
    expect(findCondition(decision.status.conditions, 'Complete')?.message).toContain('no unit');
  });

  test('an agent that never takes the request up ends it by handing over', () => {
    const status = diagnosed({ steps: [cordonStep, { ...actStep, state: 'Requested' }] });
    expect(outcomeOf(decideIncident(aSnapshot({ status, node: cordoned, now: T0 + 240_000 })))).toBe('HandedOver');
  });
});

describe('recovery is seen, not assumed', () => {
  const ready = aNode({
    ready: 'True',
    since: 5_000,
    unschedulable: true,
    annotations: { [ANNOTATION_CORDONED_BY]: NAME },
    cordonedBy: CONTROLLER_MANAGER,
  });
  const stable = (since: number): IncidentStatus =>
    verifying({
      steps: [{ name: 'verify-1', type: 'Verify', state: 'Requested', startedAt: at(1_000), deadline: at(360_000) }],
      conditions: [
        { type: 'Recovered', status: 'Unknown', reason: 'Stabilising', message: '', lastTransitionTime: at(since) },
      ],
      timings: { readyAt: at(5_000), notReadyFor: '1m5s' },
    });

  test('Ready has to last', () => {
    const early = decideIncident(
      aSnapshot({ status: verifying(), node: ready, health: aHealth({ reportedAt: 6_000 }), now: T0 + 6_000 }),
    );
    expect(early.reason).toBe('Stabilising');
    expect(early.status.timings).toMatchObject({ readyAt: at(5_000), notReadyFor: '1m5s' });
  });

  test('when it has lasted, our cordon is undone, and only then the incident is complete', () => {
    const health = aHealth({ reportedAt: 66_000 });
    const undoing = decideIncident(aSnapshot({ status: stable(6_000), node: ready, health, now: T0 + 66_000 }));
    expect(undoing.commands).toEqual([{ kind: 'Uncordon' }]);
    expect(outcomeOf(undoing)).toBeUndefined();
    const after = { ...undoing.status, actions: [hostCaptured, restarted] };
    const node = aNode({ ready: 'True', since: 5_000 });
    const done = decideIncident(aSnapshot({ status: after, node, health, now: T0 + 66_500 }));
    expect(outcomeOf(done)).toBe('Recovered');
    expect(findCondition(done.status.conditions, 'NodeUncordoned')?.status).toBe('True');
  });

  test('a cordon that a person has taken over is not undone', () => {
    const node = aNode({
      ready: 'True',
      since: 5_000,
      unschedulable: true,
      annotations: { [ANNOTATION_CORDONED_BY]: NAME },
      cordonedBy: 'kubectl',
    });
    const decision = decideIncident(
      aSnapshot({ status: stable(6_000), node, health: aHealth({ reportedAt: 66_000 }), now: T0 + 66_000 }),
    );
    expect(decision.commands).toEqual([]);
    expect(outcomeOf(decision)).toBe('Recovered');
    expect(findCondition(decision.status.conditions, 'NodeUncordoned')).toMatchObject({
      status: 'False',
      reason: 'LeftAlone',
    });
  });

  test('a node that recovers after its try has failed is watched again, not acted on again', () => {
    const step = {
      name: 'verify-1',
      type: 'Verify',
      state: 'Failed',
      startedAt: at(0),
      finishedAt: at(1_000),
    } as const;
    const status = verifying({ steps: [step] });
    const still = { status, node: cordoned, policy: PAUSED, now: T0 + 600_000 };
    expect(decideIncident(aSnapshot(still)).reason).toBe('PolicyPaused');
    const node = aNode({ since: 500_000, unschedulable: true });
    const well = decideIncident(
      aSnapshot({ status, node, now: T0 + 600_000, health: aHealth({ reportedAt: 600_000 }) }),
    );
    expect(well.reason).toBe('Stabilising');
    expect(findStep(well.status, 'verify-1')?.state).toBe('Requested');
    expect(findStep(well.status, 'act-2')).toBeUndefined();
  });

  test("a kubelet's growing numbers are no reason to write", () => {
    const looked = (message: string, status: IncidentStatus): IncidentStatus =>
      decideIncident(aSnapshot({ status, node: aNode({ ready: 'False', message }), now: T0 + 5_000 })).status;
    const first = looked('pleg was last seen active 3m3s ago', verifying());
    expect(looked('pleg was last seen active 3m8s ago', first)).toEqual(first);
  });

  test('a restart that did not help is followed by the other unit, not by the same again', () => {
    const late = decideIncident(
      aSnapshot({
        status: stable(0),
        node: cordoned,
        health: aHealth({ state: 'Unhealthy', reportedAt: 361_000 }),
        now: T0 + 361_000,
      }),
    );
    expect(findStep(late.status, 'verify-1')?.state).toBe('Failed');
    expect(findStep(late.status, 'act-2')).toMatchObject({ action: 'RestartRuntime', reason: 'NextRung' });
  });

  // It was lent by another operator, or has run out.
  test.each([
    [{ kind: 'free' }, ['TakeLease'], false],
    [{ kind: 'held', by: 'somebody' }, [], false],
    [{ kind: 'lent', by: 'NodeHealthCheck-workers' }, [], true],
  ] as const)('the next restart waits for the maintenance lease: %j', (lease, commands, isRequested) => {
    const health = aHealth({ state: 'Unhealthy', reportedAt: 361_000 });
    const now = T0 + 361_000;
    const late = decideIncident(aSnapshot({ status: stable(0), node: cordoned, health, now, lease }));
    expect(late.commands.map(({ kind }) => kind)).toEqual(commands);
    expect(findStep(late.status, 'act-2') !== undefined).toBe(isRequested);
  });
});

describe('modes', () => {
  test('Observe saves and touches nothing', () => {
    const plan = aPlan({ mode: 'Observe' });
    const decision = decideIncident(aSnapshot({ incident: anIncident({ name: NAME, plan }) }));
    expect(decision).toMatchObject({ commands: [], reason: 'Observing' });
    expect(decision.status.steps).toBeUndefined();
  });

  test('Capture ends with the evidence', () => {
    const incident = anIncident({ name: NAME, plan: aPlan({ mode: 'Capture' }), status: diagnosed() });
    expect(outcomeOf(decideIncident(aSnapshot({ incident })))).toBe('CaptureOnly');
  });
});
