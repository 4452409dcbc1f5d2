import { describe, expect, test } from '@jest/globals';
import type { IncidentStatus, KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER } from '../../../../src/api/v1alpha1/words/names.ts';
import { fleetFigures, type FleetFigures, LEFT_ILL } from '../../../../src/core/decision/fleet/fleet-figures.ts';
import type { Trouble } from '../../../../src/core/decision/fleet/troubles.ts';
import { waitOf } from '../../../../src/core/decision/fleet/waits.ts';
import { OUTCOMES, type Outcome } from '../../../../src/core/decision/record/outcomes.ts';
import { aHealth, aNode, anIncident, at, type NodeOptions, T0 } from '../../../support/builders/objects.ts';
import { aContact, SILENT } from '../../../support/builders/views.ts';

type FleetNode = Parameters<typeof fleetFigures>[0]['nodes'][number];
const MINUTE = 60_000;

/** A node that is not Ready is so since a minute before T0, unless `notReadySince` says otherwise. */
function aFleetNode(part: Partial<FleetNode> = {}, options: NodeOptions = {}): FleetNode {
  const isIll = (options.ready ?? 'True') !== 'True';
  return {
    node: aNode(options),
    health: aHealth(),
    contact: aContact(),
    notReadySince: isIll ? T0 - MINUTE : undefined,
    ...part,
  };
}

function figures(nodes: readonly FleetNode[], incidents: readonly KubeletIncident[] = [], now = T0): FleetFigures {
  return fleetFigures({ nodes, incidents, now });
}

function condition(
  type: string,
  status: 'True' | 'False',
  reason: string,
): NonNullable<IncidentStatus['conditions']>[number] {
  return { type, status, reason, message: '', lastTransitionTime: at(0) };
}

function ended(outcome: Outcome, part: Parameters<typeof anIncident>[0] = {}): KubeletIncident {
  const conditions = [condition('Complete', 'True', outcome)];
  return anIncident({ ...part, status: { outcome, conditions, timings: { completedAt: at(0) } } });
}

function troublesOf(one: FleetNode): readonly string[] {
  return Object.entries(figures([one]).troubles)
    .filter(([, count]) => count > 0)
    .map(([name]) => name);
}

describe('troubles of nodes', () => {
  test('a node that is well has none', () => {
    expect(troublesOf(aFleetNode())).toEqual([]);
  });

  const says = (type: string): FleetNode =>
    aFleetNode({ health: aHealth({ status: { conditions: [condition(type, 'False', 'Any')] } }) });

  test.each<readonly [Trouble, FleetNode]>([
    ['NotReady', aFleetNode({}, { ready: 'Unknown' })],
    ['PLEGUnhealthy', aFleetNode({ health: aHealth({ state: 'Unhealthy' }) })],
    ['AgentMissing', aFleetNode({ contact: aContact({ hasReported: false }), health: undefined })],
    ['LogUnreadable', says('LogReadable')],
    ['LogLagging', aFleetNode({ health: aHealth({ status: { log: { source: 'file:x', lagSeconds: 61 } } }) })],
    ['RuntimeUnreachable', says('RuntimeReachable')],
    ['SpoolUnwritable', says('SpoolWritable')],
    ['StacksUnreadable', says('StacksReadable')],
    ['NotRecoverable', says('Recoverable')],
  ])('%s is seen, and nothing else with it', (trouble, one) => {
    expect(troublesOf(one)).toEqual([trouble]);
  });

  test('what an agent said that is silent now is not believed: it is missing, and that is all that is known', () => {
    const health = aHealth({ state: 'Unhealthy', status: { conditions: [condition('LogReadable', 'False', 'Any')] } });
    expect(troublesOf(aFleetNode({ health, contact: SILENT }))).toEqual(['AgentMissing']);
  });

  test('a lag of a minute, an unknown condition and a Windows node without an agent are none', () => {
    const status = { log: { source: 'file:x', lagSeconds: 60 } };
    expect(troublesOf(aFleetNode({ health: aHealth({ status }) }))).toEqual([]);
    const gone = { contact: aContact({ hasReported: false }), health: undefined };
    expect(troublesOf(aFleetNode(gone, { labels: { 'kubernetes.io/os': 'windows' } }))).toEqual([]);
    expect(troublesOf(aFleetNode(gone, { labels: { 'kubernetes.io/os': 'linux' } }))).toEqual(['AgentMissing']);
  });
});

