import { describe, expect, test } from '@jest/globals';
import { decideNode } from '../../../../src/core/decision/node/decide-node.ts';
import type { NodeSnapshot } from '../../../../src/core/decision/node/node-snapshot.ts';
import type { KubeletIncident, TriggerType } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY } from '../../../../src/api/v1alpha1/words/names.ts';
import { aHealth, anIncident, aNode, aPolicy, at, T0 } from '../../../support/builders/objects.ts';
import { aContact } from '../../../support/builders/views.ts';

const MATCH = { policy: aPolicy(), overridden: [] };

function decide(part: Partial<NodeSnapshot>): ReturnType<typeof decideNode> {
  return decideNode({
    now: T0,
    node: aNode(),
    match: MATCH,
    health: aHealth(),
    contact: aContact(),
    incidents: [],
    wellMs: undefined,
    told: undefined,
    ...part,
  });
}

const needOf = (part: Partial<NodeSnapshot>): string => decide(part).need;
const isAsked = (part: Partial<NodeSnapshot>): boolean => decide(part).commands.some(({ kind }) => kind === 'AskAgent');

function withProgram(of: 'kubelet' | 'runtime', state: 'Running' | 'Frozen' | 'Stopped' | 'Starting' | 'Unknown') {
  const health = aHealth();
  const { kubelet = {}, runtime } = health.status;
  const program = { state, since: at(0) } as const;
  const part = of === 'kubelet' ? { kubelet: { ...kubelet, program } } : { runtime: { ...runtime!, program } };
  return { health: { ...health, status: { ...health.status, ...part } } };
}

const over = { type: 'Complete', status: 'True', reason: 'Recovered', message: '', lastTransitionTime: at(0) } as const;

const notReady = aNode({ ready: 'False' });

function waits(reason: string, type: TriggerType = 'PLEGUnhealthy'): KubeletIncident {
  const waits = { type: 'Complete', status: 'False', reason, message: '', lastTransitionTime: at(0) } as const;
  const incident = anIncident({ status: { conditions: [waits] } });
  return { ...incident, spec: { ...incident.spec, trigger: { ...incident.spec.trigger, type } } };
}

const waiting = (reason: string): Partial<NodeSnapshot> => ({ incidents: [waits(reason)], node: notReady });

describe('an agent is needed', () => {
  test.each<[string, Partial<NodeSnapshot>, string]>([
    ['where all is well', {}, 'ever'],
    ['where all is well, and no policy rules', { match: { policy: undefined, overridden: [] } }, 'ever'],
    ['where its programs run', withProgram('kubelet', 'Running'), 'ever'],
    ['where it cannot tell how a program is', withProgram('runtime', 'Unknown'), 'ever'],
    ['where it cannot tell how PLEG is', { health: aHealth({ state: 'Unknown' }) }, 'ever'],
    ['where it has said nothing yet', { health: undefined }, 'ever'],
    ['where an incident is over', { incidents: [anIncident({ status: { conditions: [over] } })] }, 'ever'],
    ['where an incident is open', { incidents: [anIncident()] }, 'lately'],
    ['where it said that PLEG is unhealthy', { health: aHealth({ state: 'Unhealthy' }) }, 'lately'],
    ['where it said that it suspects something', { health: aHealth({ state: 'Suspected' }) }, 'lately'],
    ['where it said that the runtime does not answer', { health: aHealth({ probe: 'Timeout' }) }, 'lately'],
    ['where it said that the kubelet is frozen', withProgram('kubelet', 'Frozen'), 'lately'],
    ['where it said that the kubelet is starting', withProgram('kubelet', 'Starting'), 'lately'],
    ['where it said that the runtime is stopped', withProgram('runtime', 'Stopped'), 'lately'],
    ['where the node is not ready', { node: aNode({ ready: 'False' }) }, 'lately'],
    ['where it is known to be ill, and waits for its turn', waiting('CaptureRateLimited'), 'ever'],
    ['where it is known to be ill, and waits for a place', waiting('TooManyUnhealthy'), 'ever'],
    ['where it is known to be ill, and waits for a person', waiting('Held'), 'ever'],
    ['where it waits for a second witness', waiting('NoWitnessYet'), 'lately'],
    ['where it is Ready and waits for a place', { ...waiting('Cooldown'), node: aNode() }, 'lately'],
    ['where one of two incidents waits', { incidents: [anIncident(), waits('Held')], node: notReady }, 'lately'],
    [
      'where its kubelet does not report, and it waits for a place',
      { incidents: [waits('Cooldown', 'KubeletSilent')], node: notReady },
      'lately',
    ],
    [
      'where the node has a mark of ours',
      { node: aNode({ annotations: { [ANNOTATION_CORDONED_BY]: 'node-a-1' } }) },
      'lately',
    ],
  ])('%s', (_name, part, want) => {
    expect(needOf(part)).toBe(want);
  });
});

describe('a Node that has just turned Unknown', () => {
  const unknown = (ms: number, part: Partial<NodeSnapshot> = {}): Partial<NodeSnapshot> => ({
    node: aNode({ ready: 'Unknown', since: 0 }),
    now: T0 + ms,
    ...part,
  });
  test.each<[string, Partial<NodeSnapshot>, string]>([
    ['now', unknown(0), 'steadily'],
    ['59 s ago', unknown(59_999), 'steadily'],
    ['a minute ago', unknown(60_000), 'lately'],
    ['by a clock that is an hour ahead of ours', unknown(-3_600_000), 'lately'],
    ['by a clock that is a little ahead of ours', unknown(-5_000), 'steadily'],
    ['and has an incident', unknown(0, { incidents: [anIncident()] }), 'lately'],
    ['and no policy rules it', unknown(0, { match: { policy: undefined, overridden: [] } }), 'lately'],
  ])('%s', (_name, part, want) => {
    expect(needOf(part)).toBe(want);
  });
});

describe('its agent is asked', () => {
  const unheard = aContact({ isHeard: false, answeredMs: undefined });
  const quiet = aContact({ quietMs: 200_000, answeredMs: undefined });
  test.each<[string, Partial<NodeSnapshot>, boolean]>([
    ['not between two heartbeats', { contact: quiet }, false],
    ['not at once after a change of leaders, where all was well', { contact: unheard }, false],
    ['where no heartbeat has come', { contact: aContact({ quietMs: 390_000 }) }, true],
    ['once', { contact: aContact({ quietMs: 390_000, unansweredMs: 1 }) }, false],
    ['as soon as the Node is not ready', { contact: quiet, node: aNode({ ready: 'False' }) }, true],
    ['not where it has said something since', { node: aNode({ ready: 'False' }) }, false],
    ['as soon as an incident is open', { contact: quiet, incidents: [anIncident()] }, true],
    ['at once, where it said that it is ill', { contact: unheard, health: aHealth({ state: 'Unhealthy' }) }, true],
    [
      'at once, where it said that a program is frozen',
      { contact: unheard, ...withProgram('kubelet', 'Frozen') },
      true,
    ],
    ['not where there is none', { health: undefined, contact: { ...unheard, hasReported: false } }, false],
  ])('%s', (_name, part, want) => {
    expect(isAsked(part)).toBe(want);
  });
});
