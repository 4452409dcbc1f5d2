import { beforeEach, expect, test } from '@jest/globals';
import { NODES, POLICIES } from '../../../src/api/resources.ts';
import { createPolicyReconciler, type PolicyReconciler } from '../../../src/controller/policy/reconcile-policy.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aNode } from '../../support/builders/objects.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';

let parts: ControllerParts;
let look: PolicyReconciler;
const matched = (): number | undefined => parts.local.read(POLICIES, 'default')?.status.matchedNodes;

async function addNode(name: string): Promise<void> {
  const { spec, status } = aNode({ name });
  parts.local.seeds.seed(NODES, { metadata: { name }, spec, status });
  await parts.clock.settle();
}

beforeEach(async () => {
  parts = await createControllerContext();
  look = createPolicyReconciler(parts.context.world, parts.context.view);
});

test('the status of a policy is written at once, and then at most once in ten seconds, however much changes', async () => {
  await addNode('node-a');
  const { clock } = parts;
  expect(await look('default')).toBe(clock.now() + 30_000);
  await clock.settle();
  expect(matched()).toBe(1);
  await clock.advance(4_000);
  await addNode('node-b');
  expect(await look('default')).toBe(clock.now() + 6_000);
  await clock.settle();
  expect(matched()).toBe(1);
  await clock.advance(6_000);
  await look('default');
  await clock.settle();
  expect(matched()).toBe(2);
});

test('that the breaker is open, or closed again, is told within a second', async () => {
  const { clock } = parts;
  await look('default');
  const reason = (): string | undefined =>
    findCondition(parts.local.read(POLICIES, 'default')?.status.conditions, 'BudgetAvailable')?.reason;
  for (const name of ['node-a', 'node-b', 'node-c']) await parts.stuckNode(name);
  await clock.advance(500);
  expect(await look('default')).toBe(clock.now() + 500);
  await clock.advance(500);
  await look('default');
  await clock.settle();
  expect(reason()).toBe('TooManyUnhealthy');
});

test('a policy that is gone is not looked at again', async () => {
  parts.local.seeds.remove(POLICIES, { name: 'default' });
  await parts.clock.settle();
  expect(await look('default')).toBeUndefined();
});
