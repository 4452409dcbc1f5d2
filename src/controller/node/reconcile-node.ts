/** Gather, decide, act: one node. */
import { decideNode } from '../../core/decision/node/decide-node.ts';
import type { StuckClaim } from '../../core/decision/node/node-snapshot.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { actOnNode } from './carry-out-node.ts';
import { gatherNode } from './gather-node.ts';

/** @returns when to look again, milliseconds since 1970; undefined: there is no such node any more. */
export type NodeReconciler = (name: string) => Promise<number | undefined>;

/** Remembers what it has told of each node, so that the same is not told again. */
export function createNodeReconciler(context: ActContext): NodeReconciler {
  const told = new Map<string, StuckClaim>();
  return async (name) => {
    const gathered = gatherNode(context.world, context.view, name);
    if (gathered === undefined) {
      told.delete(name);
      return undefined;
    }
    const snapshot = { ...gathered, told: told.get(name) };
    const decision = decideNode(snapshot);
    for (const command of decision.commands) {
      await actOnNode(context, snapshot, command);
      if (command.kind === 'SetStuck') told.set(name, command.claim);
    }
    return decision.nextCheckAt;
  };
}
