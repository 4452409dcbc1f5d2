import { expect, test } from '@jest/globals';
import { incidentName } from '../../../src/core/decision/record/incident-name.ts';
import { at } from '../../support/builders/objects.ts';

const trigger = { type: 'PLEGUnhealthy', at: at(0), message: '' } as const;

test('the same trouble has the same name', () => {
  expect(incidentName('node-a', 'uid', trigger, '')).toBe(incidentName('node-a', 'uid', trigger, ''));
  expect(incidentName('node-a', 'uid', trigger, '')).toMatch(/^node-a-[b-z2-9]{5}$/);
});

test('taken up again after the incident before it, it has another name, however many incidents were deleted', () => {
  const names = ['', 'uid-1', 'uid-2', 'uid-3'].map((last) => incidentName('node-a', 'uid', trigger, last));
  expect(new Set(names).size).toBe(4);
});

test('the name of a node with the longest name is still a name', () => {
  expect(incidentName('n'.repeat(253), 'uid', trigger, '').length).toBeLessThanOrEqual(253);
});