describe('nodes that have not been well since their last incident', () => {
  const ill = aFleetNode({}, { ready: 'False' });
  const count = (
    nodes: readonly FleetNode[],
    incidents: readonly KubeletIncident[],
  ): Readonly<Record<string, number>> =>
    Object.fromEntries([...figures(nodes, incidents).unrecovered].filter(([, nodesLeft]) => nodesLeft > 0));

  test('every outcome that leaves a node ill has a figure, also where it is 0', () => {
    expect([...figures([]).unrecovered]).toEqual(LEFT_ILL.map((outcome) => [outcome, 0]));
    expect(LEFT_ILL).toEqual([
      'Outdated',
      'HandedOver',
      'EvidenceMissing',
      'BudgetExhausted',
      'ActionRefused',
      'Rejected',
    ]);
  });

  test.each(LEFT_ILL)('%s is counted while the node is ill', (outcome) => {
    expect(count([ill], [ended(outcome)])).toEqual({ [outcome]: 1 });
    expect(count([aFleetNode()], [ended(outcome)])).toEqual({});
  });

  test.each(Object.keys(OUTCOMES).filter((outcome) => !(LEFT_ILL as readonly string[]).includes(outcome)) as Outcome[])(
    '%s is not',
    (outcome) => {
      expect(count([ill], [ended(outcome)])).toEqual({});
    },
  );

  test('a cordon of that incident, and a PLEG that is unhealthy still, are not well either', () => {
    const annotations = { 'kubelet-medic.io/cordoned-by': 'node-a-x7k2q' };
    const cordoned = aFleetNode({}, { unschedulable: true, annotations, cordonedBy: CONTROLLER_MANAGER });
    expect(count([cordoned], [ended('HandedOver')])).toEqual({ HandedOver: 1 });
    expect(count([cordoned], [ended('HandedOver', { name: 'node-a-other' })])).toEqual({});
    expect(count([aFleetNode({ health: aHealth({ state: 'Unhealthy' }) })], [ended('HandedOver')])).toEqual({
      HandedOver: 1,
    });
  });

  test('a node that was Ready in between has another trouble now', () => {
    expect(count([{ ...ill, notReadySince: T0 + 11 * MINUTE }], [ended('HandedOver')])).toEqual({});
    // The condition of the Node is late.
    expect(count([{ ...ill, notReadySince: T0 + 2 * MINUTE }], [ended('HandedOver')])).toEqual({ HandedOver: 1 });
    expect(count([{ ...ill, notReadySince: undefined }], [ended('HandedOver')])).toEqual({ HandedOver: 1 });
  });

  test('the last incident counts, where it is over: none of a person, no drill, none of a node of that name before', () => {
    const handed = ended('HandedOver', { name: 'a', createdAt: 0 });
    const healed = ended('Recovered', { name: 'b', createdAt: MINUTE });
    expect(count([ill], [healed, handed])).toEqual({});
    expect(count([ill], [handed, anIncident({ name: 'c', createdAt: MINUTE })])).toEqual({});
    for (const type of ['Manual', 'Drill'] as const) {
      const asked = ended('CaptureOnly', { name: 'd', createdAt: MINUTE, trigger: { type } });
      expect(count([ill], [handed, asked])).toEqual({ HandedOver: 1 });
    }
    const anew = { ...ill.node, metadata: { ...ill.node.metadata, uid: 'another' } };
    expect(count([{ ...ill, node: anew }], [handed])).toEqual({});
  });
});

describe('incidents', () => {
  const open = (name: string, reason: string, createdAt = 0): KubeletIncident =>
    anIncident({ name, createdAt, status: { conditions: [condition('Complete', 'False', reason)] } });

  test('are counted by what they wait for, with the age of the oldest; each wait has a figure', () => {
    const incidents = [open('a', 'Held'), open('b', 'Held', MINUTE), open('c', 'NotReady'), ended('Recovered')];
    expect(figures([], incidents, T0 + 2 * MINUTE).waiting).toEqual([
      { wait: 'Person', incidents: 2, oldestSeconds: 120 },
      { wait: 'Budget', incidents: 0, oldestSeconds: 0 },
      { wait: 'Capture', incidents: 0, oldestSeconds: 0 },
      { wait: 'Others', incidents: 0, oldestSeconds: 0 },
      { wait: 'Nothing', incidents: 1, oldestSeconds: 120 },
    ]);
  });

  test('of a clock that is behind are not of a negative age', () => {
    expect(figures([], [open('a', 'Held', MINUTE)], T0).waiting[0]).toMatchObject({ oldestSeconds: 0 });
  });

  test.each([
    ['Held', 'Person'],
    ['TooManyUnhealthy', 'Budget'],
    ['Cooldown', 'Budget'],
    ['CaptureRateLimited', 'Capture'],
    ['PolicyPaused', 'Others'],
    ['CordonedByOther', 'Others'],
    ['ClockSkewed', 'Nothing'],
    ['of another release', 'Nothing'],
  ])('of the reason %s wait for %s', (reason, wait) => {
    expect(waitOf(open('a', reason).status)).toBe(wait);
  });

  test('of no condition yet wait for nothing', () => {
    expect(waitOf({})).toBe('Nothing');
  });

  test('are counted by cause and outcome', () => {
    const known = ended('Recovered', { name: 'b' });
    const incidents = [ended('Recovered', { name: 'a' }), known, ended('HandedOver', { name: 'c' }), open('d', 'Held')];
    expect(figures([], incidents).stored).toEqual([
      { cause: 'none', outcome: 'Recovered', incidents: 2 },
      { cause: 'none', outcome: 'HandedOver', incidents: 1 },
      { cause: 'none', outcome: 'Open', incidents: 1 },
    ]);
  });
});

describe('a node that was left to a person', () => {
  const count = (node: FleetNode, incidents: readonly KubeletIncident[]): number =>
    figures([node], incidents).unrecovered.get('HandedOver') ?? 0;
  const illNode = aFleetNode({ notReadySince: T0 - MINUTE }, { ready: 'False' });

  test('is none while a later incident of it is open', () => {
    const later = { ...anIncident({ name: 'node-a-later' }) };
    const open = { ...later, metadata: { ...later.metadata, creationTimestamp: at(60_000) } };
    expect(count(illNode, [ended('HandedOver')])).toBe(1);
    expect(count(illNode, [ended('HandedOver'), open])).toBe(0);
    expect(count(illNode, [open, ended('HandedOver')])).toBe(0);
  });

  test('is none for a PLEG that has been unhealthy since long after', () => {
    const since = (ms: number): FleetNode =>
      aFleetNode({
        health: aHealth({
          state: 'Unhealthy',
          status: { pleg: { state: 'Unhealthy', reason: 'Breach', message: '', since: at(ms), episodes: [] } },
        }),
      });
    expect(count(since(-60_000), [ended('HandedOver')])).toBe(1);
    expect(count(since(3_600_000), [ended('HandedOver')])).toBe(0);
  });
});
