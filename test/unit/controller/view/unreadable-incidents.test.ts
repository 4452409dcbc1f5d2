import { expect, test } from '@jest/globals';
import { unreadableOf } from '../../../../src/controller/view/unreadable-incidents.ts';
import type { Malformed } from '../../../../src/ports/cluster.ts';
import { at, T0 } from '../../../support/builders/objects.ts';

const malformed = (name: string, raw: unknown): Malformed => ({ name, raw, message: 'invalid' });
const spec = { nodeName: 'node-a', trigger: { type: 'TriggerOfALaterRelease' } };
const complete = { type: 'Complete', status: 'True', reason: 'OutcomeOfALaterRelease' };
const act = { name: 'act-1', type: 'Act', action: 'ActionOfALaterRelease', startedAt: at(0) };
const over = (...steps: unknown[]): object => ({ spec, status: { conditions: [complete], steps } });

test.each<[string, unknown]>([
  ['one without a status', { spec }],
  ['one without conditions', { spec, status: {} }],
  ['one that is not over', { spec, status: { conditions: [{ ...complete, status: 'False' }] } }],
  ['one that says nothing of its end', { spec, status: { conditions: [{ ...complete, type: 'Ready' }] } }],
  ['one whose end has no status', { spec, status: { conditions: [{ type: 'Complete' }] } }],
  ['one of which nobody knows the node', { spec: {}, status: { conditions: [complete] } }],
  ['one whose steps are of another form', over({ type: 'Act' })],
  ['what is no object', 'x'],
])('may be in flight: %s', (_name, raw) => {
  expect(unreadableOf([malformed('x', raw)])).toEqual({ mayBeOpen: ['x'], acts: [] });
});

test.each<[string, unknown, readonly number[]]>([
  ['nothing', { spec, status: { conditions: [{ type: 'Other' }, complete] } }, []],
  ['what it asked for, and when', over(act, { ...act, type: 'Verify' }), [T0]],
  ['something at a time that cannot be read', over({ ...act, startedAt: 'soon' }), [Number.POSITIVE_INFINITY]],
])('is over, and did: %s', (_name, raw, times) => {
  expect(unreadableOf([malformed('x', raw)])).toEqual({ mayBeOpen: [], acts: [{ nodeName: 'node-a', times }] });
});

test('all of them are looked at', () => {
  const { mayBeOpen, acts } = unreadableOf([malformed('a', {}), malformed('b', over(act)), malformed('c', {})]);
  expect([mayBeOpen, acts.length]).toEqual([['a', 'c'], 1]);
});
