import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { decideNode } from '../../../../src/core/decision/node/decide-node.ts';
import type {
  NodeCommand,
  NodeDecision,
  NodeSnapshot,
  StuckClaim,
} from '../../../../src/core/decision/node/node-snapshot.ts';
import { aHealth, anIncident, aNode, aPolicy, at, T0 } from '../../../support/builders/objects.ts';
import { aContact, SILENT } from '../../../support/builders/views.ts';

function decide(part: Partial<NodeSnapshot> = {}): NodeDecision {
  return decideNode({
    now: T0,
    node: aNode(),
    match: { policy: aPolicy(), overridden: [] },
    health: aHealth(),
    contact: aContact(),
    incidents: [],
    wellMs: undefined,
    told: undefined,
    ...part,
  });
}

const kinds = ({ commands }: NodeDecision): readonly NodeCommand['kind'][] => commands.map(({ kind }) => kind);
function claimOf(part: Partial<NodeSnapshot>): StuckClaim | undefined {
  return decide(part).commands.find((command) => command.kind === 'SetStuck')?.claim;
}

describe('the settings of an agent', () => {
  test('of a node that no policy rules: it only watches', () => {
    const match = { policy: undefined, overridden: [] };
    const [command] = decide({ match, health: undefined }).commands;
    expect(command).toEqual({
      kind: 'ApplyHealth',
      spec: {
        mode: 'Observe',
        detection: {
          sustainedFor: '0s',
          flapping: { episodes: 3, within: '30m' },
          earlyCapture: false,
          kubeletSilentAfter: '40s',
        },
        logWindow: '15m',
        redact: true,
      },
    });
  });

  test('keep the inquiry that is open', () => {
    const spec = decide({ health: undefined }).commands.find(({ kind }) => kind === 'ApplyHealth');
    if (spec?.kind !== 'ApplyHealth') throw new Error('there are no settings');
    const health = { ...aHealth(), spec: { ...spec.spec, inquiry: 'abc' } };
    expect(kinds(decide({ health }))).not.toContain('ApplyHealth');
    const changed = decide({ health: { ...health, spec: { ...health.spec, logWindow: '1h' } } }).commands[0];
    expect(changed).toMatchObject({ kind: 'ApplyHealth', spec: { inquiry: 'abc', logWindow: '15m' } });
  });
});

describe('the next look', () => {
  const open = { incidents: [anIncident()] };
  test.each<[string, Partial<NodeSnapshot>, number]>([
    ['at a node at rest: when its agent is to be asked', {}, 389_000],
    ['when what is asked now would be silence', { contact: aContact({ quietMs: 390_000 }) }, 10_000],
    ['when what was asked would be', { contact: aContact({ quietMs: 390_000, unansweredMs: 4_000 }) }, 6_000],
    ['in a minute, once it is', { contact: aContact({ quietMs: 400_000, unansweredMs: 10_000 }) }, 60_000],
    ['in a minute, where there never was an agent', { contact: aContact({ hasReported: false }) }, 60_000],
    ['at the latest in a minute, where something is open', open, 59_000],
    ['at once, nearly', { ...open, contact: aContact({ quietMs: 59_999 }) }, 1],
  ])('is %s', (_name, part, ms) => {
    expect(decide(part).nextCheckAt).toBe(T0 + ms);
  });

  test.each([
    [aHealth(), 'Healthy'],
    [aHealth({ status: { pleg: undefined } }), 'AgentSilent'],
    [undefined, 'AgentSilent'],
  ])('has a reason', (health, reason) => {
    expect(decide({ health }).reason).toBe(reason);
  });
});

const BREACH = 'PLEG is not healthy: pleg was last seen active 9m3s ago; threshold is 3m0s';

