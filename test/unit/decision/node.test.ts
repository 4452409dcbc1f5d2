import { describe, expect, test } from '@jest/globals';
import type { KubeletHealth } from '../../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { AGENT_MANAGER, ANNOTATION_CORDONED_BY } from '../../../src/api/v1alpha1/words/names.ts';
import { decideNode } from '../../../src/core/decision/node/decide-node.ts';
import type { NodeCommand, NodeDecision, NodeSnapshot } from '../../../src/core/decision/node/node-snapshot.ts';
import { aContact, SILENT } from '../../support/builders/views.ts';
import { aHealth, anIncident, aNode, aPlan, aPolicy, at, T0 } from '../../support/builders/objects.ts';

const episode = (startedAt: number): { startedAt: string; lastLineAt: string; lines: number } => ({
  startedAt: at(startedAt),
  lastLineAt: at(startedAt + 5_000),
  lines: 2,
});

function aSnapshot(part: Partial<NodeSnapshot> = {}): NodeSnapshot {
  const match = { policy: aPolicy(), overridden: [] };
  return {
    now: T0 + 1_000,
    node: aNode(),
    match,
    health: aHealth(),
    contact: aContact(),
    incidents: [],
    wellMs: undefined,
    told: undefined,
    ...part,
  };
}

function find<K extends NodeCommand['kind']>(
  decision: NodeDecision,
  kind: K,
): Extract<NodeCommand, { kind: K }> | undefined {
  return decision.commands.find((command): command is Extract<NodeCommand, { kind: K }> => command.kind === kind);
}

function ended(outcome: string, part: { readonly at?: number; readonly completedAt?: number } = {}): KubeletIncident {
  const completedAt = at(part.completedAt ?? 0);
  return anIncident({
    trigger: { at: at(part.at ?? 0) },
    status: {
      conditions: [{ type: 'Complete', status: 'True', reason: outcome, message: '', lastTransitionTime: completedAt }],
      outcome,
      timings: { completedAt },
    },
  });
}

function agentSilent(part: Parameters<typeof ended>[1]): KubeletIncident {
  const incident = ended('HandedOver', part);
  const silent = {
    type: 'ActionTaken',
    status: 'False',
    reason: 'AgentSilent',
    message: '',
    lastTransitionTime: at(0),
  };
  const conditions = [...(incident.status.conditions ?? []), { ...silent, status: 'False' as const }];
  return { ...incident, status: { ...incident.status, conditions } };
}

