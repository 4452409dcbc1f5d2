import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { Trigger } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import type { IncidentDecision, IncidentSnapshot } from '../../../src/core/decision/incident/incident-snapshot.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, at, T0 } from '../../support/builders/objects.ts';
import { aContact, SILENT } from '../../support/builders/views.ts';
import { aSnapshot, deadlock, diagnosed, NAME, outcomeOf, PAUSED } from './incident-builders.ts';

const BREACH = 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s';
const unhealthy = aHealth({ state: 'Unhealthy', probe: 'Answered' });

function decide(
  part: Partial<IncidentSnapshot> & {
    readonly relist?: 'Stuck' | 'Moving' | 'Unknown';
    readonly trigger?: Partial<Trigger>;
  } = {},
): IncidentDecision {
  const { relist = 'Unknown', trigger = {}, ...rest } = part;
  const status = { ...diagnosed(), diagnosis: { ...deadlock, relist } };
  const incident = anIncident({ name: NAME, status, trigger });
  return decideIncident(aSnapshot({ node: aNode(), health: unhealthy, incident, ...rest }));
}

function confirmation(decision: IncidentDecision): string | undefined {
  const condition = findCondition(decision.status.conditions, 'Confirmed');
  return condition === undefined ? undefined : `${condition.status} ${condition.reason}`;
}

describe('a line of the log alone', () => {
  test('moves nothing: a second source is waited for', () => {
    const decision = decide();
    expect(decision).toMatchObject({ reason: 'NoWitnessYet', commands: [], nextCheckAt: T0 + 6_000 });
    expect(decision.status.steps ?? []).toEqual([]);
    expect(confirmation(decision)).toBe('Unknown NoWitnessYet');
  });

  test('is not waited for for ever', () => {
    const { status } = decide();
    const incident = anIncident({ name: NAME, status: { ...diagnosed(), ...status } });
    const early = aSnapshot({ node: aNode(), health: unhealthy, incident, now: T0 + 299_000 });
    expect(decideIncident(early)).toMatchObject({ reason: 'NoWitnessYet', nextCheckAt: T0 + 301_000 });
    const late = decideIncident({ ...early, now: T0 + 301_000 });
    expect(outcomeOf(late)).toBe('NotConfirmed');
    expect(late.commands).toEqual([]);
  });

  test('is a false alarm where the node is Ready and its relist moves', () => {
    const decision = decide({ relist: 'Moving' });
    expect(outcomeOf(decision)).toBe('NotConfirmed');
    expect(confirmation(decision)).toBe('False NotConfirmed');
  });

  test('is a false alarm then whatever the probe says', () => {
    const health = aHealth({ state: 'Unhealthy', probe: 'Timeout' });
    expect(outcomeOf(decide({ relist: 'Moving', health }))).toBe('NotConfirmed');
  });

  test('is none while the node is not Ready', () => {
    const node = aNode({ ready: 'False', message: BREACH, since: -30_000 });
    expect(confirmation(decide({ relist: 'Moving', node }))).toBe('True NodeReady');
  });
});