describe('a trouble that an incident has dealt with', () => {
  const unhealthy = (ms: number) =>
    aHealth({ state: 'Unhealthy', episodes: [{ startedAt: at(ms), lastLineAt: at(ms), lines: 1 }], reportedAt: ms });
  interface Before {
    readonly outcome?: string;
    readonly at?: number;
    readonly createdAt?: number;
    readonly completedAt?: number;
    readonly type?: 'PLEGUnhealthy' | 'Manual';
  }
  function before(part: Before = {}): KubeletIncident {
    const { outcome = 'HandedOver', type = 'PLEGUnhealthy', createdAt = 0, completedAt = 0 } = part;
    const complete = { type: 'Complete', status: 'True', reason: outcome, message: '' } as const;
    return anIncident({
      createdAt,
      trigger: { type, at: at(part.at ?? 0) },
      status: {
        outcome,
        conditions: [{ ...complete, lastTransitionTime: at(completedAt) }],
        timings: { completedAt: at(completedAt) },
      },
    });
  }
  const opens = (part: Partial<NodeSnapshot>): boolean => kinds(decide(part)).includes('OpenIncident');

  test.each<[string, Before, number, boolean]>([
    ['of this episode', {}, 0, false],
    ['of a later one', { at: 1_000 }, 0, false],
    ['of an earlier one', { at: -1, completedAt: -1 }, 0, true],
    ['of an earlier one, that left the node ill after this one began', { at: -1 }, 0, false],
    ['of an earlier one, after which the node was well', { at: -1, outcome: 'Recovered' }, 0, true],
    ['stamped by a clock that was a minute ahead', { at: 60_000 }, 0, false],
    ['stamped by a clock that was further ahead', { at: 60_001, completedAt: -1 }, 0, true],
    ['of this episode, stamped by such a clock', { at: 60_001 }, 60_001, false],
    ['which a person asked for', { type: 'Manual' }, 0, true],
    ['which ended a minute ahead of us', { completedAt: 60_000 }, 0, false],
    ['which ended further ahead of us', { completedAt: 60_001 }, 0, true],
    ['as evidence was missing, just now', { outcome: 'EvidenceMissing', completedAt: -899_999 }, 0, false],
    [
      'as evidence was missing, a quarter of an hour ago',
      { outcome: 'EvidenceMissing', completedAt: -900_000 },
      0,
      true,
    ],
  ])('opens no second incident, unless it is due: one %s', (_name, part, episodeAt, expected) => {
    expect(opens({ health: unhealthy(episodeAt), incidents: [before(part)] })).toBe(expected);
  });

  /** Episode after episode, each of which ends so at once. @returns when incidents opened, in minutes. */
  function openedOver(hours: number, outcome: string, part: (ms: number) => Partial<NodeSnapshot> = () => ({})) {
    const incidents: KubeletIncident[] = [];
    const opened: number[] = [];
    for (let minute = 0; minute < hours * 60; minute++) {
      const ms = minute * 60_000;
      const seen = { now: T0 + ms + 1_000, health: unhealthy(ms), incidents, ...part(ms) };
      if (!opens(seen)) continue;
      opened.push(minute);
      incidents.unshift(before({ outcome, at: ms, createdAt: ms, completedAt: ms + 1_000 }));
    }
    return opened;
  }

  test('that is a false alarm again and again costs a capture an hour, two hours later, and at last three a day', () => {
    expect(openedOver(40, 'NotConfirmed').map((minute) => minute / 60)).toEqual([0, 1, 3, 7, 15, 23, 31, 39]);
  });

  test('whose evidence is missing again and again costs no capture for each of its episodes', () => {
    const opened = openedOver(24, 'EvidenceMissing').map((minute) => minute / 60);
    // The second episode of it is a new one; from then on it is in vain.
    expect(opened.length).toBeLessThanOrEqual(12);
    expect(opened.slice(-2).reduce((a, b) => b - a)).toBe(4);
  });

  test('that the kubelet confirms is none of these, however many there were', () => {
    const node = aNode({ ready: 'False', message: BREACH });
    const opened = openedOver(48, 'NotConfirmed', (ms) => (ms >= 47 * 3_600_000 ? { node } : {}));
    expect(opened.filter((minute) => minute >= 47 * 60)[0]).toBe(47 * 60);
  });

  test('begins anew after the node was helped, and after long', () => {
    const falseAlarm = (hoursAgo: number): KubeletIncident =>
      before({
        outcome: 'NotConfirmed',
        createdAt: -hoursAgo * 3_600_000,
        completedAt: -hoursAgo * 3_600_000,
        at: -hoursAgo * 3_600_000,
      });
    const helped = {
      ...falseAlarm(2),
      ...before({ outcome: 'Recovered', createdAt: -7_200_000, completedAt: -7_200_000, at: -7_200_000 }),
    };
    const health = unhealthy(0);
    expect(opens({ health, incidents: [falseAlarm(1.1), falseAlarm(3)] })).toBe(false);
    expect(opens({ health, incidents: [falseAlarm(1.1), helped, falseAlarm(3)] })).toBe(true);
    expect(opens({ health, incidents: [falseAlarm(1.1), falseAlarm(18)] })).toBe(true);
  });

  test.each<[string, Partial<NodeSnapshot>, boolean]>([
    ['the node is Ready, and its runtime answers', {}, false],
    ['the kubelet says so itself now', { node: aNode({ ready: 'False', message: BREACH }) }, true],
    ['the node is not Ready for something else', { node: aNode({ ready: 'False', message: 'no CNI' }) }, false],
    [
      'the runtime is deaf now',
      {
        health: {
          ...unhealthy(5_000),
          status: { ...unhealthy(5_000).status, runtime: aHealth({ probe: 'Timeout' }).status.runtime },
        },
      },
      true,
    ],
    [
      'nothing is known of the runtime',
      { health: { ...unhealthy(5_000), status: { ...unhealthy(5_000).status, runtime: undefined } } },
      false,
    ],
  ])('that was a false alarm is one again, where %s', (_name, part, expected) => {
    const incidents = [before({ outcome: 'NotConfirmed' })];
    expect(opens({ now: T0 + 10_000, health: unhealthy(5_000), incidents, ...part })).toBe(expected);
    const other = [before({ outcome: 'Recovered' })];
    expect(opens({ now: T0 + 10_000, health: unhealthy(5_000), incidents: other, ...part })).toBe(true);
  });
});

