/**
 * Whole lives of an incident under chance: a controller that dies between any two writes, commands that fail, an agent that
 * refuses, dawdles or dies, a node that heals or not, a person who cordons. What must hold, holds at each step.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ActionRecord, IncidentStatus, KubeletIncident, Step } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { canonical } from '../../../src/core/decision/canonical.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import type {
  Command,
  IncidentDecision,
  IncidentSnapshot,
} from '../../../src/core/decision/incident/incident-snapshot.ts';
import { findCondition, isTrue } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime } from '../../../src/core/time/timestamp.ts';
import { aHealth, anIncident, aNode, aPlan, T0 } from '../../support/builders/objects.ts';
import { aBudgetView, aContact, CAPTURES } from '../../support/builders/views.ts';
import { policyOf } from './incident-builders.ts';
import { cases } from '../../support/sizes.ts';

/** What chance decides at one step. */
interface Turn {
  readonly crash: boolean;
  readonly commandFails: boolean;
  readonly agentActs: boolean;
  readonly agentResult: ActionRecord['state'];
  readonly heals: boolean;
  readonly memoryReadable: boolean;
  readonly probeAnswers: boolean;
  readonly personCordons: boolean;
  readonly passMs: number;
}

interface World {
  now: number;
  incident: KubeletIncident;
  cordonedBy: string | undefined;
  healthy: boolean;
  probe: 'Answered' | 'Timeout';
  entries: readonly EvidenceEntry[];
  nodeProxy: boolean;
  restarts: string[];
}

const turn: fc.Arbitrary<Turn> = fc.record({
  crash: fc.boolean(),
  commandFails: fc.boolean(),
  agentActs: fc.boolean(),
  agentResult: fc.constantFrom(
    'Succeeded',
    'Succeeded',
    'Succeeded',
    'Failed',
    'Refused',
    'Ambiguous',
  ) satisfies fc.Arbitrary<ActionRecord['state']>,
  heals: fc.boolean(),
  memoryReadable: fc.boolean(),
  probeAnswers: fc.boolean(),
  personCordons: fc.integer({ min: 0, max: 19 }).map((number) => number === 0),
  passMs: fc.integer({ min: 1, max: 90_000 }),
});
const plans = fc.record({
  mode: fc.constantFrom('Remediate' as const, 'Remediate' as const, 'Capture' as const, 'Observe' as const),
  gate: fc.constantFrom('Required' as const, 'BestEffort' as const),
  strategy: fc.constantFrom('RestoreFirst' as const, 'DiagnoseFirst' as const),
  cordon: fc.boolean(),
  nodeProxy: fc.boolean(),
});

function snapshotOf(world: World): IncidentSnapshot {
  const mine = world.cordonedBy === CONTROLLER_MANAGER;
  const node = aNode({
    ready: world.healthy ? 'True' : 'False',
    unschedulable: world.cordonedBy !== undefined,
    ...(world.cordonedBy === undefined ? {} : { cordonedBy: world.cordonedBy }),
    annotations: mine ? { [ANNOTATION_CORDONED_BY]: world.incident.metadata.name } : {},
  });
  const health = aHealth({
    state: world.healthy ? 'Healthy' : 'Unhealthy',
    probe: world.probe,
    reportedAt: world.now - T0,
  });
  const budget = aBudgetView({ incidents: [world.incident] });
  return {
    now: world.now,
    incident: world.incident,
    node,
    notReadySince: undefined,
    health,
    stacks: { entries: world.entries, dumps: [], left: [], unreadable: new Map() },
    nodeProxy: world.nodeProxy,
    policy: policyOf(world.incident.spec.plan),
    budget,
    captures: CAPTURES,
    lease: { kind: 'unused' },
    kubeletLease: undefined,
    contact: aContact(),
    reserved: aBudgetView({ incidents: [world.incident] }),
    clockAheadMs: 0,
  };
}