describe('what opens an incident', () => {
  test('a breach that the agent reports, at the time of its first line', () => {
    const health = aHealth({ state: 'Unhealthy', episodes: [episode(-7_000)] });
    const opened = find(decideNode(aSnapshot({ health })), 'OpenIncident');
    expect(opened?.trigger).toMatchObject({ type: 'PLEGUnhealthy', at: at(-7_000) });
    expect(opened?.plan).toMatchObject({ policy: 'default', policyGeneration: 3, mode: 'Remediate' });
  });

  test('suspicion never does', () => {
    const decision = decideNode(aSnapshot({ health: aHealth({ state: 'Suspected', probe: 'Timeout' }) }));
    expect(find(decision, 'OpenIncident')).toBeUndefined();
  });

  test('a breach has to last as long as the policy says', () => {
    const match = { policy: aPolicy({ detection: { sustainedFor: '1m' } }), overridden: [] };
    const young = aHealth({ state: 'Unhealthy', episodes: [episode(-59_000)] });
    const old = aHealth({ state: 'Unhealthy', episodes: [episode(-60_000)] });
    expect(find(decideNode(aSnapshot({ match, health: young })), 'OpenIncident')).toBeUndefined();
    expect(find(decideNode(aSnapshot({ match, health: old })), 'OpenIncident')).toBeDefined();
  });

  test('short episodes count as flapping when there are enough of them', () => {
    const match = { policy: aPolicy({ detection: { sustainedFor: '5m' } }), overridden: [] };
    const health = aHealth({ state: 'Unhealthy', episodes: [episode(-1_200_000), episode(-600_000), episode(-5_000)] });
    expect(find(decideNode(aSnapshot({ match, health })), 'OpenIncident')?.trigger.type).toBe('PLEGFlapping');
    const spread = aHealth({ state: 'Unhealthy', episodes: [episode(-9_000_000), episode(-600_000), episode(-5_000)] });
    expect(find(decideNode(aSnapshot({ match, health: spread })), 'OpenIncident')).toBeUndefined();
  });

  test('an episode that our own restart ended does not count as one that ended by itself', () => {
    const match = { policy: aPolicy({ detection: { sustainedFor: '5m' } }), overridden: [] };
    const health = aHealth({ state: 'Unhealthy', episodes: [episode(-1_200_000), episode(-600_000), episode(-5_000)] });
    const before = ended('Recovered', { at: -600_000, completedAt: -500_000 });
    const acted = { ...before.status, timings: { ...before.status.timings, actedAt: at(-590_000) } };
    const opens = (incidents: readonly KubeletIncident[]): boolean =>
      find(decideNode(aSnapshot({ match, health, incidents })), 'OpenIncident') !== undefined;
    expect(opens([before])).toBe(true);
    expect(opens([{ ...before, status: acted }])).toBe(false);
  });

  test("the Node's condition, where no agent is there to read the log", () => {
    const node = aNode({
      ready: 'False',
      since: -30_000,
      message: 'PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s',
    });
    const opened = find(decideNode(aSnapshot({ node, health: undefined, contact: SILENT })), 'OpenIncident');
    expect(opened?.trigger).toMatchObject({ type: 'PLEGUnhealthy', elapsed: '4m0.5s', threshold: '3m0s' });
    expect(find(decideNode(aSnapshot({ node })), 'OpenIncident')).toBeUndefined();
  });

  test("the Node's condition, where the agent cannot read the log", () => {
    const message =
      '[container runtime is down, PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s]';
    const node = aNode({ ready: 'False', since: -30_000, message });
    const log = { source: 'journald:kubelet.service', error: 'permission denied' };
    const blind = aHealth({ state: 'Unknown', status: { log } });
    expect(find(decideNode(aSnapshot({ node, health: blind })), 'OpenIncident')?.trigger.type).toBe('PLEGUnhealthy');
    const starting = aHealth({ state: 'Unknown' });
    expect(find(decideNode(aSnapshot({ node, health: starting })), 'OpenIncident')).toBeUndefined();
  });

  test("the Node's condition, where the kubelet has not written a line for long", () => {
    // Its sync loop, which writes the lines, is stuck as well: one line came, and a controller that was away missed it.
    const message = 'PLEG is not healthy: pleg was last seen active 4m0.5s ago; threshold is 3m0s';
    const opensAfter = (ms: number, health = aHealth()): string | undefined => {
      const node = aNode({ ready: 'False', since: -ms, message });
      return find(decideNode(aSnapshot({ node, health })), 'OpenIncident')?.trigger.source;
    };
    expect(opensAfter(90_000)).toBe('NodeReady');
    expect(opensAfter(30_000)).toBeUndefined();
    expect(opensAfter(90_000, aHealth({ state: 'Unhealthy' }))).toBe('KubeletLog');
  });

  test('a lost lease is another fault', () => {
    const node = aNode({ ready: 'Unknown', message: 'Kubelet stopped posting node status.' });
    expect(find(decideNode(aSnapshot({ node, health: undefined, contact: SILENT })), 'OpenIncident')).toBeUndefined();
  });

  test('a hung runtime, where the policy opts in and a dump shows relist waiting for it', () => {
    const match = { policy: aPolicy({ detection: { runtimeHungAfter: '20s' } }), overridden: [] };
    const probe = { state: 'Timeout', at: at(0), failingSince: at(-25_000) } as const;
    const captured = { id: 'early-1', at: at(-10_000), reason: 'RuntimeSilent', artifacts: 9, bytes: 1 };
    const hung = { ...captured, relistCall: 'ListPodSandbox' };
    const withEarly = (early: NonNullable<KubeletHealth['status']['spool']>['early']): KubeletHealth =>
      aHealth({
        state: 'Suspected',
        status: {
          runtime: { probe },
          spool: { usedBytes: 0, limitBytes: 1, ...(early === undefined ? {} : { early }) },
        },
      });
    const triggerOf = (part: Partial<NodeSnapshot>): string | undefined =>
      find(decideNode(aSnapshot(part)), 'OpenIncident')?.trigger.type;
    expect(triggerOf({ match, health: withEarly(hung) })).toBe('RuntimeHung');
    expect(triggerOf({ match, health: withEarly(undefined) })).toBeUndefined();
    expect(triggerOf({ match, health: withEarly(captured) })).toBeUndefined();
    // A dump from before the runtime fell silent says nothing of now.
    expect(triggerOf({ match, health: withEarly({ ...hung, at: at(-26_000) }) })).toBeUndefined();
    expect(triggerOf({ health: withEarly(hung) })).toBeUndefined();
  });

  test('no policy, no incident', () => {
    const match = { policy: undefined, overridden: [] };
    const decision = decideNode(aSnapshot({ match, health: aHealth({ state: 'Unhealthy' }) }));
    expect(find(decision, 'OpenIncident')).toBeUndefined();
  });
});

