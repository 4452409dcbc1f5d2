/** examples/argocd/health.lua in the Lua that Argo CD runs. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Outcome, OUTCOMES } from '../../src/core/decision/record/outcomes.ts';
import { withEnd } from '../../src/core/decision/record/progress.ts';
import { T0 } from '../support/builders/objects.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const lua = execFileSync(path('test/lab/lua.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** A value as a Lua literal. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, child]) => `[${JSON.stringify(key)}] = ${literal(child)}`)
    .join(', ')}}`;
}

/** `STATUS: message`, as the script says it of an object. */
function healthOf(object: object): string {
  const script = `obj = ${literal(object)}
    local health = dofile(${JSON.stringify(path('examples/argocd/health.lua'))})
    print(health.status .. ": " .. health.message)`;
  return execFileSync(lua, ['-e', script], { encoding: 'utf8' }).trim();
}

function policy(ready: string, change: object = {}, budget = 'Available'): object {
  const conditions = [
    { type: 'BudgetAvailable', status: budget === 'Available' ? 'True' : 'False', reason: budget, message: 'budget' },
    { type: 'Ready', status: ready, message: 'ready' },
  ];
  const status = { observedGeneration: 2, conditions, wouldDo: 'Restart' };
  return { kind: 'KubeletRecoveryPolicy', metadata: { generation: 2 }, spec: {}, status, ...change };
}

describe('a policy', () => {
  test.each([
    ['Healthy: Restart', policy('True')],
    ['Healthy: Restart', policy('True', {}, 'InUse')],
    ['Degraded: ready', policy('False')],
    ['Degraded: budget', policy('True', {}, 'TooManyUnhealthy')],
    ['Suspended: paused: nothing is restarted', policy('True', { spec: { paused: true } }, 'Paused')],
    ['Progressing: the controller has not read it', policy('True', { metadata: { generation: 3 } })],
    ['Progressing: the controller has not read it', { kind: 'KubeletRecoveryPolicy', metadata: { generation: 1 } }],
    ['Progressing: the controller has not read it', policy('True', { status: { observedGeneration: -1 } })],
  ])('is %s', (health, object) => {
    expect(healthOf(object)).toBe(health);
  });
});

describe('an incident', () => {
  test.each([
    ['Progressing:', { kind: 'KubeletIncident', metadata: {} }],
    ['Progressing: verifying', { kind: 'KubeletIncident', metadata: {}, status: { state: 'verifying' } }],
  ])('that is open is %s', (health, object) => {
    expect(healthOf(object)).toBe(health);
  });

  test.each(Object.entries(OUTCOMES))('with the outcome %s is as good as it is', (outcome, { isGood }) => {
    const status = withEnd({}, { outcome: outcome as Outcome, message: 'why' }, T0);
    const object = { kind: 'KubeletIncident', metadata: {}, status };
    expect(healthOf(object)).toBe(`${isGood ? 'Healthy' : 'Degraded'}: ${outcome}: why`);
  });

  test('that is over, and does not say how it went, is not taken for good', () => {
    expect(healthOf({ kind: 'KubeletIncident', metadata: {}, status: { outcome: 'New' } })).toBe('Degraded: New');
  });
});
