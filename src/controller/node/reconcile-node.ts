/** Gather, decide, act: one node. */
import { decideNode } from '../../core/decision/node/decide-node.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { actOnNode } from './carry-out-node.ts';
import { gatherNode } from './gather-node.ts';

/** @returns when to look again, milliseconds since 1970; undefined: there is no such node any more. */
export async function reconcileNode(context: ActContext, name: string): Promise<number | undefined> {
  const snapshot = gatherNode(context.world, context.view, name);
  if (snapshot === undefined) return undefined;
  const decision = decideNode(snapshot);
  for (const command of decision.commands) await actOnNode(context, snapshot, command);
  return decision.nextCheckAt;
}
