/** Gather, decide, act: one node. */
import { decideNode } from '../../core/decision/node/decide-node.ts';
import { wellness } from '../../core/decision/incident/wellness.ts';
import type { NodeSnapshot, StuckClaim } from '../../core/decision/node/node-snapshot.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { actOnNode } from './carry-out-node.ts';
import { gatherNode } from './gather-node.ts';

/** @returns when to look again, milliseconds since 1970; undefined: there is no such node any more. */
export type NodeReconciler = (name: string) => Promise<number | undefined>;

/** Remembers what it has told of each node, so that the same is not told again. */
export function createNodeReconciler(context: ActContext): NodeReconciler {
  const { clock } = context.world;
  const told = new Map<string, StuckClaim>();
  /** Since when a node has been well, on the monotonic clock. */
  const wellSince = new Map<string, number>();

  function wellMs(name: string, gathered: Pick<NodeSnapshot, 'node' | 'health' | 'contact'>): number | undefined {
    if (wellness(gathered) !== 'Well') {
      wellSince.delete(name);
      return undefined;
    }
    const since = wellSince.get(name) ?? clock.monotonic();
    wellSince.set(name, since);
    return clock.monotonic() - since;
  }

  return async (name) => {
    const gathered = gatherNode(context, name);
    if (gathered === undefined) {
      told.delete(name);
      wellSince.delete(name);
      return undefined;
    }
    const snapshot = { ...gathered, wellMs: wellMs(name, gathered), told: told.get(name) };
    const decision = decideNode(snapshot);
    for (const command of decision.commands) {
      await actOnNode(context, snapshot, command);
      if (command.kind === 'SetStuck') told.set(name, command.claim);
    }
    return decision.nextCheckAt;
  };
}