/** The API server's merge of the controller's write with what the agent owns. */
function write(world: World, decision: IncidentDecision): void {
  const { actions, host, evidence } = world.incident.status;
  const agents = (evidence ?? []).filter((entry) => entry.by === 'Agent');
  const own = (decision.status.evidence ?? []).filter((entry) => entry.by === 'Controller');
  world.incident = { ...world.incident, status: { ...decision.status, actions, host, evidence: [...own, ...agents] } };
}

function execute(world: World, command: Command): void {
  switch (command.kind) {
    case 'CaptureStacks': {
      const name = `goroutines-${world.entries.length + 1}.txt.gz`;
      world.entries = [
        ...world.entries,
        { name, kind: 'GoroutineDump', by: 'Controller', state: 'Captured', at: toPreciseTime(world.now), source: 's' },
      ];
      return;
    }
    case 'Cordon':
      world.cordonedBy ??= CONTROLLER_MANAGER;
      return;
    case 'Uncordon':
      if (world.cordonedBy === CONTROLLER_MANAGER) world.cordonedBy = undefined;
      return;
    // The agent of this world always answers, and nobody here uses maintenance leases.
    case 'AskAgent':
    case 'TakeLease':
    case 'ReleaseLease':
  }
}

function withAgentItem(world: World, status: Partial<IncidentStatus>): void {
  world.incident = { ...world.incident, status: { ...world.incident.status, ...status } };
}

/** The step that waits for the agent. */
function askedOf({ steps, actions }: IncidentStatus): Step | undefined {
  return (steps ?? []).find(
    (step) =>
      step.state === 'Requested' &&
      (step.type === 'CaptureHost' || step.type === 'Act') &&
      !(actions ?? []).some((record) => record.name === step.name),
  );
}

function evidenceOf(at: string, memoryReadable: boolean): readonly EvidenceEntry[] {
  const log = { name: 'kubelet.log.gz', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at, source: 's' } as const;
  return memoryReadable ? [log, { ...log, name: 'goroutines-1.txt.gz', kind: 'GoroutineDump' }] : [log];
}

/** The agent does what is asked of it once, and reports as chance has it. */
function agent(world: World, { agentResult, heals, memoryReadable }: Turn): void {
  const { status } = world.incident;
  const asked = askedOf(status);
  if (asked === undefined) return;
  const time = toPreciseTime(world.now);
  const action = asked.type === 'Act' ? (asked.action ?? 'RestartKubelet') : 'CaptureHost';
  const record: ActionRecord = { name: asked.name, action, state: agentResult, reservedAt: time, message: 'by chance' };
  const saved = action === 'CaptureHost' && agentResult === 'Succeeded' ? evidenceOf(time, memoryReadable) : [];
  withAgentItem(world, {
    actions: [...(status.actions ?? []), record],
    evidence: [...(status.evidence ?? []), ...saved],
  });
  if (action === 'CaptureHost' || agentResult === 'Refused') return;
  world.restarts.push(asked.name);
  if (heals && agentResult !== 'Failed') world.healthy = true;
}

function check(before: IncidentStatus, decision: IncidentDecision, world: World): void {
  const { status } = decision;
  const acts = (status.steps ?? []).filter((step) => step.type === 'Act');
  const { plan } = world.incident.spec;
  if (acts.length > 0) {
    expect(['True', 'False']).toContain(findCondition(status.conditions, 'EvidenceCaptured')?.status);
    expect(plan.mode).toBe('Remediate');
    if (plan.evidence.gate === 'Required') expect(isTrue(status.conditions, 'EvidenceCaptured')).toBe(true);
    expect(status.steps?.some((step) => step.name === 'cordon')).toBe(true);
    expect(acts.filter((step) => step.state === 'Requested').length).toBeLessThanOrEqual(1);
  }
  for (const old of before.steps ?? []) expect(status.steps?.some((step) => step.name === old.name)).toBe(true);
  if (decision.nextCheckAt !== undefined) return;
  expect(isTrue(status.conditions, 'Complete')).toBe(true);
  expect((status.steps ?? []).filter((step) => step.state === 'Requested')).toEqual([]);
}

