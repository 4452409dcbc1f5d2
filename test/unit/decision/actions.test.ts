import { describe, expect, test } from '@jest/globals';
import { Action } from '../../../src/api/v1alpha1/policy.ts';
import { ACTIONS, agentLimitsOf } from '../../../src/core/decision/actions.ts';

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
});
