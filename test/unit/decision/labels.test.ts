import { describe, expect, test } from '@jest/globals';
import { incidentLabels, labelValue } from '../../../src/core/decision/record/labels.ts';
import { anIncident } from '../../support/builders/objects.ts';
import { deadlock } from './incident-builders.ts';

/** Kubernetes: apimachinery, `validation.IsValidLabelValue`. */
const VALID = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

describe('the value of a label', () => {
  test.each(['node-1', 'ip-10-0-0-1.eu-central-1.compute.internal', 'a', 'Runtime_hung.v2', 'x'.repeat(63)])(
    'is the text itself where it may be: %s',
    (text) => {
      expect(labelValue(text)).toBe(text);
    },
  );

  test.each([
    'x'.repeat(64),
    `${'a.'.repeat(126)}b`,
    '-a',
    'a-',
    '.',
    '___',
    'a b',
    'önt/ß',
    '山田',
    '\u0000\u202e',
    'a\nkubelet-medic.io/x: y',
    '🚑'.repeat(300),
  ])('is one all the same of %j', (text) => {
    const value = labelValue(text) ?? '';
    expect(value).toMatch(VALID);
    expect(value.length).toBeLessThanOrEqual(63);
    expect(value).not.toBe('');
    // Two texts that begin alike stay two.
    expect(labelValue(`${text}!`)).not.toBe(value);
  });

  test('of nothing is none', () => {
    expect(labelValue('')).toBeUndefined();
  });
});

test('an incident has its node, and the cause once it is known', () => {
  expect(incidentLabels(anIncident())).toEqual({ 'kubelet-medic.io/node': 'node-a' });
  const cause = { 'kubelet-medic.io/node': 'node-a', 'kubelet-medic.io/cause': deadlock.cause };
  expect(incidentLabels(anIncident({ status: { diagnosis: deadlock } }))).toEqual(cause);
});
