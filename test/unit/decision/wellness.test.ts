import { describe, expect, test } from '@jest/globals';
import { wellness } from '../../../src/core/decision/incident/wellness.ts';
import { aHealth, aNode } from '../../support/builders/objects.ts';
import { aContact, SILENT } from '../../support/builders/views.ts';

const ready = aNode();
const contact = aContact();
const health = aHealth();
const unreadable = aHealth({
  state: 'Unknown',
  probe: 'Answered',
  status: { log: { source: 'journald:kubelet', error: 'permission denied' } },
});

describe('how a node is', () => {
  test.each([
    ['Ready, and PLEG is healthy', { node: ready, health, contact }, 'Well'],
    [
      'a suspicion, while the runtime answers',
      { node: ready, health: aHealth({ state: 'Suspected', probe: 'Answered' }), contact },
      'Well',
    ],
    ['a log that cannot be read, while the runtime answers', { node: ready, health: unreadable, contact }, 'Well'],
    ['not Ready, whatever else', { node: aNode({ ready: 'False' }), health, contact }, 'Ill'],
    ['not heard of', { node: aNode({ ready: 'Unknown' }), health: undefined, contact: SILENT }, 'Ill'],
    ['Ready, and PLEG is unhealthy', { node: ready, health: aHealth({ state: 'Unhealthy' }), contact }, 'Ill'],
    [
      'Ready, and the runtime is deaf',
      { node: ready, health: aHealth({ state: 'Suspected', probe: 'Timeout' }), contact },
      'Ill',
    ],
    ['Ready, and nobody to ask', { node: ready, health: undefined, contact }, 'Unknown'],
    ['Ready, and the agent silent', { node: ready, health, contact: SILENT }, 'Unknown'],
    [
      'Ready, and the agent silent that last said Unhealthy',
      { node: ready, health: aHealth({ state: 'Unhealthy' }), contact: SILENT },
      'Unknown',
    ],
    [
      'Ready, and what the agent said may be old',
      { node: ready, health, contact: aContact({ isHeard: false }) },
      'Unknown',
    ],
    [
      'Ready, and the agent does not know',
      { node: ready, health: aHealth({ state: 'Unknown', probe: 'Answered' }), contact },
      'Unknown',
    ],
    [
      'Ready, a suspicion, and no probe yet',
      { node: ready, health: aHealth({ state: 'Suspected', probe: 'Unknown' }), contact },
      'Unknown',
    ],
    ['gone', { node: undefined, health, contact }, 'Unknown'],
  ] as const)('%s', (_, question, want) => {
    expect(wellness(question)).toBe(want);
  });
});
