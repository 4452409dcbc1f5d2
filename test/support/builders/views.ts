/** What decisions look at beside the objects: the budget's view, and whether the agent is there. */
import type { AgentContact } from '../../../src/core/decision/contact.ts';
import type { CaptureLimits } from '../../../src/core/decision/storage/capture-turn.ts';
import type { BudgetView } from '../../../src/core/decision/policy/budget-view.ts';

/** Ten nodes, one of them unhealthy, and nothing in flight. */
export function aBudgetView(part: Partial<BudgetView> = {}): BudgetView {
  return {
    incidents: [],
    clusterNodes: 12,
    ruledNodes: 10,
    unhealthyNodes: 1,
    controlPlaneNodes: new Set(),
    ageMs: 0,
    maxInCluster: 5,
    unreadable: [],
    unreadActs: [],
    ...part,
  };
}

/** Nothing is held, and a minute has room for many. */
export const CAPTURES: CaptureLimits = { perMinute: 120, heldBytes: 0, budgetBytes: 64 * 1024 * 1024 };

/** It has answered a second ago. */
export function aContact(part: Partial<AgentContact> = {}): AgentContact {
  return {
    hasReported: true,
    isHeard: true,
    quietMs: 1_000,
    answeredMs: 1_000,
    unansweredMs: undefined,
    heardForMs: 300_000,
    answeringForMs: 0,
    ...part,
  };
}

/** It was asked a minute ago. */
export const SILENT = aContact({ quietMs: 160_000, answeredMs: undefined, unansweredMs: 60_000 });
