/** Our programs as processes: told to end they finish what they have begun; killed, nothing of theirs arrives any more. */
import { CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { startAgent, type Agent } from '../../src/agent/agent.ts';
import type { World as AgentWorld } from '../../src/agent/world.ts';
import { runController } from '../../src/controller/controller.ts';
import type { World } from '../../src/controller/world.ts';
import { runAsLeader } from '../../src/runtime/leader-election.ts';
import { mortal } from './mortal.ts';
import { termUntil } from './term.ts';

export interface Process {
  stop(): void;
  kill(): void;
  readonly isDead: () => boolean;
  /** Ends with the program; rejects with what ended it, where nobody has told it to end. */
  readonly done: Promise<void>;
}

export const LEADER_LEASE = { name: 'kubelet-medic-controller', namespace: 'kubelet-medic' };

function start(program: (isDead: () => boolean, signal: AbortSignal) => Promise<void>): Process {
  const told = new AbortController();
  const death = new AbortController();
  const isDead = (): boolean => death.signal.aborted;
  const done = program(isDead, told.signal).catch((error: unknown) => {
    if (!told.signal.aborted) throw error;
  });
  return {
    done,
    isDead,
    stop(): void {
      told.abort(new Error('stopped'));
    },
    kill(): void {
      death.abort(new Error('killed'));
      told.abort(new Error('killed'));
    },
  };
}

function mortalWorld(world: World, isDead: () => boolean): World {
  const { notifications, ...rest } = world;
  const cluster = mortal(world.cluster, isDead, () => undefined);
  if (notifications === undefined) return { ...rest, cluster };
  const { post, secret } = mortal({ post: notifications.post, secret: notifications.secret }, isDead, () => undefined);
  return { ...rest, cluster, notifications: { ...notifications, post, secret } };
}

export function startControllerProcess(world: World): Process {
  return start(async (isDead, signal) => {
    await runController(mortalWorld(world, isDead), termUntil(signal));
  });
}

/** It leads first, as the program does; it ends when it has lost its lease. */
export function startElectedController(outside: World, identity: string): Process {
  const process = start(async (isDead, signal) => {
    const world = mortalWorld(outside, isDead);
    const { cluster, clock, random, log } = world;
    const settings = { cluster, clock, random, log, lease: LEADER_LEASE, identity, manager: CONTROLLER_MANAGER };
    await runAsLeader({ ...settings, signal }, (term) => runController(world, term));
  });
  return {
    ...process,
    done: process.done.finally(() => {
      process.kill();
    }),
  };
}

export interface AgentProcess extends Process {
  readonly agent: Agent;
}

/** @param onCall at each call of a live one to its host or the cluster, before it is made. */
export function startAgentProcess(world: AgentWorld, onCall: () => void = () => undefined): AgentProcess {
  let agent: Agent | undefined;
  const process = start((isDead, signal) => {
    const onLiveCall = (): void => {
      if (!isDead()) onCall();
    };
    const cluster = mortal(world.cluster, isDead, onLiveCall);
    agent = startAgent({ ...world, cluster, host: mortal(world.host, isDead, onLiveCall) }, signal);
    return agent.done;
  });
  if (agent === undefined) throw new Error('unreachable: it has started');
  return { ...process, agent };
}
