/**
 * What may be done to a host. An action is one entry here; its name is in the API (`Action`). The controller chooses and
 * follows by these facts, the agent maps `effect` to its ports, and people read `done`.
 */
import type { Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { ActionRecord, Step } from '../../api/v1alpha1/kinds/incident.ts';
import { Action } from '../../api/v1alpha1/kinds/policy.ts';

/** How it is issued, and how one sees that it took. */
export type Effect =
  /** `systemctl restart` of the unit that runs `unit`. It took when the unit has another MainPID and InvocationID. */
  | { readonly command: 'RestartUnit'; readonly unit: 'kubelet' | 'runtime'; readonly proof: 'AnotherProcess' }
  /** `systemctl reboot`, which ends the agent too. It took when the host has another boot id. */
  | { readonly command: 'RebootHost'; readonly proof: 'AnotherBoot' };

interface ActionFacts {
  readonly effect: Effect;
  /** From the request to the agent's report, in milliseconds; after that the controller judges by how the node is. */
  readonly limitMs: number;
  /** The agent's shares of `limitMs`: for the command to return, and then for its proof. The rest is for the API. */
  readonly shares: { readonly command: number; readonly proof: number };
  /** The kubelet validates the CRI when it starts: without a runtime that answers it would crash-loop. */
  readonly needsRuntime: boolean;
  /** The field of a diagnosis that says whether it harms, whatever the runtime does now. */
  readonly verdict?: 'restartRuntime';
  /** The next rungs, in order, when it was tried and did not last. After the last one it is a person's. */
  readonly fallbacks: readonly Action[];
  /** The kubelet should be well by itself so long after it, in milliseconds; else the next rung is due. */
  readonly kubeletFollowsMs?: number;
  /** For people, of an action that is under way. */
  readonly doing: string;
  /** For people, of an action that took. */
  readonly done: string;
}

export const ACTIONS: Readonly<Record<Action, ActionFacts>> = {
  RestartKubelet: {
    effect: { command: 'RestartUnit', unit: 'kubelet', proof: 'AnotherProcess' },
    // An agent that is there reserves within a second. systemd waits for TimeoutStopSec, 90 s by default, before it kills.
    limitMs: 240_000,
    shares: { command: 5 / 8, proof: 1 / 4 },
    needsRuntime: true,
    fallbacks: ['RestartRuntime', 'RebootNode'],
    doing: 'Restarting kubelet',
    done: 'kubelet restarted',
  },
  RestartRuntime: {
    effect: { command: 'RestartUnit', unit: 'runtime', proof: 'AnotherProcess' },
    limitMs: 240_000,
    shares: { command: 5 / 8, proof: 1 / 4 },
    needsRuntime: false,
    verdict: 'restartRuntime',
    fallbacks: ['RestartKubelet', 'RebootNode'],
    // Measured: within 15 s.
    kubeletFollowsMs: 45_000,
    doing: 'Restarting runtime',
    done: 'runtime restarted',
  },
  RebootNode: {
    effect: { command: 'RebootHost', proof: 'AnotherBoot' },
    // The agent that comes up after it reports: the host stops, its firmware tests the memory, and its kubelet starts.
    limitMs: 1_200_000,
    shares: { command: 1 / 8, proof: 1 / 4 },
    needsRuntime: false,
    fallbacks: [],
    doing: 'Rebooting node',
    done: 'node rebooted',
  },
};

/** How long the command may take to return, and how long the agent then waits for the proof, in milliseconds. */
export function agentLimitsOf(action: Action): { readonly commandMs: number; readonly proofMs: number } {
  const { limitMs, shares } = ACTIONS[action];
  return { commandMs: limitMs * shares.command, proofMs: limitMs * shares.proof };
}

/** How long a command may take to return, in milliseconds, whichever action it is of. */
export function commandLimitMs(command: Effect['command']): number {
  const actions = Action.options.filter((action) => ACTIONS[action].effect.command === command);
  return Math.max(...actions.map((action) => agentLimitsOf(action).commandMs));
}

/** Nobody, or nobody in time, answers at the CRI. */
export function isRuntimeDeaf(probe: ProbeState): boolean {
  return probe === 'Timeout' || probe === 'Unavailable';
}

/** Whether the action must not be taken while the probe says so. */
export function needsWhatIsMissing(action: Action, probe: ProbeState): boolean {
  return ACTIONS[action].needsRuntime && isRuntimeDeaf(probe);
}

/**
 * Whether the diagnosis says that the action makes it worse. Where a hung runtime and a dead connection could not be told
 * apart, it may: a kubelet that starts beside a hung runtime does not come up.
 */
export function isHarmful(action: Action, diagnosis: Diagnosis): boolean {
  const { verdict } = ACTIONS[action];
  if (verdict === undefined) return false;
  const isUndecided =
    action === 'RestartKubelet' && diagnosis.class === 'RuntimeHung' && diagnosis[verdict] === 'Unknown';
  return isUndecided || diagnosis[verdict] === 'Harms';
}

/** A step that asks for an action. */
export type ActStep = Step & { readonly action: Action };

export function isActStep(step: Step): step is ActStep {
  return step.type === 'Act' && step.action !== undefined;
}

/** The agent's record of something that was done to the host; its other records are of captures. */
export type ActRecord = ActionRecord & { readonly action: Action };

export function isAct(record: ActionRecord): record is ActRecord {
  return Action.options.some((action) => action === record.action);
}