describe('one trouble, one incident', () => {
  const health = aHealth({ state: 'Unhealthy', episodes: [episode(0)], reportedAt: 1_000_000 });
  const later = { health, now: T0 + 1_000_000 };

  test.each([
    ['is not taken up again while the incident is open', anIncident(), false],
    ['is not taken up again after it was handed over', ended('HandedOver'), false],
    [
      'is taken up again a quarter of an hour after evidence was missing',
      ended('EvidenceMissing', { completedAt: 99_000 }),
      true,
    ],
    ['but not before', ended('EvidenceMissing', { completedAt: 101_000 }), false],
    ['is not taken up again before the attempts are free again', ended('BudgetExhausted'), false],
    ['is another one when its episode is another', ended('Recovered', { at: -60_000 }), true],
    [
      'is taken up again a quarter of an hour after its agent did not answer',
      agentSilent({ completedAt: 99_000 }),
      true,
    ],
    ['but not before that', agentSilent({ completedAt: 101_000 }), false],
    ['was a false alarm, and is one for an hour', ended('NotConfirmed'), false],
    [
      'is not another one when its episode began before the node was handed over',
      ended('HandedOver', { at: -60_000, completedAt: 1_000 }),
      false,
    ],
    [
      'is another one when its episode began after the node was handed over',
      ended('HandedOver', { at: -60_000, completedAt: -1_000 }),
      true,
    ],
  ])('%s', (_, incident, opens) => {
    expect(find(decideNode(aSnapshot({ ...later, incidents: [incident] })), 'OpenIncident') !== undefined).toBe(opens);
  });

  test('is a person’s, whatever it is, while the node has the cordon with which it was handed over', () => {
    const before = ended('HandedOver', { at: -60_000, completedAt: -1_000 });
    const owner = before.metadata.name;
    const opensWith = (node: NodeSnapshot['node'], incident = before): boolean =>
      find(decideNode(aSnapshot({ ...later, node, incidents: [incident] })), 'OpenIncident') !== undefined;
    const ours = aNode({ unschedulable: true, annotations: { [ANNOTATION_CORDONED_BY]: owner } });
    expect(opensWith(ours)).toBe(false);
    expect(opensWith(aNode())).toBe(true);
    expect(opensWith(ours, agentSilent({ at: -60_000, completedAt: -1_000 }))).toBe(true);
    expect(opensWith(ours, ended('Recovered', { at: -60_000, completedAt: -1_000 }))).toBe(true);
  });

  const BREACH = 'PLEG is not healthy: pleg was last seen active 9m3s ago; threshold is 3m0s';
  const opensOn = (part: Partial<NodeSnapshot>): boolean =>
    find(decideNode(aSnapshot({ ...later, incidents: [ended('NotConfirmed')], ...part })), 'OpenIncident') !==
    undefined;

  test('that was called a false alarm is none any more when the kubelet says so itself', () => {
    expect(opensOn({ node: aNode({ ready: 'False', message: BREACH }) })).toBe(true);
    expect(opensOn({ node: aNode({ ready: 'Unknown', message: 'Kubelet stopped posting node status.' }) })).toBe(true);
    expect(opensOn({ node: aNode({ ready: 'False', message: 'cni not initialized' }) })).toBe(false);
  });

  test('that was called a false alarm is one as well when another episode of it comes, not Ready for something else', () => {
    const before = ended('NotConfirmed', { at: -60_000 });
    const node = aNode({ ready: 'False', message: 'cni not initialized' });
    expect(opensOn({ node, incidents: [before] })).toBe(false);
    expect(opensOn({ node: aNode({ ready: 'False', message: BREACH }), incidents: [before] })).toBe(true);
  });

  test('that was called a false alarm is not confirmed by the source that it came from', () => {
    const log = { source: 'journald:kubelet.service', error: 'permission denied' };
    const blind = aHealth({ state: 'Unknown', status: { log } });
    const node = aNode({ ready: 'False', message: BREACH, since: 0 });
    expect(opensOn({ node, health: blind })).toBe(false);
    expect(opensOn({ node, health: blind, incidents: [] })).toBe(true);
  });

  test('a probe that fails again and again opens no incident a minute', () => {
    const match = { policy: aPolicy({ detection: { runtimeHungAfter: '20s' } }), overridden: [] };
    const probe = { state: 'Timeout', at: at(990_000), failingSince: at(960_000) } as const;
    const early = { id: 'e', at: at(980_000), reason: 'RuntimeSilent', artifacts: 9, bytes: 1, relistCall: 'Status' };
    const spool = { usedBytes: 0, limitBytes: 1, early };
    const health = aHealth({ state: 'Suspected', reportedAt: 990_000, status: { runtime: { probe }, spool } });
    const since = ended('NotConfirmed', { at: 900_000, completedAt: 930_000 });
    expect(opensOn({ match, health, incidents: [] })).toBe(true);
    expect(opensOn({ match, health, incidents: [since] })).toBe(false);
  });

  test('that is only observed is taken up when the policy says more', () => {
    const observed = anIncident({ plan: aPlan({ mode: 'Observe' }) });
    expect(find(decideNode(aSnapshot({ ...later, incidents: [observed] })), 'OpenIncident')?.plan.mode).toBe(
      'Remediate',
    );
    const second = anIncident({ name: 'second' });
    expect(find(decideNode(aSnapshot({ ...later, incidents: [second, observed] })), 'OpenIncident')).toBeUndefined();
    const match = { policy: aPolicy({ mode: 'Observe' }), overridden: [] };
    expect(find(decideNode(aSnapshot({ ...later, match, incidents: [observed] })), 'OpenIncident')).toBeUndefined();
  });
});

