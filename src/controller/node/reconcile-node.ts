/** Gather, decide, act: one node. */
import { decideNode } from '../../core/decision/node/decide-node.ts';
import { wellness } from '../../core/decision/incident/wellness.ts';
import { needOf } from '../../core/decision/node/agent-need.ts';
import { isFresh } from '../../core/decision/contact.ts';
import type { NodeDecision, NodeSnapshot, StuckClaim } from '../../core/decision/node/node-snapshot.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { actOnNode } from './carry-out-node.ts';
import { createAskPace } from './ask-pace.ts';
import { type Gathered, gatherNode } from './gather-node.ts';

/** @returns when to look again, milliseconds since 1970; undefined: there is no such node any more. */
export type NodeReconciler = (name: string) => Promise<number | undefined>;

/** Between two questions, in milliseconds: of nodes that are well nobody waits for the answer. */
const EVERY_MS = { ofRest: 200, ofTrouble: 50 };

/** Remembers what it has told of each node, so that the same is not told again. */
export function createNodeReconciler(context: ActContext): NodeReconciler {
  const { clock } = context.world;
  const told = new Map<string, StuckClaim>();
  /** Since when a node has been well, on the monotonic clock. */
  const wellSince = new Map<string, number>();
  const paces = {
    ofRest: createAskPace(clock, EVERY_MS.ofRest),
    ofTrouble: createAskPace(clock, EVERY_MS.ofTrouble),
  };

  function wellMs(name: string, gathered: Pick<NodeSnapshot, 'node' | 'health' | 'contact'>): number | undefined {
    if (wellness(gathered) !== 'Well') {
      wellSince.delete(name);
      return undefined;
    }
    const since = wellSince.get(name) ?? clock.monotonic();
    wellSince.set(name, since);
    return clock.monotonic() - since;
  }

  /** Read from the moment at which its silence may matter, so that it is known for long enough when it does. */
  async function kubeletLease(gathered: Gathered): Promise<NodeSnapshot['kubeletLease']> {
    const isNeeded = needOf(gathered) === 'steadily' && isFresh(gathered.contact);
    return isNeeded ? await context.kubeletLeases.look(gathered.node.metadata.name) : undefined;
  }

  /** @returns in how many milliseconds it is asked; 0: it was. */
  async function ask(snapshot: NodeSnapshot, { need }: NodeDecision): Promise<number> {
    const pace = need === 'ever' ? paces.ofRest : paces.ofTrouble;
    const turnMs = pace.turnMs(snapshot.node.metadata.name);
    if (turnMs > 0) return turnMs;
    try {
      await actOnNode(context, snapshot, { kind: 'AskAgent' });
    } catch (error) {
      if (isMedicError(error, 'throttled')) for (const each of Object.values(paces)) each.hold(error.retryAfterMs ?? 0);
      throw error;
    }
    return 0;
  }

  function forget(name: string): void {
    told.delete(name);
    wellSince.delete(name);
    for (const pace of Object.values(paces)) pace.forget(name);
  }

  return async (name) => {
    const gathered = gatherNode(context, name);
    if (gathered === undefined) {
      forget(name);
      return undefined;
    }
    const snapshot: NodeSnapshot = {
      ...gathered,
      wellMs: wellMs(name, gathered),
      told: told.get(name),
      kubeletLease: await kubeletLease(gathered),
    };
    const decision = decideNode(snapshot);
    let turnMs = 0;
    for (const command of decision.commands) {
      if (command.kind === 'AskAgent') turnMs = await ask(snapshot, decision);
      else await actOnNode(context, snapshot, command);
      if (command.kind === 'SetStuck') told.set(name, command.claim);
    }
    return turnMs > 0 ? Math.min(decision.nextCheckAt, clock.now() + turnMs) : decision.nextCheckAt;
  };
}
