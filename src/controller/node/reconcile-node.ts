/** Gather, decide, act: one node. */
import { decideNode } from '../../core/decision/node/decide-node.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { actOnNode } from './carry-out-node.ts';
import { gatherNode } from './gather-node.ts';

export type NodeReconciler = (name: string, signal: AbortSignal) => Promise<number | undefined>;

/** Remembers which nodes may have early dumps, so that a healthy fleet costs no reads; after a restart, all may. */
export function createNodeReconciler(context: ActContext): NodeReconciler {
  const noEarly = new Set<string>();
  return async (name, signal) => {
    const snapshot = await gatherNode(context.world, context.view, name, !noEarly.has(name));
    if (snapshot === undefined) {
      noEarly.delete(name);
      return undefined;
    }
    const decision = decideNode(snapshot);
    for (const command of decision.commands) await actOnNode(context, snapshot, command, signal);
    const captured = decision.commands.some((command) => command.kind === 'CaptureEarlyStacks');
    const state = snapshot.health?.status.pleg?.state;
    if (captured) noEarly.delete(name);
    // While an incident is open they are kept for it.
    else if (state === 'Healthy' && !snapshot.incidents.some(isOpen)) noEarly.add(name);
    return decision.nextCheckAt;
  };
}
