import { describe, expect, test } from '@jest/globals';
import { Action } from '../../../src/api/v1alpha1/kinds/policy.ts';
import {
  ACTIONS,
  agentLimitsOf,
  commandLimitMs,
  isActStep,
  needsWhatIsMissing,
} from '../../../src/core/decision/actions.ts';
import { at } from '../../support/builders/objects.ts';

const SYSTEMD_TIMEOUT_STOP_MS = 90_000;
/** For the reservation and the report, which the API server may delay. */
const API_MS = 30_000;

describe('an action', () => {
  test.each(Action.options)('%s: the agent is done before the controller judges without it', (action) => {
    const { commandMs, proofMs } = agentLimitsOf(action);
    expect(commandMs).toBeGreaterThan(SYSTEMD_TIMEOUT_STOP_MS);
    expect(commandMs + proofMs + API_MS).toBeLessThanOrEqual(ACTIONS[action].limitMs);
  });

  test.each(Action.options)('%s: no rung of the ladder comes twice', (action) => {
    const rungs = [action, ...ACTIONS[action].fallbacks];
    expect(new Set(rungs).size).toBe(rungs.length);
  });

  test('a host has 5 minutes to go down, and 15 more to come up', () => {
    expect(agentLimitsOf('RebootNode').proofMs).toBe(300_000);
    expect(ACTIONS.RebootNode.limitMs).toBe(1_200_000);
  });

  test.each([
    ['RestartKubelet', 'RestartUnit', 'AnotherProcess', ['RestartRuntime', 'RebootNode']],
    ['RestartRuntime', 'RestartUnit', 'AnotherProcess', ['RestartKubelet', 'RebootNode']],
    ['RebootNode', 'RebootHost', 'AnotherBoot', []],
  ] as const)('%s is done by %s, shown by %s, and followed by %j', (action, command, proof, fallbacks) => {
    expect(ACTIONS[action]).toMatchObject({ effect: { command, proof }, fallbacks });
  });

  test('a command may take as long as the longest of its actions', () => {
    expect([commandLimitMs('RestartUnit'), commandLimitMs('RebootHost')]).toEqual([150_000, 150_000]);
  });

  test.each([
    ['RestartKubelet', 'Timeout', true],
    ['RestartKubelet', 'Unavailable', true],
    ['RestartKubelet', 'Error', false],
    ['RestartKubelet', 'Answered', false],
    ['RestartRuntime', 'Timeout', false],
    ['RebootNode', 'Timeout', false],
  ] as const)('%s while the probe says %s: lacks something %s', (action, probe, expected) => {
    expect(needsWhatIsMissing(action, probe)).toBe(expected);
  });

  test('is asked for by a step of its type that names it', () => {
    const step = { name: 'act-1', state: 'Requested', startedAt: at(0) } as const;
    expect(isActStep({ ...step, type: 'Act', action: 'RestartKubelet' })).toBe(true);
    expect(isActStep({ ...step, type: 'Act' })).toBe(false);
    expect(isActStep({ ...step, type: 'Verify', action: 'RestartKubelet' })).toBe(false);
  });
});