describe('the condition KubeletStuck', () => {
  const manual = anIncident({ trigger: { type: 'Manual' } });
  const told = (part: Partial<NodeSnapshot>, by: 'us' | 'another process' = 'us'): NodeDecision => {
    const claim = find(decideNode(aSnapshot(part)), 'SetStuck')?.claim;
    const node = aNode({ ready: 'False' });
    const condition = { type: 'KubeletStuck', lastTransitionTime: at(0), lastHeartbeatTime: at(0), ...claim };
    const conditions = [...node.status.conditions, { status: '', reason: '', message: '', ...condition }];
    const health = aHealth({ state: 'Unhealthy' });
    const remembered = by === 'us' ? claim : undefined;
    return decideNode(
      aSnapshot({ node: { ...node, status: { ...node.status, conditions } }, health, told: remembered }),
    );
  };

  test('names no incident that is over, though the node is as unhealthy as before', () => {
    const claim = find(told({ incidents: [anIncident()] }), 'SetStuck')?.claim;
    expect(claim).toMatchObject({ status: 'True', reason: 'PLEGUnhealthy', message: 'PLEG is Unhealthy' });
  });

  test('is not written again for a new word on the same trouble', () => {
    const status = { pleg: { state: 'Unhealthy' as const, reason: '', message: '3m5s', since: at(0), episodes: [] } };
    expect(find(told({ health: aHealth({ state: 'Unhealthy', status }) }), 'SetStuck')).toBeUndefined();
  });

  test('is written once by a process that does not know which incident it names', () => {
    const claim = find(told({ health: aHealth({ state: 'Unhealthy' }) }, 'another process'), 'SetStuck')?.claim;
    expect(claim).toMatchObject({ status: 'True', reason: 'PLEGUnhealthy' });
  });

  test.each([
    ['False on a healthy node', {}, 'False', 'PLEGHealthy'],
    ['True while an incident is open', { incidents: [anIncident()] }, 'True', 'PLEGUnhealthy'],
    ['False while a person has a healthy node captured', { incidents: [manual] }, 'False', 'PLEGHealthy'],
    [
      'True while a person has an unhealthy node captured',
      { incidents: [manual], health: aHealth({ state: 'Unhealthy' }) },
      'True',
      'PLEGUnhealthy',
    ],
    ['Unknown where the agent never reported', { health: undefined }, 'Unknown', 'AgentSilent'],
    ['Unknown where the agent fell silent', { contact: SILENT }, 'Unknown', 'AgentSilent'],
    ['Unknown where the log cannot be read', { health: aHealth({ state: 'Unknown' }) }, 'Unknown', 'PLEGUnknown'],
  ] as const)('is %s', (_, part, status, reason) => {
    expect(find(decideNode(aSnapshot(part)), 'SetStuck')?.claim).toMatchObject({ status, reason });
  });

  test("says that the node's clock is off, and still trusts an agent that writes", () => {
    const health = aHealth({ reportedAt: -7_200_000 });
    const managedFields = [{ manager: AGENT_MANAGER, operation: 'Apply', subresource: 'status', time: at(0) }];
    const jumped = { ...health, metadata: { ...health.metadata, managedFields } };
    const claim = find(decideNode(aSnapshot({ health: jumped })), 'SetStuck')?.claim;
    expect(claim).toMatchObject({ status: 'False', reason: 'PLEGHealthyClockSkewed' });
    expect(claim?.message).toContain('-7200 s');
  });
});

test("the agent's settings are written once, and again when the policy changes", () => {
  const first = find(decideNode(aSnapshot({ health: undefined })), 'ApplyHealth');
  expect(first?.spec).toMatchObject({ policy: 'default', mode: 'Remediate', logWindow: '15m' });
  const health = { ...aHealth(), spec: first?.spec ?? aHealth().spec };
  expect(find(decideNode(aSnapshot({ health })), 'ApplyHealth')).toBeUndefined();
  const match = { policy: aPolicy({ evidence: { logWindow: '30m' } }), overridden: [] };
  expect(find(decideNode(aSnapshot({ health, match })), 'ApplyHealth')?.spec.logWindow).toBe('30m');
});

test('the next look is always in the future', () => {
  expect(decideNode(aSnapshot()).nextCheckAt).toBeGreaterThan(T0 + 1_000);
  expect(decideNode(aSnapshot({ health: aHealth({ reportedAt: -500_000 }) })).nextCheckAt).toBeGreaterThan(T0 + 1_000);
});