function step(world: World, chance: Turn): IncidentDecision {
  world.now += chance.passMs;
  world.probe = chance.probeAnswers ? 'Answered' : 'Timeout';
  if (chance.personCordons) world.cordonedBy = 'kubectl-cordon';
  const before = world.incident.status;
  const decision = decideIncident(snapshotOf(world));
  check(before, decision, world);
  write(world, decision);
  if (!chance.crash && !chance.commandFails) for (const command of decision.commands) execute(world, command);
  if (chance.agentActs) agent(world, chance);
  return decision;
}

function aWorld(plan: Parameters<typeof aPlan>[0], nodeProxy = false): World {
  return {
    now: T0,
    incident: anIncident({ plan: aPlan(plan) }),
    cordonedBy: undefined,
    healthy: false,
    probe: 'Answered',
    entries: [],
    nodeProxy,
    restarts: [],
  };
}

describe('the life of an incident', () => {
  test('keeps its order and its promises, whatever happens', () => {
    fc.assert(
      fc.property(
        plans,
        fc.array(turn, { minLength: 20, maxLength: 80 }),
        ({ mode, gate, strategy, cordon, nodeProxy }, turns) => {
          const world = aWorld({ mode, strategy, evidence: { gate }, remediation: { cordon } }, nodeProxy);
          for (const chance of turns) step(world, chance);
          expect(new Set(world.restarts).size).toBe(world.restarts.length);
          expect(world.restarts.length).toBeLessThanOrEqual(world.incident.spec.plan.budget.perNode.attempts);
          if (mode !== 'Remediate' || !cordon) expect(world.cordonedBy).not.toBe(CONTROLLER_MANAGER);
        },
      ),
      { numRuns: cases(300) },
    );
  });

  test('comes to an end when time goes by and things work', () => {
    fc.assert(
      fc.property(plans, fc.array(turn, { maxLength: 15 }), (plan, turns) => {
        const { mode, gate, strategy, cordon, nodeProxy } = plan;
        const world = aWorld({ mode, strategy, evidence: { gate }, remediation: { cordon } }, nodeProxy);
        for (const chance of turns) step(world, { ...chance, personCordons: false });
        const calm: Turn = {
          crash: false,
          commandFails: false,
          agentActs: true,
          agentResult: 'Succeeded',
          heals: true,
          memoryReadable: true,
          probeAnswers: true,
          personCordons: false,
          passMs: 30_000,
        };
        for (let index = 0; index < 400 && !isTrue(world.incident.status.conditions, 'Complete'); index++) {
          if (mode === 'Observe') world.healthy = true;
          step(world, calm);
        }
        expect(isTrue(world.incident.status.conditions, 'Complete')).toBe(true);
      }),
      { numRuns: cases(200) },
    );
  });

  test('settles: looking again without news changes nothing', () => {
    fc.assert(
      fc.property(plans, fc.array(turn, { maxLength: 40 }), ({ mode, gate, strategy, cordon, nodeProxy }, turns) => {
        const world = aWorld({ mode, strategy, evidence: { gate }, remediation: { cordon } }, nodeProxy);
        for (const chance of turns) step(world, chance);
        let last = '';
        for (let index = 0; index < 6; index++) {
          const decision = decideIncident(snapshotOf(world));
          write(world, decision);
          last = canonical(decision.status);
        }
        expect(canonical(decideIncident(snapshotOf(world)).status)).toBe(last);
      }),
      { numRuns: cases(200) },
    );
  });

  test('a completed incident is frozen', () => {
    const done = anIncident({
      status: {
        conditions: [
          {
            type: 'Complete',
            status: 'True',
            reason: 'Recovered',
            message: '',
            lastTransitionTime: '2026-11-24T10:00:00Z',
          },
        ],
      },
    });
    const world = { ...aWorld({}), incident: done };
    expect(decideIncident(snapshotOf(world))).toMatchObject({
      status: done.status,
      commands: [],
      nextCheckAt: undefined,
    });
  });
});