describe('the second witness', () => {
  const flapping = aHealth({
    state: 'Unhealthy',
    probe: 'Answered',
    episodes: [-3_000_000, -1_500_000, -900_000, -200_000].map((ms) => ({
      startedAt: at(ms),
      lastLineAt: at(ms),
      lines: 1,
    })),
  });
  const withoutReady = { ...aNode(), status: { ...aNode().status, conditions: [] } };

  test.each([
    ['stacks in which relist has not moved', { relist: 'Stuck' }, 'StackDump'],
    ["the kubelet's own word", { node: aNode({ ready: 'False', message: BREACH }) }, 'NodeReady'],
    [
      'a kubelet that does not report, while the agent does',
      { node: aNode({ ready: 'Unknown', message: 'Kubelet stopped posting node status.' }) },
      'NodeReady',
    ],
    ["the agent's own probe", { health: aHealth({ state: 'Unhealthy', probe: 'Timeout' }) }, 'RuntimeProbe'],
    ["the agent's own probe", { health: aHealth({ state: 'Unhealthy', probe: 'Unavailable' }) }, 'RuntimeProbe'],
  ] as const)('may be %s', (_, part, reason) => {
    const decision = decide(part);
    expect(confirmation(decision)).toBe(`True ${reason}`);
    expect(decision.reason).toBe('BudgetReserved');
  });

  test.each([
    [
      'a node that is not ready for something else',
      { node: aNode({ ready: 'False', message: 'cni not initialized' }) },
    ],
    [
      'a kubelet that does not report, where the agent is silent',
      { node: aNode({ ready: 'Unknown' }), contact: SILENT },
    ],
    [
      'a probe of an agent that has not been heard from',
      { health: aHealth({ probe: 'Timeout' }), contact: aContact({ isHeard: false }) },
    ],
    [
      'an agent that tells nothing of the runtime',
      { health: aHealth({ state: 'Unhealthy', status: { runtime: undefined } }) },
    ],
    ['a Ready that nobody tells of', { node: withoutReady, health: flapping, trigger: { type: 'PLEGFlapping' } }],
    ['a Ready that was lost, if no more than one breach is told of', { node: aNode({ since: 0 }), health: flapping }],
    ['a probe that was refused an answer', { health: aHealth({ state: 'Unhealthy', probe: 'Error' }) }],
  ] as const)('is not %s', (_, part) => {
    expect(decide(part).reason).toBe('NoWitnessYet');
  });

  test('is not the first one again', () => {
    const node = aNode({ ready: 'False', message: BREACH });
    expect(decide({ node, trigger: { source: 'NodeReady' } }).reason).toBe('NoWitnessYet');
    expect(confirmation(decide({ node, relist: 'Stuck', trigger: { source: 'NodeReady' } }))).toBe('True StackDump');
    const health = aHealth({ state: 'Suspected', probe: 'Timeout' });
    expect(decide({ health, trigger: { type: 'RuntimeHung', source: 'RuntimeProbe' } }).reason).toBe('NoWitnessYet');
  });

  test('to a runtime that answers nobody is a stack in which relist waits for it', () => {
    const hung = { ...deadlock, class: 'RuntimeHung', relist: 'Unknown', blockedStack: 'x' } as const;
    const health = aHealth({ state: 'Suspected', probe: 'Timeout' });
    const hangs: Partial<Trigger> = { type: 'RuntimeHung', source: 'RuntimeProbe' };
    const reasonWith = (diagnosis: Diagnosis, node = aNode(), trigger = hangs): string | undefined => {
      const incident = anIncident({ name: NAME, status: { ...diagnosed(), diagnosis }, trigger });
      const own = trigger === hangs ? health : unhealthy;
      return confirmation(decideIncident(aSnapshot({ node, health: own, incident })));
    };
    expect(reasonWith(hung)).toBe('True StackDump');
    expect(reasonWith({ ...hung, blockedStack: undefined })).toBe('Unknown NoWitnessYet');
    expect(reasonWith({ ...hung, class: 'Unknown' })).toBe('Unknown NoWitnessYet');
    expect(reasonWith({ ...hung, own: true })).toBe('Unknown NoWitnessYet');
    expect(reasonWith({ ...hung, relist: 'Moving' })).toBe('False NotConfirmed');
    const notReady = aNode({ ready: 'False', message: 'cni not initialized' });
    expect(reasonWith({ ...hung, relist: 'Moving' }, notReady)).toBe('Unknown NoWitnessYet');
    expect(reasonWith(hung, aNode(), { source: 'KubeletLog' })).toBe('Unknown NoWitnessYet');
  });

  test('may change, and that is written; one that is lost is waited for anew', () => {
    const first = decide({ node: aNode({ ready: 'False', message: BREACH }) }).status;
    const status = { ...diagnosed(), ...first, timings: { evidenceAt: at(0) } };
    const look = (part: Partial<IncidentSnapshot>, more: Partial<typeof status> = {}): IncidentDecision => {
      const incident = anIncident({ name: NAME, status: { ...status, steps: [], ...more } });
      return decideIncident(aSnapshot({ node: aNode(), health: unhealthy, ...part, incident }));
    };
    const byDump = look({}, { diagnosis: { ...deadlock, relist: 'Stuck' } });
    expect(confirmation(byDump)).toBe('True StackDump');
    const later = look({ now: T0 + 601_000 });
    expect(later.reason).toBe('NoWitnessYet');
    expect(confirmation(later)).toBe('Unknown NoWitnessYet');
  });

  test('is not the person who asked for it', () => {
    const approval = { decision: 'Approve', by: 'ann' } as const;
    const incident = anIncident({ name: NAME, status: diagnosed(), trigger: { type: 'Manual' }, approval });
    expect(decideIncident(aSnapshot({ node: aNode(), health: unhealthy, incident })).reason).toBe('NoWitnessYet');
  });

  test('is not stacks of more than ten minutes ago', () => {
    const status = { ...diagnosed(), diagnosis: { ...deadlock, relist: 'Stuck' as const } };
    const incident = anIncident({ name: NAME, status: { ...status, timings: { evidenceAt: at(0) } } });
    const part = { node: aNode(), health: unhealthy, incident };
    expect(confirmation(decideIncident(aSnapshot({ ...part, now: T0 + 599_000 })))).toBe('True StackDump');
    expect(decideIncident(aSnapshot({ ...part, now: T0 + 601_000 })).reason).toBe('NoWitnessYet');
  });

  test('was stacks that have grown old: the incident ends when it could act, and not while it may not', () => {
    const status = {
      ...diagnosed(),
      diagnosis: { ...deadlock, relist: 'Stuck' as const },
      timings: { evidenceAt: at(0) },
    };
    const part = { node: aNode(), health: unhealthy };
    const first = decideIncident(aSnapshot({ ...part, policy: PAUSED, incident: anIncident({ name: NAME, status }) }));
    const later = { ...part, incident: anIncident({ name: NAME, status: first.status }), now: T0 + 601_000 };
    expect(decideIncident(aSnapshot({ ...later, policy: PAUSED })).reason).toBe('PolicyPaused');
    expect(outcomeOf(decideIncident(aSnapshot(later)))).toBe('Outdated');
  });

  test('is the person who approves it, also against a false alarm', () => {
    const status = { ...diagnosed(), diagnosis: { ...deadlock, relist: 'Moving' as const } };
    const approval = { decision: 'Approve', by: 'ann' } as const;
    const incident = anIncident({ name: NAME, status, approval });
    expect(confirmation(decideIncident(aSnapshot({ node: aNode(), health: unhealthy, incident })))).toBe('True Person');
  });

  test('of a node that flaps is that Ready was lost as well', () => {
    const trigger = { type: 'PLEGFlapping', source: 'KubeletLog' } as const;
    const part = { health: flapping, trigger, relist: 'Moving' } as const;
    expect(confirmation(decide({ ...part, node: aNode({ since: -100_000 }) }))).toBe('True NodeReady');
    // Of the last three times.
    expect(confirmation(decide({ ...part, node: aNode({ since: -1_500_000 }) }))).toBe('True NodeReady');
    expect(outcomeOf(decide({ ...part, node: aNode({ since: -1_500_001 }) }))).toBe('NotConfirmed');
    expect(outcomeOf(decide({ ...part, health: unhealthy }))).toBe('NotConfirmed');
  });

  test('is named once: words that grow with each look are no write', () => {
    const node = (text: string): ReturnType<typeof aNode> => aNode({ ready: 'False', message: text });
    const { status } = decide({ node: node(BREACH) });
    const incident = anIncident({ name: NAME, status: { ...diagnosed(), ...status } });
    const again = decideIncident(
      aSnapshot({ node: node(BREACH.replace('3m3s', '3m9s')), health: unhealthy, incident }),
    );
    expect(findCondition(again.status.conditions, 'Confirmed')).toEqual(findCondition(status.conditions, 'Confirmed'));
  });
});