describe('what KubeletStuck says', () => {
  test('of an agent that has fallen silent, since when', () => {
    const words = 'the agent on node-a';
    expect(claimOf({ contact: SILENT })?.message).toContain(`${words} is silent: it last reported at ${at(0)}`);
    expect(claimOf({ health: undefined })?.message).toContain(`${words} has never reported`);
  });

  test('of an agent that tells nothing of PLEG', () => {
    expect(claimOf({ health: aHealth({ status: { pleg: undefined } }) })).toEqual({
      status: 'Unknown',
      reason: 'PLEGUnknown',
      message: 'the agent cannot tell',
    });
  });

  test('in words that fit', () => {
    const long = 'x'.repeat(1_000);
    const pleg = { state: 'Unhealthy' as const, reason: '', message: long, since: at(0), episodes: [] };
    expect(claimOf({ health: aHealth({ status: { pleg } }) })?.message).toHaveLength(512);
    const incident = anIncident({ trigger: { message: long } });
    const claim = claimOf({ incidents: [incident] });
    expect(claim?.message).toHaveLength(512);
    expect(claim?.message).toMatch(/^incident node-a-x7k2q: x/);
  });

  test('is left as it was while it is not known', () => {
    expect(claimOf({ contact: aContact({ isHeard: false }) })).toBeUndefined();
  });

  test.each([
    [29_999, 'PLEGHealthy'],
    [30_000, 'PLEGHealthyClockSkewed'],
  ])('of a clock that is %i ms off', (ms, reason) => {
    const health = aHealth({ reportedAt: ms });
    const managedFields = [{ manager: 'kubelet-medic-agent', operation: 'Apply', subresource: 'status', time: at(0) }];
    expect(claimOf({ health: { ...health, metadata: { ...health.metadata, managedFields } } })?.reason).toBe(reason);
  });

  test.each<[string, Partial<StuckClaim>, StuckClaim | undefined, boolean]>([
    ['as it is', {}, undefined, false],
    ['once for a new reason', { reason: 'PLEGSuspected' }, undefined, true],
    ['once for a new status', { status: 'Unknown' }, undefined, true],
  ])('is written %s', (_name, old, told, isWritten) => {
    const condition = {
      type: 'KubeletStuck',
      status: 'False',
      reason: 'PLEGHealthy',
      message: 'm',
      lastTransitionTime: at(0),
      lastHeartbeatTime: at(0),
      ...old,
    };
    const node = aNode();
    const conditions = [...node.status.conditions, condition];
    expect(claimOf({ node: { ...node, status: { ...node.status, conditions } }, told }) !== undefined).toBe(isWritten);
  });
});