describe('of a kubelet that does not report', () => {
  const unknown = aNode({ ready: 'Unknown', message: 'Kubelet stopped posting node status.' });
  const running = { state: 'Running', since: at(-3_600_000) } as const;
  const health = aHealth({ status: { kubelet: { program: running } } });
  const blind = aHealth({
    state: 'Unknown',
    status: { kubelet: { program: running }, log: { source: 'file:x', error: 'there is no such file' } },
  });
  const silence: Partial<Trigger> = { type: 'KubeletSilent', source: 'NodeReady' };
  const all = {
    trigger: silence,
    node: unknown,
    health,
    contact: aContact({ answeringForMs: 15_000 }),
    kubeletLease: { unrenewedMs: 20_000, durationMs: 40_000 },
  };

  test('the second witness is its Lease, with an agent that has answered all the while', () => {
    expect(confirmation(decide(all))).toBe('True NodeLease');
  });

  test.each<[string, Partial<IncidentSnapshot> & { readonly trigger?: Partial<Trigger> }]>([
    ['the Lease is not known', { kubeletLease: undefined }],
    ['the Lease was renewed 19.9 s ago', { kubeletLease: { unrenewedMs: 19_999, durationMs: 40_000 } }],
    ['it renews a longer one more seldom', { kubeletLease: { unrenewedMs: 99_999, durationMs: 200_000 } }],
    ['the agent was heard, and has not answered all the while', { contact: aContact({ answeringForMs: 14_999 }) }],
    ['the Node says something again', { node: aNode({ ready: 'False', message: 'cni not initialized' }) }],
    [
      'it does something else than to run',
      { health: aHealth({ status: { kubelet: { program: { ...running, state: 'Starting' } } } }) },
    ],
    ['what it says itself cannot be read', { health: blind }],
    ['the incident is about PLEG', { trigger: { type: 'PLEGUnhealthy', source: 'NodeReady' } }],
  ])('there is none where %s', (_, part) => {
    expect(confirmation(decide({ ...all, ...part }))).toBe('Unknown NoWitnessYet');
  });

  test('it is asked for steadily, and need not be once it has been said', () => {
    const contact = aContact({ answeredMs: 4_000 });
    expect(decide({ ...all, contact }).commands).toEqual([{ kind: 'AskAgent' }]);
    const { conditions } = decide(all).status;
    const incident = anIncident({ name: NAME, status: { ...diagnosed(), conditions }, trigger: silence });
    const again = (part: Partial<IncidentSnapshot>): string | undefined =>
      confirmation(decideIncident(aSnapshot({ ...all, contact, incident, ...part })));
    expect(again({})).toBe('True NodeLease');
    expect(again({ contact: aContact({ heardForMs: 14_999 }) })).toBe('Unknown NoWitnessYet');
    expect(again({ contact: aContact({ heardForMs: 0, answeringForMs: 15_000 }) })).toBe('True NodeLease');
    expect(again({ kubeletLease: { unrenewedMs: 0, durationMs: 40_000 } })).toBe('Unknown NoWitnessYet');
  });
});
